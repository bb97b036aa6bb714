"""What the transports of one process share."""

from dataclasses import dataclass, field

from graphql import GraphQLError
from pydantic import SecretStr

from core import may
from core.addresses import network
from core.budgets import Budget, Budgets, Payer
from core.context import Context, Hub
from core.database import Database
from core.errors import Unauthenticated
from core.may import Standing
from core.quotas import Quota
from core.tokens import Tokens
from core.visitor import Visitor
from engine.tracing import Trace
from schema import Schema
from server import turns
from server.bills import Bill
from server.callers import Caller, Callers
from server.documents import Documents
from server.event_streams import Streams
from server.health import Readiness
from server.operations import Operation
from server.telemetry.metrics import Metrics
from server.telemetry.observer import Observer
from server.telemetry.watch import note_operation, note_viewer
from server.turns import Turns

STREAMS_LIMIT = 50  # by HTTP, of a person, in a process
SOCKETS_LIMIT = 50  # the same of WebSockets
_CLIENT_LENGTH = 200


@dataclass(frozen=True)
class State:
    """The parts of a running process."""

    schema: Schema
    database: Database
    hub: Hub
    budgets: Budgets
    tokens: Tokens
    callers: Callers
    documents: Documents
    observer: Observer
    metrics: Metrics
    metrics_token: SecretStr | None
    readiness: Readiness
    telling: Streams = field(default_factory=Streams)
    """The streams by HTTP, which are to end with the process."""
    streams: Quota = field(default_factory=lambda: Quota(STREAMS_LIMIT, "streams by HTTP"))
    """The subscriptions that people follow by HTTP."""
    sockets: Quota = field(default_factory=lambda: Quota(SOCKETS_LIMIT, "WebSockets"))
    """The WebSockets that people have."""
    turns: Turns = field(default_factory=Turns)
    """Whose documents are looked at."""

    def context(self, caller: Caller) -> Context:
        """The context of an operation by who holds a token."""
        note_viewer(caller.viewer)
        return Context(caller.viewer, self.database, self.hub)

    def budget(self, caller: Caller) -> Budget:
        """The budget that such an operation is charged to."""
        if caller.key_id:
            return self.budgets.of(Payer.KEY, caller.key_id)
        return self.budgets.of(Payer.PERSON, caller.viewer.id)

    def address_budget(self, address: str) -> Budget:
        """The budget of those there who have no token that is good."""
        return self.budgets.of(Payer.ADDRESS, network(address))

    def visitor(self, address: str, client: str) -> Visitor:
        """The context of an operation by which somebody says who they are."""
        shown = "".join(each for each in client if each.isprintable())[:_CLIENT_LENGTH]
        return Visitor(address, shown, self.database, self.hub, self.tokens)

    async def operation(self, payload: object, context: Context | Visitor, bill: Bill) -> Operation:
        """The operation that a client has sent, or named, and is charged for; traced if wanted.

        `Unauthenticated` if somebody without a token asks for more than to be let in.
        """
        viewer = context.viewer if isinstance(context, Context) else None
        async with self.turns.one(bill.payer) as turn:
            try:
                found = await Operation.find(payload, self.documents, viewer)
            except GraphQLError:
                bill.refuse()
                raise
            if not viewer and not found.is_for_visitors:
                raise Unauthenticated("A token is needed: `Authorization: Bearer …`.")
            if found.is_followed:
                turn.least_s = turns.FOLLOWED_S
            note_operation(found)
            bill.charge(self.schema, found)
        if isinstance(context, Context):
            context.is_much = bill.is_much
        if found.explain:
            _trace(context)
        return found


def _trace(context: Context | Visitor) -> None:
    """Note how an operation is executed, if its viewer may know that."""
    if isinstance(context, Visitor):
        raise Unauthenticated("Sign in to see how an operation is executed.")
    may.require(Standing(context.viewer), may.explain)
    context.trace = Trace()
