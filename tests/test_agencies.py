"""People who are somebody in several agencies, and come with a token of another issuer."""

from typing import Any

import pytest
from calling import NAME
from factories import TOKENS, Agency, typed
from issuing import AUDIENCE, Provider, own_address, verified
from processes import http_client, serve
from processes import token as token_of
from sqlalchemy import update
from storage import session_of

from core.database import Database
from core.errors import Unauthenticated
from models import Person, new_id
from server.callers import Caller, Callers
from server.embedded import Postgres, Valkey
from server.issuer import Issuer


@pytest.fixture
async def other(agency: Agency) -> Agency:
    """Another agency."""
    return await Agency.make(agency.database, agency.hub)


@pytest.fixture
async def said(agency: Agency, other: Agency) -> dict[str, Any]:
    """What the issuer says of one who is staff of one agency, and a customer of the other."""
    said = await verified(agency, agency.staff)
    await change(other, other.customer, email=said["email"])
    return said


async def change(agency: Agency, person: Person, **values: Any) -> None:
    """Change what is stored of a person."""
    async with session_of(agency.database) as session:
        await session.execute(update(Person).where(Person.id == person.id).values(**values))


async def why_not(callers: Callers, token: str, agency: Agency | None = None) -> str:
    """Why a token opens nothing."""
    with pytest.raises(Unauthenticated) as failure:
        await callers.of(token, agency.organization.id if agency else None)
    return str(failure.value)


async def of(agency: Agency, other_issuer: Provider, said: dict[str, Any]) -> Caller:
    """Who comes to an agency; found out by a process that knows nothing yet."""
    callers = Callers(TOKENS, agency.database, Issuer(other_issuer.url, AUDIENCE))
    return await callers.of(other_issuer.token(**said), agency.organization.id)


async def test_who_is_in_several_says_in_which(
    agency: Agency, other: Agency, said: dict[str, Any], other_issuer: Provider, callers: Callers
) -> None:
    token = other_issuer.token(**said)
    assert "Callsheet-Organization" in await why_not(callers, token)
    for there, person in ((agency, agency.staff), (other, other.customer)):
        viewer = (await callers.of(token, there.organization.id)).viewer
        assert (viewer.id, viewer.organization_id) == (person.id, there.organization.id)
    third = await Agency.make(agency.database, agency.hub)
    assert await why_not(callers, token, third) == "This token is of nobody here."


async def test_they_are_known_by_the_subject_in_each_whatever_the_address(
    agency: Agency, other: Agency, said: dict[str, Any], other_issuer: Provider, callers: Callers
) -> None:
    for there in (agency, other):
        await callers.of(other_issuer.token(**said), there.organization.id)
    said["email"] = await own_address(agency, agency.admin)
    await own_address(other, other.customer)
    assert (await of(agency, other_issuer, said)).viewer.id == agency.staff.id
    assert (await of(other, other_issuer, said)).viewer.id == other.customer.id
    assert "Callsheet-Organization" in await why_not(callers, other_issuer.token(**said, jti="new"))


async def test_whose_client_does_not_ask_stays_where_they_came_first(
    agency: Agency, other: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.staff)
    await callers.of(other_issuer.token(**said))
    await change(other, other.customer, email=said["email"])
    again = await callers.of(other_issuer.token(**said, jti="again"))
    assert again.viewer.id == agency.staff.id


async def test_where_they_are_suspended_is_no_place_to_choose(
    agency: Agency, other: Agency, said: dict[str, Any], other_issuer: Provider, callers: Callers
) -> None:
    await change(other, other.customer, suspended_at=other.customer.created_at)
    token = other_issuer.token(**said)
    assert (await callers.of(token)).viewer.id == agency.staff.id
    assert await why_not(callers, token, other) == "This token is of nobody here."


async def test_who_is_suspended_does_not_come_back_as_another(
    agency: Agency, other_issuer: Provider, callers: Callers
) -> None:
    said = await verified(agency, agency.staff)
    await callers.of(other_issuer.token(**said))
    await change(agency, agency.staff, suspended_at=agency.staff.created_at)
    said["email"] = await own_address(agency, agency.admin)
    for there in (None, agency):
        assert await why_not(callers, other_issuer.token(**said, jti=new_id().hex), there)


async def test_a_token_of_ours_is_of_its_agency(
    agency: Agency, other: Agency, callers: Callers
) -> None:
    token = token_of(agency.staff)
    assert (await callers.of(token, agency.organization.id)).viewer.id == agency.staff.id
    assert await why_not(callers, token, other) == "This token is of nobody here."


async def test_clients_say_it_in_a_header_or_when_they_connect(
    agency: Agency,
    other: Agency,
    said: dict[str, Any],
    other_issuer: Provider,
    postgres: Postgres,
    valkey: Valkey,
    database: Database,
) -> None:
    del database  # migrated is all it has to be
    told = {"CALLSHEET_OIDC_ISSUER": other_issuer.url, "CALLSHEET_OIDC_AUDIENCE": AUDIENCE}
    token = other_issuer.token(**said)
    async with serve(postgres.url, valkey.url, **told) as server, http_client() as client:

        async def asked(**more: str) -> tuple[int, Any]:
            url, given = f"http://{server.address}/graphql", {"Authorization": f"Bearer {token}"}
            response = await client.post(url, json={"query": NAME}, headers=given | more)
            return response.status_code, response.json()

        for chosen in ({}, {"Callsheet-Organization": "any"}):
            status, answer = await asked(**chosen)
            assert status == 401
            assert "Callsheet-Organization" in answer["errors"][0]["message"]
        for there, name in ((agency, "Sam Staff"), (other, "Carl Customer")):
            chosen = {"Callsheet-Organization": typed(there.organization)}
            status, answer = await asked(**chosen)
            assert (status, answer["data"]["viewer"]["person"]["name"]) == (200, name)
            async with server.socket(token, **chosen) as socket:
                await socket.subscribe("1", NAME)
                assert await socket.event("1") == {"person": {"name": name}}
