"""What runs while faults happen: an agency at work over some servers, and its clients."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
from factories import Agency, typed
from fault_servers import Served
from followers import TRANSPORTS, Follower
from network import Network
from processes import http_client, token
from sqlalchemy import select
from told import Divergence, Listener

from core import ids
from core.records import select_records
from models import Audience, Kind, LogEntry, Message, Order, Person, new_id
from server.embedded import Postgres, Valkey

LOG = "subscription ($after: Cursor) { log(after: $after) { type cursor } }"
FEED = """subscription ($id: ID!, $after: Cursor) { orderFeed(orderId: $id, after: $after) {
  type cursor entry { ... on Message { id } ... on Activity { id actor { id } } }
} }"""
MENTIONS = """subscription ($after: Cursor) { mentions(after: $after) {
  type cursor entry: mention { message { id } }
} }"""
ACTIVITY = """subscription ($after: Cursor) { activity(after: $after) {
  type cursor entry: activity { id }
} }"""
POST = """mutation ($order: ID!, $text: String!, $key: String!) {
  postMessage(input: {orderId: $order, text: $text, idempotencyKey: $key}) { cursor }
}"""
STATUS = """mutation ($order: ID!, $status: OrderStatus!, $key: String!) {
  setOrderStatus(input: {id: $order, status: $status, idempotencyKey: $key}) { cursor }
}"""
FAILURES = {"INTERNAL", "UNAVAILABLE"}
"""The codes of what may succeed when it is tried again."""
LONG, SHORT = 9_000, 20  # what is written, in characters


@dataclass(eq=False)
class World:
    """Everything that runs."""

    postgres: Postgres
    valkey: Valkey
    dice: random.Random
    agency: Agency
    orders: list[str]
    servers: list[Served]
    pace_s: float
    lifetime_s: float
    """How long tokens are good, at most."""
    group: asyncio.TaskGroup
    followers: list[Follower] = field(default_factory=list)
    following: list[asyncio.Task[None]] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)
    posted: list[str] = field(default_factory=list)
    written: int = 0
    guests: int = 0
    """How many have joined the teams of all orders."""
    _tried: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _is_over: bool = False

    @property
    def ways(self) -> list[Network]:
        """How the servers are reached."""
        return [each.way for each in self.servers]

    def follow(
        self, person: Person, document: str, after: str, may_know: Callable[[LogEntry], bool]
    ) -> list[Follower]:
        """A client of a person for each transport, which begins to follow."""
        given = {"id": self.orders[0]} if document is FEED else {}
        made = []
        for name, transport in TRANSPORTS.items():
            listener = Listener(person, document, given, after, may_know)
            own = random.Random(self.dice.random())  # noqa: S311 - chance for a test
            made.append(
                Follower(
                    f"{person.name} by {name}",
                    listener,
                    transport,
                    self.ways,
                    own,
                    self.lifetime_s,
                    self.ends,
                )
            )
        self.followers += made
        self.following += [self.group.create_task(each.follow()) for each in made]
        return made

    async def write(self) -> None:
        """Write one thing after the other, each again and again until it is answered."""
        async with http_client(timeout=2) as client:
            while not self._is_over:
                given = self._something()
                while not await self._is_done(client, given):
                    pass
                self.written += 1
                self._more.set()
                await asyncio.sleep(self.pace_s)

    def _something(self) -> dict[str, Any]:
        self._tried += 1
        key, order = str(self._tried), self.dice.choice(self.orders)
        if self.dice.randrange(4) == 0:
            status = self.dice.choice(("PENDING", "IN_PROGRESS", "COMPLETED"))
            return {"query": STATUS, "variables": {"order": order, "status": status, "key": key}}
        length = LONG if self.dice.randrange(8) == 0 else SHORT
        text = f"{key} {'@Mia Manager ' * (self.dice.randrange(5) == 0)}".ljust(length, ".")
        self.posted.append(text)
        return {"query": POST, "variables": {"order": order, "text": text, "key": key}}

    async def _is_done(self, client: httpx2.AsyncClient, given: dict[str, Any]) -> bool:
        headers = {"Authorization": f"Bearer {token(self.agency.staff)}"}
        url = f"http://{self.dice.choice(self.ways).address}/graphql"
        try:
            answer = (await client.post(url, json=given, headers=headers)).json()
        except (httpx2.HTTPError, OSError):
            answer = {"errors": []}
        if "errors" not in answer:
            return True
        codes = {each["extensions"]["code"] for each in answer["errors"]}
        assert codes <= FAILURES, answer
        await asyncio.sleep(0.05)  # as clients do
        return False

    async def see(self, count: int, patience_s: float = 5) -> None:
        """Go on until so much more is written, or nothing can be for so long."""
        wanted = self.written + count
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self.written < wanted:
                    self._more.clear()
                    await self._more.wait()

    def stop_writing(self) -> None:
        """Write nothing new."""
        self._is_over = True

    async def surely(self, name: str, **given: Any) -> str:
        """Do something, again if need be; the place in the log after it."""
        given["idempotencyKey"] = str(uuid4())
        while (answer := await self.agency.do(self.agency.admin, name, **given)).errors:
            assert answer.error["code"] in FAILURES, answer
        cursor: str = answer[name]["cursor"]
        return cursor

    async def renew(self) -> None:
        """Have another order instead of the second."""
        order, place = (
            ids.encode(Order, new_id()),
            {"street": "2 Elm Street", "city": "Springfield"},
        )
        given = {"customerId": typed(self.agency.customer), "property": {**place, "country": "US"}}
        await self.surely("createOrder", id=order, **given)
        self.orders[1] = order

    async def check(self) -> None:
        """Everybody was told what is in the log, and everything was written once."""
        context = self.agency.context(self.agency.admin)
        mine = LogEntry.organization_id == self.agency.organization.id
        entries = await context.now(select_records(LogEntry).where(mine).order_by(LogEntry.seq))
        if [each.seq for each in entries] != list(range(1, len(entries) + 1)):
            raise Divergence("the log has gaps")
        for each in self.followers:
            each.check(entries)
            if not each.listener.loss and each.listener.reached < len(entries):
                raise Divergence(f"{each.name} knows the log up to {each.listener.reached} only")
        own = Message.organization_id == self.agency.organization.id
        stored = Counter(await context.now(select(Message.text).where(own)))
        for text in self.posted:
            if stored[text] != 1:
                raise Divergence(f"message {text[:20]!r} is stored {stored[text]} times")


def personal(person: Person) -> Callable[[LogEntry], bool]:
    """Which entries tell a person of being mentioned."""
    return lambda e: e.kind is Kind.PERSON_MENTIONED and e.recipient_id == person.id


def of_customer(entry: LogEntry) -> bool:
    """Whether customers may know an entry about their order."""
    return entry.audience is Audience.CUSTOMER


def kinds(names: Collection[Kind]) -> Callable[[LogEntry], bool]:
    """Which entries are of these kinds."""
    return lambda e: e.kind in names
