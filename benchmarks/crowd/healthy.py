"""The healthy clients: dashboards, phones and integrations, which think between their requests."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from benchmarks.crowd import script
from benchmarks.crowd.script import END, Order

_OPERATIONS = Path(__file__).parent.parent / "operations"
BOARD, PAGE = ((_OPERATIONS / f"{name}.graphql").read_text() for name in ("board", "order"))
LIST = "{ orders(first: 100) { edges { node { id number name status dueAt } } } }"
MOVE = """mutation ($input: SetOrderStatusInput!) {
  setOrderStatus(input: $input) { order { id status version } cursor } }"""
POST = """mutation ($input: PostMessageInput!) {
  postMessage(input: $input) { message { id text author { name } } cursor } }"""
READ = "mutation ($input: MarkReadInput!) { markRead(input: $input) { cursor } }"
LOG = """query ($after: Cursor) {
  cursor log(after: $after, first: 100) { edges { node { id kind at subjectId } } } }"""
ACTIVITY = "subscription { activity { type cursor activity { summary actor { name } } } }"
FEED = """subscription ($id: ID!) { orderFeed(orderId: $id) {
  type cursor entry { ... on Message { id text } ... on Activity { summary } } } }"""
_PEOPLE_S, _PROGRAMS_S = 8, 4  # between two requests
SENT = "sent at "
"""What a message begins with whose delivery is timed."""


@dataclass
class Phase:
    """What the clients met while something was so."""

    times: dict[str, list[float]] = field(default_factory=dict)
    """How long each kind of request took, in milliseconds."""
    problems: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, seconds: float) -> None:
        """Note how long something took."""
        self.times.setdefault(what, []).append(seconds * 1_000)


class Clients:
    """All of them, and what they share: the clock, the dice, and what the phase is."""

    def __init__(self, order: Order, http: aiohttp.ClientSession) -> None:
        self.order = order
        self.http = http
        self.dice = random.Random(5)  # noqa: S311 - it is to be the same each time
        self.phases: dict[str, Phase] = {"begin": Phase()}
        self.now = "begin"

    @property
    def phase(self) -> Phase:
        """That which is now."""
        return self.phases.setdefault(self.now, Phase())

    async def think(self, seconds: float) -> None:
        """Do nothing for about so long."""
        await asyncio.sleep(seconds * self.dice.uniform(0.5, 1.5))

    async def ask(self, what: str, token: str, query: str, **variables: Any) -> Any:
        """The data of an answer; None if there is a problem, which is noted."""
        began = time.perf_counter()
        try:
            async with self.http.post(
                self.order.url,
                data=orjson.dumps({"query": query, "variables": variables}),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            ) as response:
                status, answer = response.status, orjson.loads(await response.read())
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            self.phase.problems[f"{what}: {type(error).__name__}"] += 1
            return None
        self.phase.note(what, time.perf_counter() - began)
        for each in answer.get("errors", ()):
            self.phase.problems[f"{what}: {status} {each['extensions']['code']}"] += 1
        return answer.get("data")

    @asynccontextmanager
    async def socket(self, token: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A WebSocket, initialised."""
        async with self.http.ws_connect(self.order.url, protocols=["graphql-transport-ws"]) as one:
            payload = {"Authorization": f"Bearer {token}"}
            await one.send_json({"type": "connection_init", "payload": payload})
            if (first := await one.receive()).type is not aiohttp.WSMsgType.TEXT:
                raise aiohttp.ClientError(f"not let in: {first.data}")
            yield one

    async def follow(self, token: str, query: str, **variables: Any) -> None:
        """Follow a subscription, and note when its messages come."""
        while True:
            await self.think(4)
            try:
                async with self.socket(token) as socket:
                    payload = {"query": query, "variables": variables}
                    await socket.send_json({"id": "1", "type": "subscribe", "payload": payload})
                    async for message in socket:
                        await self._told(socket, message)
                self.phase.problems[f"socket: closed with {socket.close_code}"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.phase.problems[f"socket: {type(error).__name__} {error}"] += 1

    async def _told(self, socket: aiohttp.ClientWebSocketResponse, message: Any) -> None:
        told = orjson.loads(message.data)
        if told["type"] == "ping":
            await socket.send_json({"type": "pong"})
        elif told["type"] == "error" or "errors" in told.get("payload", {}):
            self.phase.problems["socket: an error"] += 1
        elif SENT in message.data:
            sent = float(message.data.rpartition(SENT)[2].partition('"')[0])
            self.phase.note("delivery", time.perf_counter() - sent)


@dataclass
class Client:
    """One of them: who it is, and the orders that it is about."""

    all: Clients
    token: str
    orders: list[str]

    def ask(self, what: str, query: str, **variables: Any) -> Awaitable[Any]:
        """Ask as this one."""
        return self.all.ask(what, self.token, query, **variables)

    async def dashboard(self) -> None:
        """Somebody looks at the board, and sometimes moves an order."""
        while True:
            await self.all.think(_PEOPLE_S)
            await self.ask("board", BOARD, first=25)
            await self.all.think(_PEOPLE_S)
            await self.ask("list", LIST)
            if self.all.dice.random() < 1 / 3:
                order = self.all.dice.choice(self.orders)
                status = self.all.dice.choice(["PENDING", "IN_PROGRESS", "COMPLETED"])
                await self.ask("set status", MOVE, input={"id": order, "status": status})

    async def phone(self) -> None:
        """Somebody reads an order's page, marks it read, and sometimes writes."""
        (order,) = self.orders
        while True:
            await self.all.think(_PEOPLE_S)
            await self.ask("order", PAGE, id=order)
            if self.all.dice.random() < 1 / 3:
                text = f"{SENT}{time.perf_counter()}"
                key = f"{self.all.dice.random()}"
                given = {"orderId": order, "text": text, "idempotencyKey": key}
                if told := await self.ask("post", POST, input=given):
                    cursor = told["postMessage"]["cursor"]
                    await self.ask("mark read", READ, input={"orderId": order, "upTo": cursor})

    async def integration(self) -> None:
        """A program asks every few seconds for what is new."""
        cursor = None
        while True:
            await self.all.think(_PROGRAMS_S)
            if told := await self.ask("log", LOG, after=cursor):
                cursor = told["cursor"]


async def clients(order: Order, word: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    """Let all clients do what they do, and tell what they met in each phase."""
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        together = Clients(order, http)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in _at_work(together)]
            while (phase := await word()) != END:
                together.now = phase
            for task in tasks:
                task.cancel()
    return {
        name: {"times": phase.times, "problems": phase.problems}
        for name, phase in together.phases.items()
    }


def _at_work(together: Clients) -> list[Any]:
    """Of five clients, two are dashboards, two phones and one an integration."""
    work = []
    for number, token in enumerate(together.order.tokens):
        orders = together.order.orders
        if number % 5 in (0, 1):
            client = Client(together, token, orders)
            work += [client.dashboard(), together.follow(token, ACTIVITY)]
        elif number % 5 in (2, 3):
            own = orders[number % len(orders)]
            client = Client(together, token, [own])
            work += [client.phone(), together.follow(token, FEED, id=own)]
        else:
            work.append(Client(together, token, []).integration())
    return work


if __name__ == "__main__":
    script.run(clients)
