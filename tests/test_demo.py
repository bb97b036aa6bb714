"""The demo agency: made once, complete, and open to its five tokens."""

import asyncio
import contextlib
import io
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select, text
from storage import session_of

import schema
from core import ids
from core.context import Context
from core.database import Database
from core.tokens import Tokens
from core.viewer import READING, Scope
from models import (
    Base,
    Order,
    OrderService,
    OrderStatus,
    Organization,
    PaymentStatus,
    Permission,
    ServiceStatus,
    new_id,
)
from server import demo
from server.callers import Callers
from server.demo import seed
from server.embedded import Postgres
from server.errors import all_formatted
from server.local import Servers
from server.settings import Settings
from subscriptions.hub import Hub

SECRET = "a key for tests only, which is long enough"  # noqa: S105 - it opens nothing


@dataclass
class Demo:
    """A database with the demo agency in it, and what a start prints then."""

    database: Database
    printed: str

    async def rows(self, statement: Any) -> list[Any]:
        """The rows of a statement that selects one thing."""
        async with session_of(self.database) as session:
            return list(await session.scalars(statement))


async def _empty_database(postgres: Postgres, name: str) -> str:
    plain = postgres.owner_url.replace("postgresql+asyncpg", "postgresql").replace(
        "?ssl=", "?sslmode="
    )
    connection = await asyncpg.connect(plain)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    head, _, options = postgres.owner_url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}?{options}"


