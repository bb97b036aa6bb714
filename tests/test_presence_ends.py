"""Who is at an order no more: who has lost it is gone at once, who has left after a moment."""

import pytest
from factories import Agency
from following import SECONDS
from present import joins, loses, present, types

from server.embedded import Valkey
from subscriptions import bus, room, rooms


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is over by itself while a test runs."""
    monkeypatch.setattr(room, "TYPING_S", 10 * SECONDS)
    monkeypatch.setattr(room, "LOST_S", 10 * SECONDS)
    monkeypatch.setattr(rooms, "GRACE_S", 10 * SECONDS)
    monkeypatch.setattr(bus, "PUBLISH_TIMEOUT_S", SECONDS)  # a busy machine is no outage


@pytest.mark.usefixtures("lasting")
async def test_whoever_loses_the_order_is_neither_told_nor_seen(agency: Agency, order: str) -> None:
    async with (
        present(agency, agency.admin, order) as admin,
        present(agency, agency.contractor, order) as contractor,
    ):
        await admin.sees(Ada="here", Cleo="here")
        await contractor.sees(Ada="here", Cleo="here")
        before = len(contractor.told)
        await loses(agency, order)
        await admin.sees(Ada="here")
        await types(agency, agency.staff, order)
        await admin.sees(Ada="here", Sam="types")
        await types(agency, agency.staff, order, isTyping=False)
        await admin.sees(Ada="here")
        await joins(agency, order)
        await admin.sees(Ada="here", Cleo="here")
        await contractor.until(lambda: len(contractor.told) > before)
    assert not contractor.ended
    assert not any("Sam Staff" in told for told in contractor.told)


@pytest.mark.usefixtures("lasting")
async def test_whoever_loses_the_order_types_there_no_more(
    agency: Agency, elsewhere: Agency, order: str
) -> None:
    async with (
        present(agency, agency.admin, order) as admin,
        present(elsewhere, agency.staff, order) as staff,
    ):
        await types(elsewhere, agency.contractor, order)
        for each in (admin, staff):
            await each.sees(Ada="here", Sam="here", Cleo="types")
        await loses(agency, order)
        for each in (admin, staff):
            await each.sees(Ada="here", Sam="here")


@pytest.mark.usefixtures("lasting")
async def test_the_log_tells_who_types_no_more_even_if_no_other_process_does(
    agency: Agency, elsewhere: Agency, order: str, valkey: Valkey
) -> None:
    async with present(agency, agency.admin, order) as admin:
        await admin.sees(Ada="here")
        await types(elsewhere, agency.contractor, order)
        await admin.sees(Ada="here", Cleo="types")
        valkey.stop()
        try:
            await loses(agency, order)
            await admin.sees(Ada="here")
        finally:
            valkey.start()


@pytest.mark.usefixtures("lasting")
async def test_who_comes_back_at_once_is_not_seen_to_leave(agency: Agency, order: str) -> None:
    async with present(agency, agency.admin, order) as admin:
        for _ in range(2):
            async with present(agency, agency.contractor, order) as contractor:
                await contractor.sees(Ada="here", Cleo="here")
        await types(agency, agency.staff, order)
        await admin.sees(Ada="here", Sam="types", Cleo="here")
        came = next(i for i, told in enumerate(admin.told) if "Cleo Contractor" in told)
        assert all("Cleo Contractor" in told for told in admin.told[came:])


@pytest.mark.usefixtures("lasting")
async def test_who_has_lost_the_order_is_not_expected_back(agency: Agency, order: str) -> None:
    async with present(agency, agency.admin, order) as admin:
        async with present(agency, agency.contractor, order):
            await admin.sees(Ada="here", Cleo="here")
        await loses(agency, order)
        await admin.sees(Ada="here")
