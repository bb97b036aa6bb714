"""Presence as processes deliver it: by each transport, to slow clients, and when a process dies."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from factories import Agency
from present import PRESENCE, TYPING, seen
from processes import SECONDS, Socket
from streaming import BOTH, EVENTS, streaming
from watched import Watched, quiet, watched

from core.database import Database
from server.embedded import Postgres, Valkey

HASTY = """
from server import sockets, websocket
from subscriptions import room, rooms
sockets._PATIENCE_S, sockets._BUFFER = 1, 4096
websocket._SILENCE_S = 3600  # who does not read gives no sign of life
rooms.PACE_S, rooms.BEAT_S, rooms.GRACE_S, room.LOST_S = 0.01, 0.5, 0.1, 2
"""
MANY = " ".join(f"people{i}: people {{ person {{ name email id version }} }}" for i in range(9))
LONG = PRESENCE.replace("total", MANY)
"""A frame of a thousand bytes and more."""
TYPES = 75


@pytest.fixture(scope="module")
async def server(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A server process in which little has to be waited for."""
    del database  # migrated is all it has to be
    async with quiet(postgres.url, valkey.url, first=HASTY) as server:
        yield server


async def sees(socket: Socket, **people: str) -> int:
    """How many events come until these are there, by their first names."""
    for count in range(1, 3 * TYPES):
        now = {name.split()[0]: doing for name, doing in seen(await socket.event("1")).items()}
        if now == people:
            return count
    raise AssertionError(now)


@BOTH
async def test_presence_comes_over_http(agency: Agency, server: Watched, accept: str) -> None:
    order = await agency.book()
    async with streaming(server, agency.staff, PRESENCE, accept, order=order) as stream:
        if accept == EVENTS:
            told = await stream.fields()
            assert told
            assert told.keys() == {"event", "data"}, "there is no place in the log to resume at"
        else:
            assert seen(await stream.event()) == {"Sam Staff": "here"}
        await server.ask(agency.admin, TYPING, input={"orderId": order})
        assert seen(await stream.event()) == {"Ada Admin": "types", "Sam Staff": "here"}


async def test_who_was_at_a_process_that_is_killed_is_gone_soon(
    agency: Agency, server: Watched, postgres: Postgres, valkey: Valkey
) -> None:
    order = await agency.book()
    async with server.socket(agency.staff) as stays:
        await stays.subscribe("1", PRESENCE, order=order)
        await sees(stays, Sam="here")
        async with (
            watched(postgres.url, valkey.url, first=HASTY) as doomed,
            doomed.socket(agency.admin) as goes,
        ):
            await goes.subscribe("1", PRESENCE, order=order)
            await sees(goes, Ada="here", Sam="here")
            await sees(stays, Ada="here", Sam="here")
            doomed.process.kill()
            await sees(stays, Sam="here")


async def test_who_ends_the_connection_or_the_subscription_is_gone_soon(
    agency: Agency, server: Watched
) -> None:
    order = await agency.book()
    async with server.socket(agency.staff) as stays:
        await stays.subscribe("1", PRESENCE, order=order)
        async with server.socket(agency.admin) as goes:
            await goes.subscribe("1", PRESENCE, order=order)
            await sees(stays, Ada="here", Sam="here")
            await goes.send({"id": "1", "type": "complete"})
            await sees(stays, Sam="here")
            await goes.subscribe("1", PRESENCE, order=order)
            await sees(stays, Ada="here", Sam="here")
            goes.cut()
            await sees(stays, Sam="here")


async def test_who_reads_slowly_is_told_the_newest_and_not_let_go(
    agency: Agency, server: Watched
) -> None:
    order = await agency.book()
    async with (
        server.socket(agency.admin) as quick,
        server.socket(agency.staff) as slow,
        server.socket(agency.manager) as typist,
    ):
        await slow.subscribe("1", LONG, order=order)
        await sees(slow, Sam="here")
        await quick.subscribe("1", PRESENCE, order=order)
        await sees(quick, Ada="here", Sam="here")
        slow.raw.transport.pause_reading()
        changes = 0
        for given in [{"isTyping": True}, {"isTyping": False}] * TYPES:
            await typist.subscribe("2", TYPING, input={"orderId": order, **given})
            await typist.event("2")
            assert (await typist.receive())["type"] == "complete"
            mia = {"Mia": "types"} if given["isTyping"] else {}
            changes += await sees(quick, Ada="here", Sam="here", **mia)
        slow.raw.transport.resume_reading()
        await server.ask(agency.admin, TYPING, input={"orderId": order})
        assert await sees(slow, Ada="types", Sam="here") < changes / 2
        async with asyncio.timeout(SECONDS):
            await slow.send({"type": "ping"})
            while (await slow.receive())["type"] != "pong":
                pass
