"""What the transports of one process share."""

from dataclasses import dataclass

from core.context import Context, Hub
from core.database import Database
from schema import Schema
from server.documents import Documents
from server.operations import Operation
from server.tokens import Tokens


@dataclass(frozen=True)
class State:
    """The parts of a running process."""

    schema: Schema
    database: Database
    hub: Hub
    tokens: Tokens
    documents: Documents

    async def context(self, token: str | None) -> Context:
        """The context of an operation by who holds the token; `Unauthenticated` if nobody does."""
        return Context(await self.tokens.viewer(token, self.database), self.database, self.hub)

    async def operation(self, payload: object, context: Context) -> Operation:
        """The operation that a client has sent, or named."""
        return await Operation.find(payload, self.documents, context.viewer.organization_id)
