"""Many people who follow orders: each may have only so many connections."""

import asyncio
from datetime import timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.stage import SECRET, Stage
from core.tokens import Tokens
from core.viewer import Scope
from models import Organization, Permission, Person, new_id

_COUNT = 50


def tokens(stage: Stage) -> list[str]:
    """Those of new people of the agency's staff."""
    people = asyncio.run(_hired(stage))
    issuer = Tokens(SECRET)
    return [issuer.issue(each, frozenset(Scope), timedelta(days=1)) for each in people]


async def _hired(stage: Stage) -> list[Person]:
    engine = create_async_engine(stage.postgres.owner_url)
    async with engine.begin() as connection:
        agency = (await connection.scalars(select(Organization.id))).one()
        rows = [
            {
                "organization_id": agency,
                "id": new_id(),
                "name": f"Listener {i}",
                "email": f"listener{i}@example.com",
                "permission": Permission.STAFF,
                "job_roles": [],
            }
            for i in range(_COUNT)
        ]
        await connection.execute(insert(Person), rows)
    await engine.dispose()
    return [Person(**row) for row in rows]
