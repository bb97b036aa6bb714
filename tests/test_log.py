"""The log: numbers without gaps, in commit order, whatever writers do."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from core import log
from core.cursors import Cursor
from core.errors import Forbidden
from core.viewer import Scope
from core.work import Work, perform
from factories import Agency, typed
from models import Kind, LogEntry, LogHead, Order

type_of_append = Callable[[AsyncSession, Sequence[LogEntry]], Awaitable[Cursor]]
WRITERS, ROUNDS = 16, 12


class Failed(Exception):
    """What makes a transaction roll back."""


async def by_sequence(session: AsyncSession, entries: Sequence[LogEntry]) -> Cursor:
    """What the log must not do: numbers from a sequence, given before the commit's turn."""
    for each in entries:
        each.seq = await session.scalar(text("SELECT nextval('not_the_log')")) or 0
    rows = [
        {c.name: getattr(e, c.name) for c in LogEntry.__table__.c if c.name != "at"}
        for e in entries
    ]
    await session.execute(insert(LogEntry), rows)
    return Cursor.at(entries[0].organization_id, entries[-1].seq, entries[-1].id)


async def race(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, append: type_of_append
) -> tuple[list[int], list[int]]:
    """What a log holds after many writers, and what a reader that followed it saw."""
    dice = random.Random(7)  # noqa: S311 - chance for a test
    await agency.book()
    async with agency.database.read() as session:
        mine = Order.organization_id == agency.organization.id
        order = (await session.scalars(select(Order).where(mine))).one()

    async def slow(session: AsyncSession, entries: Sequence[LogEntry]) -> Cursor:
        cursor = await append(session, entries)
        await asyncio.sleep(dice.random() * 0.004)
        if dice.random() < 0.2:
            raise Failed
        return cursor

    async def act(work: Work) -> None:
        for _ in range(dice.randint(1, 3)):
            work.record(Kind.ORDER_NOTES_CHANGED, order)
        await asyncio.sleep(dice.random() * 0.004)
        if dice.random() < 0.1:
            raise Failed

    async def write() -> None:
        for _ in range(ROUNDS):
            try:
                await perform(agency.context(agency.staff), act, {})
            except Failed:
                continue

    seen: list[int] = []
    of_agency = LogEntry.organization_id == agency.organization.id

    async def look() -> None:
        newer = select(LogEntry.seq).where(of_agency, LogEntry.seq > max(seen, default=0))
        async with agency.database.read() as session:
            seen.extend(await session.scalars(newer.order_by(LogEntry.seq)))

    async def follow(writers: asyncio.Future[list[None]]) -> None:
        while not writers.done():
            await look()

    monkeypatch.setattr(log, "append", slow)
    writers = asyncio.gather(*(write() for _ in range(WRITERS)))
    await asyncio.gather(follow(writers), writers)
    await look()
    async with agency.database.read() as session:
        stored = list(await session.scalars(select(LogEntry.seq).where(of_agency)))
    return sorted(stored), seen


async def test_numbers_have_no_gaps_and_a_reader_misses_none(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, seen = await race(agency, monkeypatch, log.append)
    assert len(stored) > WRITERS * ROUNDS
    assert stored == list(range(1, len(stored) + 1))
    assert seen == stored


async def test_a_sequence_would_leave_gaps_and_lose_entries(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with agency.database.transaction() as session:
        await session.execute(text("DROP SEQUENCE IF EXISTS not_the_log"))
        await session.execute(text("CREATE SEQUENCE not_the_log START 100"))
    stored, seen = await race(agency, monkeypatch, by_sequence)
    assert stored[-1] - stored[0] >= len(stored)
    assert seen != stored


async def test_a_failed_action_leaves_nothing(agency: Agency) -> None:
    await agency.book()

    async def act(work: Work) -> None:
        order = (await work.rows(work.select(Order)))[0]
        work.change(order, Kind.ORDER_NOTES_CHANGED, notes="gone")
        raise Failed

    with pytest.raises(Failed):
        await perform(agency.context(agency.staff), act, {})
    async with agency.database.read() as session:
        mine = Order.organization_id == agency.organization.id
        order = (await session.scalars(select(Order).where(mine))).one()
        head = await session.get(LogHead, agency.organization.id)
        of_agency = LogEntry.organization_id == agency.organization.id
        last = await session.scalar(select(func.max(LogEntry.seq)).where(of_agency))
    assert (order.notes, order.version) == ("", 1)
    assert head is not None
    assert head.last_seq == last


async def test_times_grow_with_numbers(agency: Agency) -> None:
    await asyncio.gather(*(agency.book() for _ in range(10)))
    of_agency = LogEntry.organization_id == agency.organization.id
    async with agency.database.read() as session:
        times = list(
            await session.scalars(select(LogEntry.at).where(of_agency).order_by(LogEntry.seq))
        )
    assert times == sorted(times)


async def test_a_token_for_reading_changes_nothing(agency: Agency) -> None:
    async def act(work: Work) -> None:
        raise AssertionError

    context = agency.context(agency.admin, frozenset({Scope.READ}))
    with pytest.raises(Forbidden) as refused:
        await perform(context, act, {})
    assert refused.value.extensions == {"code": "FORBIDDEN", "scope": "write"}
