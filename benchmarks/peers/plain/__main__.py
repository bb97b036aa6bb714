"""Serves the schema on a free port, and prints where."""

import os

import orjson
import strawberry
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers.plain import ids
from benchmarks.peers.plain.loaders import Context, Loaders
from benchmarks.peers.plain.orders import Cursor, Mutation, Query
from benchmarks.peers.serving import serve
from models import Person

engine = create_async_engine(
    os.environ["DATABASE_URL"],
    pool_size=20,
    max_overflow=0,
    connect_args={"prepared_statement_cache_size": 500},  # `IN` is another statement for each size
)
sessions = async_sessionmaker(engine, expire_on_commit=False)
key = OctKey.import_key(os.environ["CALLSHEET_SECRET"])
claims = jwt.JWTClaimsRegistry(exp={"essential": True}, aud={"essential": True})


class App(GraphQL[Context, None]):
    """The ASGI application."""

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """Who asks, and fresh loaders."""
        del response
        token = jwt.decode(request.headers["authorization"].removeprefix("Bearer "), key)
        claims.validate(token.claims)
        organization_id = ids.decode(token.claims["org"])
        person_id = ids.decode(token.claims["sub"])
        async with sessions() as session:
            wanted = select(Person).where(
                Person.organization_id == organization_id, Person.id == person_id
            )
            viewer = (await session.scalars(wanted)).one()
        return Context(viewer, sessions, Loaders(sessions, viewer.organization_id))

    def encode_json(self, data: object) -> bytes:
        """An answer in JSON."""
        return orjson.dumps(data)


def main() -> None:
    """Serve."""
    cursor = strawberry.scalar(name="Cursor", serialize=str, parse_value=str)
    schema = strawberry.Schema(
        Query,
        Mutation,
        config=StrawberryConfig(scalar_map={Cursor: cursor}),
        extensions=[ParserCache, ValidationCache],
    )
    serve(App(schema, graphql_ide=None))


if __name__ == "__main__":
    main()
