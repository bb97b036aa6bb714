"""Whoever loses an order is told nothing more of it."""

from contextlib import AsyncExitStack

import pytest
from everything_asked import (
    Live,
    call,
    followed,
    places,
    plain,
    questions,
    until_ready,
)
from factories import typed
from plain_rules import traces
from probes import codes
from stage import FOR_STAFF, OWN, Stage
from worked import act

import models
from core.cursors import Cursor
from core.database import Database
from subscriptions.hub import Hub

pytestmark = pytest.mark.usefixtures("unlimited")


@pytest.mark.parametrize("role", ["contractor", "customer"])
async def test_nothing_comes_after_access_is_lost(database: Database, hub: Hub, role: str) -> None:
    stage, kept = await Stage.with_another(database, hub)
    agency, mine, by = stage.agency, stage.marked.mine, stage.people[role]
    asked = questions("subscription", [mine.order, kept])
    wanted = {(n, *given.values()): (by, n, given) for n, given in asked if n not in FOR_STAFF}
    before = stage.all_places(by)
    async with Live.of(agency, wanted) as live:
        given = {"id": mine.order, "status": "POSTPONED"}
        last = (await act(agency, agency.admin, "setOrderStatus", **given))["cursor"]
        heard = {key: [last] * (key[-1] != kept and key[0] not in OWN) for key in wanted}
        await live.reach(heard)
        known = traces(list(live.told.values()))
        await stage.lose(role)
        await mine.open()
        await mine.close()
        for status in ("POSTPONED", "PENDING"):  # what comes too much comes before the second
            await act(agency, agency.admin, "setOrderStatus", id=kept, status=status)
            given = {"orderId": kept, "text": f"@{agency.contractor.name}"}
            await act(agency, agency.admin, "postMessage", **given)
            await stage.look()
            now = {key: heard[key] + stage.places(*wanted[key], but=before) for key in wanted}
            await live.reach(now)
    assert {key: places(told) for key, told in live.told.items()} == now
    found = traces(list(live.told.values())) & stage.facts.everything()
    assert not found - known - stage.facts.readable(by)


@pytest.mark.parametrize("role", ["contractor", "customer"])
async def test_what_was_being_told_ends_when_access_is_lost(
    database: Database, hub: Hub, role: str
) -> None:
    stage, _ = await Stage.with_another(database, hub)
    agency, mine, by = stage.agency, stage.marked.mine, stage.people[role]
    mine.worker = agency.contractor
    await mine.open()
    await mine.close()
    known = (await stage.look()).facts.readable(by)
    before = stage.all_places(by)
    start, told = {"after": str(Cursor.at(agency.organization.id, 0, None))}, []
    async with AsyncExitStack() as stack:
        streams = [
            (name, await stack.enter_async_context(followed(agency, by, name, start | given)))
            for name, given in questions("subscription", [mine.order])
            if stage.places(by, name, given)
        ]
        told += [plain(await anext(stream)) for _, stream in streams]
        await stage.lose(role)
        notes = {"id": mine.order, "notes": "untoldalate"}
        await act(agency, agency.admin, "updateOrderNotes", **notes)
        await act(agency, agency.admin, "setOrderStatus", id=mine.order, status="CANCELLED")
        for name, stream in streams:
            told += await until_ready(stream, name)
    assert set(places(told)) <= before
    assert not traces(told) & (await stage.look()).facts.everything() - known
    assert not codes(told)


async def test_a_retry_after_access_was_lost_tells_nothing_new(
    database: Database, hub: Hub
) -> None:
    stage, _ = await Stage.with_another(database, hub)
    agency, mine, by = stage.agency, stage.marked.mine, stage.agency.contractor
    mine.worker = by
    await mine.close()
    await stage.lose("contractor")
    told = await call(agency, by, "postMessage", mine.said)
    rows = (await stage.look()).facts.rows[models.Message]
    own = traces([[typed(row), row.text] for row in rows if row.author_id == by.id])
    assert not traces(told) - own - stage.facts.readable(by)
