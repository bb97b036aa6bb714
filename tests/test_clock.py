"""Servers whose clocks differ: the log and its places do not depend on them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from factories import Agency
from processes import token
from streaming import FEED, POST
from watched import Watched, quiet

from core.database import Database
from server.embedded import Postgres, Valkey

SKEWED = """
import time, uuid, uuid_utils.compat
now = time.time
time.time = lambda: now() + {seconds}
make = uuid_utils.uuid7
uuid_utils.compat.uuid7 = lambda: uuid.UUID(int=make(nanoseconds=int(time.time() * 1e9)).int)
"""
HOUR_S = 3600


@pytest.fixture(scope="module")
async def two(
    postgres: Postgres, database: Database, valkey: Valkey
) -> AsyncIterator[list[Watched]]:
    """Two server processes, of which one has a clock that is an hour ahead."""
    del database  # migrated is all it has to be
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                quiet(postgres.url, valkey.url, first=SKEWED.format(seconds=seconds))
            )
            for seconds in (0, HOUR_S)
        ]


async def test_the_log_has_its_order_whatever_the_clocks_say(
    agency: Agency, two: list[Watched]
) -> None:
    order, wanted = await agency.book(), [str(number) for number in range(10)]
    long = token(agency.staff, timedelta(hours=3))
    async with two[0].socket(long) as one, two[1].socket(long) as other:
        for socket in (one, other):
            await socket.subscribe("1", FEED, id=order)
            assert (await socket.event("1"))["type"] == "READY"
        first = None
        for number, text in enumerate(wanted):
            posted = await two[number % 2].ask(long, POST, id=order, text=text)
            first = first or posted["postMessage"]["cursor"]
        for socket in (one, other):
            told = [(await socket.event("1"))["entry"]["text"] for _ in wanted]
            assert told == wanted
    async with two[0].socket(long) as again:
        await again.subscribe("1", FEED, id=order, after=first)
        assert [(await again.event("1"))["entry"]["text"] for _ in wanted[1:]] == wanted[1:]
