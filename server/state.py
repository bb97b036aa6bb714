"""What the transports of one process share."""

from dataclasses import dataclass

from pydantic import SecretStr

from core.context import Context, Hub
from core.database import Database
from schema import Schema
from server.documents import Documents
from server.health import Readiness
from server.operations import Operation
from server.telemetry.metrics import Metrics
from server.telemetry.observer import Observer
from server.telemetry.watch import note_operation, note_viewer
from server.tokens import Tokens


@dataclass(frozen=True)
class State:
    """The parts of a running process."""

    schema: Schema
    database: Database
    hub: Hub
    tokens: Tokens
    documents: Documents
    observer: Observer
    metrics: Metrics
    metrics_token: SecretStr | None
    readiness: Readiness

    async def context(self, token: str | None) -> Context:
        """The context of an operation by who holds the token; `Unauthenticated` if nobody does."""
        viewer = await self.tokens.viewer(token, self.database)
        note_viewer(viewer)
        return Context(viewer, self.database, self.hub)

    async def operation(self, payload: object, context: Context) -> Operation:
        """The operation that a client has sent, or named."""
        found = await Operation.find(payload, self.documents, context.viewer.organization_id)
        note_operation(found)
        return found
