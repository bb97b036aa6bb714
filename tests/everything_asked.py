"""What the API answers to somebody who asks for everything there is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import schema_walk
from factories import Agency, Answer

from core.cursors import Cursor
from models import Person

_AT_ONCE = 100
_SECONDS = 30
_WIDE = {"edges": 2, "page": 100}
_FULL = {"order": _WIDE, "orders": _WIDE}
Given = dict[str, Any]
BESIDE_THE_LOG = {"orderPresence"}
"""The subscriptions that tell nothing of the log: `tests/test_presence.py` has all about them."""


def _orders(ids: list[str]) -> list[str]:
    return [id for id in ids if id.startswith("ord_")]  # noqa: A001


_GIVEN: dict[str, Callable[[list[str]], list[Given]]] = {
    "node": lambda ids: [{"id": id} for id in {id[:3]: id for id in ids}.values()],  # noqa: A001
    "nodes": lambda ids: [
        {"ids": ids[i : i + _AT_ONCE]} for i in range(0, max(len(ids), 1), _AT_ONCE)
    ],
    "order": lambda ids: [
        *({"id": id} for id in _orders(ids)),  # noqa: A001
        *({"number": str(1 + i)} for i, _ in enumerate(_orders(ids))),
    ],
    "orderFeed": lambda ids: [{"orderId": id} for id in _orders(ids)],  # noqa: A001
}


def questions(operation: str, ids: Iterable[str]) -> list[tuple[str, Given]]:
    """Each root field, with the arguments it can't do without: the name, and the arguments."""
    return [
        (name, given)
        for name in schema_walk.root(operation)
        if name not in BESIDE_THE_LOG
        for given in _GIVEN.get(name, lambda _: [{}])(list(ids))  # type: ignore[no-untyped-call] # test code, checked by running it
    ]


def plain(answer: Answer) -> Any:
    """An answer as it goes over the wire."""
    return dict(vars(answer))


async def ask(agency: Agency, by: Person, name: str, given: Given, **how: int) -> Any:
    """All that a field of Query answers, with the longest page if not told otherwise."""
    if not {"first", "last"} & given.keys():
        given = {**schema_walk.pages(name), **given}
    document = schema_walk.document("query", name, given, **(how or _FULL.get(name, {})))
    return plain(await agency.ask(by, document, **given))


async def walk(agency: Agency, by: Person, ids: Iterable[str] = ()) -> dict[str, Any]:
    """All that the whole of Query answers, also about these ids; by the question."""
    return {
        json.dumps(question): await ask(agency, by, *question)
        for question in questions("query", ids)
    }


async def call(agency: Agency, by: Person, name: str, given: Given) -> Any:
    """All that a mutation answers."""
    document = schema_walk.document("mutation", name, ["input"])
    return plain(await agency.ask(by, document, input=given))


@asynccontextmanager
async def followed(
    agency: Agency, by: Person, name: str, given: Given, **how: int
) -> AsyncIterator[AsyncIterator[Answer]]:
    """All that a subscription answers."""
    document = schema_walk.document("subscription", name, given, **how)
    async with agency.watch(by, document, **given) as stream:
        yield stream


async def until_ready(stream: AsyncIterator[Answer], name: str) -> list[Any]:
    """What a stream answers until it is ready, or fails."""
    answers: list[Any] = []
    async with asyncio.timeout(_SECONDS):
        async for answer in stream:
            answers.append(plain(answer))
            if answer.errors or answer.data[name]["type"] == "READY":
                break
    return answers


async def replay(agency: Agency, by: Person, name: str, given: Given, **how: int) -> list[Any]:
    """All that a subscription answers from the log's beginning to now."""
    start = {"after": str(Cursor.at(by.organization_id, 0, None))}
    async with followed(agency, by, name, start | given, **how) as stream:
        return await until_ready(stream, name)


def places(answers: Iterable[Any]) -> list[str]:
    """The cursors of the changes that a stream told."""
    told = [each for answer in answers for each in (answer["data"] or {}).values() if each]
    return [each["cursor"] for each in told if each["type"] == "CHANGE"]


@dataclass
class Live:
    """Streams that are followed at once, by any key, and what each has told since it was ready."""

    told: dict[Any, list[Any]] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    @asynccontextmanager
    async def of(
        cls, agency: Agency, wanted: Mapping[Any, tuple[Person, str, Given]]
    ) -> AsyncIterator["Live"]:
        """Follow what these people subscribe to, as far as they are let."""
        live, tasks = cls(), []
        async with AsyncExitStack() as stack:
            for key, (by, name, given) in wanted.items():
                stream = await stack.enter_async_context(followed(agency, by, name, given, edges=0))
                [first] = await until_ready(stream, name)
                if not first["errors"]:
                    live.told[key] = []
                    tasks.append(asyncio.create_task(live._collect(key, stream)))
            stack.push_async_callback(_end, tasks)
            yield live

    async def reach(self, wanted: Mapping[Any, list[str]]) -> None:
        """Wait until each stream has told as much as is wanted of it."""
        async with asyncio.timeout(_SECONDS):
            while any(len(self.told[key]) < len(told) for key, told in wanted.items()):
                self._news.clear()
                await self._news.wait()

    async def _collect(self, key: Any, stream: AsyncIterator[Answer]) -> None:
        async for answer in stream:
            self.told[key].append(plain(answer))
            self._news.set()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
