"""The log: numbers without gaps, in commit order, whatever writers do."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from factories import Agency, typed
from sqlalchemy import Select, func, select, text
from storage import session_of

from core import log
from core.cursors import Cursor
from core.transactions import Transaction
from core.work import Work, perform
from models import Kind, LogEntry, LogHead, Order

Append = Callable[[Transaction, Sequence[LogEntry]], Awaitable[Cursor]]
WRITERS, ROUNDS = 16, 12


class Failed(Exception):
    """What makes a transaction roll back."""


async def by_sequence(transaction: Transaction, entries: Sequence[LogEntry]) -> Cursor:
    """What the log must not do: numbers from a sequence, given before the commit's turn."""
    for each in entries:
        ((each.seq,),) = await transaction.fetch("SELECT nextval('not_the_log')")
    await transaction.add(*entries)
    return Cursor.at(entries[0].organization_id, entries[-1].seq, entries[-1].id)


@dataclass
class Race:
    """Many writers of one log, some of which fail, and a reader that follows it meanwhile."""

    agency: Agency
    order: Order
    append: Append
    dice: random.Random
    seen: list[int] = field(default_factory=list)

    async def slowly(self, transaction: Transaction, entries: Sequence[LogEntry]) -> Cursor:
        """Append; then take a while before the commit, or fail."""
        cursor = await self.append(transaction, entries)
        await asyncio.sleep(self.dice.random() * 0.004)
        if self.dice.random() < 0.2:
            raise Failed
        return cursor

    async def act(self, work: Work) -> None:
        """An action that takes a while, and may fail."""
        for _ in range(self.dice.randint(1, 3)):
            work.record(Kind.ORDER_NOTES_CHANGED, self.order)
        await asyncio.sleep(self.dice.random() * 0.004)
        if self.dice.random() < 0.1:
            raise Failed

    async def write(self) -> None:
        """Act again and again."""
        for _ in range(ROUNDS):
            with suppress(Failed):
                await perform(self.agency.context(self.agency.staff), self.act, {})

    async def look(self) -> None:
        """Read what is new, as one who follows the log."""
        newer = self.numbers().where(LogEntry.seq > max(self.seen, default=0))
        async with session_of(self.agency.database) as session:
            self.seen.extend(await session.scalars(newer))

    def numbers(self) -> Select[int]:
        """The numbers of the agency's entries, in order."""
        of_agency = LogEntry.organization_id == self.agency.organization.id
        return select(LogEntry.seq).where(of_agency).order_by(LogEntry.seq)

    async def run(self) -> list[int]:
        """What the log holds in the end."""
        writers = asyncio.gather(*(self.write() for _ in range(WRITERS)))
        while not writers.done():
            await self.look()
        await writers
        await self.look()
        async with session_of(self.agency.database) as session:
            return list(await session.scalars(self.numbers()))


async def race(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, append: Append
) -> tuple[list[int], list[int]]:
    """What a log holds after many writers, and what a reader that followed it saw."""
    await agency.book()
    async with session_of(agency.database) as session:
        mine = Order.organization_id == agency.organization.id
        order = (await session.scalars(select(Order).where(mine))).one()
    running = Race(agency, order, append, random.Random(7))  # noqa: S311 - chance for a test
    monkeypatch.setattr(log, "append", running.slowly)
    return await running.run(), running.seen


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
    async with session_of(agency.database) as session:
        await session.execute(text("DROP SEQUENCE IF EXISTS not_the_log"))
        await session.execute(text("CREATE SEQUENCE not_the_log START 100"))
        await session.execute(text("GRANT USAGE ON SEQUENCE not_the_log TO PUBLIC"))
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
    async with session_of(agency.database) as session:
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
    async with session_of(agency.database) as session:
        times = list(
            await session.scalars(select(LogEntry.at).where(of_agency).order_by(LogEntry.seq))
        )
    assert times == sorted(times)


async def test_writers_who_mention_the_same_people_do_not_wait_in_a_circle(agency: Agency) -> None:
    orders = [await agency.book() for _ in range(2)]
    names = [f"@{each.name}" for each in (agency.admin, agency.manager, agency.staff)]
    for order in orders:
        given = {"id": order, "personId": typed(agency.contractor)}
        await agency.do(agency.admin, "addTeamMember", **given)

    async def write(number: int) -> None:
        dice = random.Random(number)  # noqa: S311 - chance for a test
        for _ in range(4):
            order, said = dice.choice(orders), " ".join(dice.sample(names, len(names)))
            given = {"orderId": order, "text": said}
            answer = await agency.do(agency.contractor, "postMessage", "message { id }", **given)
            posted = answer["postMessage"]
            edited = {"id": posted["message"]["id"], "text": f"Again: {said}"}
            assert (await agency.do(agency.contractor, "editMessage", **edited))["editMessage"]
            read = {"orderId": order, "upTo": posted["cursor"]}
            assert (await agency.do(agency.staff, "markRead", **read))["markRead"]

    await asyncio.gather(*(write(number) for number in range(12)))
    context = agency.context(agency.admin)
    kinds = [each.kind for each in await context.now(context.select(LogEntry))]
    assert kinds.count(Kind.MESSAGE_POSTED) == kinds.count(Kind.MESSAGE_EDITED) == 12 * 4
