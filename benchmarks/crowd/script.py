"""How a process of clients is told what to do: first by a line of JSON, then by words."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import uvloop

END = "end"


@dataclass(frozen=True)
class Order:
    """What the clients of a process need to know."""

    url: str
    tokens: list[str]
    orders: list[str]
    """The ids of the orders that they work on."""

    def line(self) -> bytes:
        """It, to be written to such a process."""
        return orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE)


def run(clients: Callable[[Order, Callable[[], Awaitable[str]]], Awaitable[Any]]) -> None:
    """Run clients, which wait for one word after the other, and print what they found."""
    uvloop.run(_run(clients))


async def _run(clients: Callable[[Order, Callable[[], Awaitable[str]]], Awaitable[Any]]) -> None:
    words = asyncio.StreamReader(limit=2**24)
    reading = asyncio.StreamReaderProtocol(words)
    await asyncio.get_running_loop().connect_read_pipe(lambda: reading, sys.stdin)
    order = Order(**orjson.loads(await words.readline()))

    async def word() -> str:
        return (await words.readline()).decode().strip() or END

    found = orjson.dumps(await clients(order, word), option=orjson.OPT_APPEND_NEWLINE)
    # All of it, even if what Python is told makes `print` unbuffered; and before what is still
    # under way ends, which may take long.
    with open(sys.stdout.fileno(), "wb", closefd=False) as told:  # noqa: ASYNC230 - nothing else is
        told.write(found)