async def _prepare(url: str, settings: Settings | None = None) -> str:
    """What a start prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        servers = Servers(url, url, "redis://nobody.example", SECRET)
        await demo.prepare(servers, settings or Settings(demo=True), "127.0.0.1:8123")
    return printed.getvalue()


@pytest.fixture(scope="module")
async def made(postgres: Postgres) -> AsyncIterator[Demo]:
    """The demo agency, made by two processes that start at once."""
    url = await _empty_database(postgres, "demo")
    servers = Servers(url, url, "redis://nobody.example", SECRET)
    starts = [demo.prepare(servers, Settings(demo=True), "127.0.0.1:8124") for _ in range(2)]
    await asyncio.gather(*starts)
    database = Database(url)
    yield Demo(database, await _prepare(url))
    await database.close()


async def test_two_processes_that_start_at_once_make_one_agency(made: Demo) -> None:
    assert len(await made.rows(select(Organization.name))) == 1
    assert not await seed.once(made.database)


async def test_there_is_enough_of_everything_to_look_at(made: Demo) -> None:
    counts = {}
    for table in Base.metadata.sorted_tables:
        counts[table.name] = (await made.rows(select(func.count()).select_from(table)))[0]
    assert counts["orders"] == 500
    assert counts["people"] == 41
    assert counts["services"] == 25
    assert counts["packages"] == 5
    assert 8_000 <= counts["log_entries"] <= 12_000
    assert counts["messages"] > 1_000
    assert counts["mentions"] > 200
    assert counts["checklist_items"] > 3_000
    assert counts["assignments"] > 1_000


async def test_what_is_stored_is_what_is_made_at_that_moment(made: Demo) -> None:
    founded = (await made.rows(select(Organization.created_at)))[0]
    expected = defaultdict(list)
    for row in seed.rows_at(founded + timedelta(days=400)):
        values = {name: getattr(row, name) for name in row.__table__.columns.keys()}  # noqa: SIM118
        expected[type(row).__tablename__].append(values)
    async with session_of(made.database) as session:
        for table in Base.metadata.sorted_tables:
            found = (await session.execute(select(table))).mappings()
            assert _sorted(map(dict, found)) == _sorted(expected[table.name])


async def test_every_status_is_there_and_fits_the_order(made: Demo) -> None:
    orders = {order.id: order for order in await made.rows(select(Order))}
    services = await made.rows(select(OrderService))
    on_order = defaultdict(list)
    for service in services:
        on_order[service.order_id].append(service.status)

    assert {order.status for order in orders.values()} == set(OrderStatus)
    assert {order.payment_status for order in orders.values()} == set(PaymentStatus)
    assert {service.status for service in services} == set(ServiceStatus)
    assert {len(statuses) for statuses in on_order.values()} == {1, 2, 3, 4, 5, 6}
    assert on_order.keys() == orders.keys()
    done = {ServiceStatus.COMPLETE, ServiceStatus.ARCHIVED}
    for key, statuses in on_order.items():
        if orders[key].status is OrderStatus.COMPLETED:
            assert set(statuses) <= done
        if orders[key].status is OrderStatus.PENDING:
            assert set(statuses) == {ServiceStatus.PRE_PRODUCTION}
    escalated = [service for service in services if service.escalated_at]
    assert len(escalated) > 10
    assert all(service.escalation_reason and service.escalated_by_id for service in escalated)


async def test_orders_are_numbered_in_the_order_of_their_booking(made: Demo) -> None:
    orders = await made.rows(select(Order).order_by(Order.created_at))
    assert [order.number for order in orders] == list(range(1001, 1501))
    assert await made.rows(select(Organization.last_order_number)) == [1500]


async def test_only_those_who_may_see_an_order_write_about_it_and_are_mentioned(
    made: Demo,
) -> None:
    outsiders = text(
        "SELECT 1 FROM people p, (SELECT order_id, author_id AS id FROM messages "
        "UNION SELECT order_id, person_id FROM mentions) who WHERE p.id = who.id AND "
        "(p.permission = 'CUSTOMER' OR p.permission = 'CONTRACTOR' AND NOT EXISTS "
        "(SELECT FROM assignments a WHERE a.order_id = who.order_id AND a.person_id = p.id))"
    )
    assert await made.rows(outsiders) == []


async def test_what_is_printed_can_be_used_at_once(made: Demo) -> None:
    for address in ("http://127.0.0.1:8123/", "http://127.0.0.1:8123/graphql"):
        assert re.search(rf"{address}$", made.printed, re.MULTILINE)
    assert "ws://127.0.0.1:8123/graphql" in made.printed
    viewers = [
        (await Callers(Tokens(SECRET), made.database).of(token)).viewer
        for token in _tokens(made.printed)
    ]
    both = frozenset(Scope)
    assert [(viewer.permission, viewer.scopes) for viewer in viewers] == [
        (Permission.ADMIN, both),
        (Permission.STAFF, both),
        (Permission.CONTRACTOR, both),
        (Permission.CUSTOMER, both),
        (Permission.STAFF, READING),
    ]


async def test_a_partner_can_read_but_not_write(made: Demo, hub: Hub) -> None:
    viewer = (await Callers(Tokens(SECRET), made.database).of(_tokens(made.printed)[-1])).viewer
    context = Context(viewer, made.database, hub)

    assert len(await context.now(context.select(Order))) == 500
    document = (
        "mutation ($id: ID!) { setOrderStatus(input: {id: $id, status: PENDING}) { cursor } }"
    )
    given = {"id": ids.encode(Order, new_id())}
    result = await schema.build().execute(document, given, context)
    (error,) = all_formatted(result.errors, "test")
    assert error["extensions"] == {"code": "FORBIDDEN", "scope": "orders:write"}


async def test_contractors_and_customers_see_orders_but_not_all(made: Demo, hub: Hub) -> None:
    for token in _tokens(made.printed)[2:4]:
        viewer = (await Callers(Tokens(SECRET), made.database).of(token)).viewer
        context = Context(viewer, made.database, hub)
        assert 10 < len(await context.now(context.select(Order))) < 200


async def test_without_the_demo_nothing_is_made_and_no_token_printed(postgres: Postgres) -> None:
    url = await _empty_database(postgres, "demo_off")
    printed = await _prepare(url, Settings(demo=False))
    database = Database(url)
    async with session_of(database) as session:
        assert await session.scalar(select(func.count()).select_from(Organization)) == 0
    await database.close()
    assert "http://127.0.0.1:8123/" in printed
    assert not _tokens(printed)


async def test_an_agency_that_is_there_is_left_alone(postgres: Postgres) -> None:
    url = await _empty_database(postgres, "demo_not")
    await _prepare(url, Settings(demo=False))
    database = Database(url)
    async with session_of(database) as session:
        session.add(Organization(name="Somebody's own"))
    printed = await _prepare(url)
    async with session_of(database) as session:
        assert list(await session.scalars(select(Organization.name))) == ["Somebody's own"]
    await database.close()
    assert not _tokens(printed)


def _tokens(printed: str) -> list[str]:
    return re.findall(r"^eyJ\S+$", printed, re.MULTILINE)


def _sorted(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row.get("id")))
