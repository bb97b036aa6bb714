"""The database goes and comes back; statements are what they were prepared to be."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from databases import Both
from factories import Agency
from processes import SECONDS, environment, token
from sqlalchemy import Select, bindparam, func, select

from core.database import Database
from core.statements import Sees, bound, prepared
from engine.selections import EVERYTHING
from models import Order, Permission, Person
from server.embedded import Postgres, Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

ORDERS = "{ orders { totalCount edges { node { customer { name } } } } }"


async def prepare(postgres: Postgres, redis_url: str) -> Agency:
    """An agency with an order, in a migrated database."""
    database = Both(postgres)
    await database.migrate()
    agency = await Agency.make(database, Hub(database, Bus(redis_url)))
    await agency.book()
    await database.close()
    return agency


@contextmanager
def served(database_url: str, redis_url: str) -> Iterator[str]:
    """The address of a server process, outside any event loop of ours."""
    command = [sys.executable, "-m", "server", "serve", "--port", "0"]
    ours = environment(database_url, redis_url)
    with subprocess.Popen(command, env=ours, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        assert process.stdout
        while not (line := process.stdout.readline()).startswith("API"):
            assert line, "the server ended before it was ready"
        try:
            yield line.split()[-1]
        finally:
            process.terminate()


def test_a_database_that_comes_back_is_used_again(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as postgres, Valkey(tmp_path / "valkey") as valkey:
        agency = asyncio.run(prepare(postgres, valkey.url))
        with served(postgres.url, valkey.url) as address:

            def answer(query: str, person: Person) -> httpx2.Response:
                head = {"Authorization": f"Bearer {token(person)}"}
                return httpx2.post(address, json={"query": query}, headers=head, timeout=SECONDS)

            def is_answered(query: str) -> bool:
                return "errors" not in answer(query, agency.staff).json()

            def asked(path: str) -> int:
                return httpx2.get(address.replace("/graphql", path), timeout=SECONDS).status_code

            assert [is_answered(ORDERS) for _ in range(3)] == [True] * 3
            assert (asked("/health"), asked("/ready")) == (200, 200)
            postgres.stop()
            for person in (agency.staff, agency.admin):  # only one of whom is known already
                (error,) = answer(ORDERS, person).json()["errors"]
                assert error["extensions"] == {"code": "UNAVAILABLE"}
            assert answer(ORDERS, agency.contractor).status_code == 503
            while asked("/ready") == 200:  # which it may say for a second
                pass
            assert (asked("/health"), asked("/ready")) == (200, 503)
            postgres.start()
            assert [is_answered(ORDERS) for _ in range(3)] == [True] * 3
            while asked("/ready") != 200:
                pass


def _named(sees: Sees) -> Select[str]:
    return select(Order.name).where(sees.visible(Order), Order.name == bindparam("name"))


def test_a_statement_is_prepared_once_for_each_permission() -> None:
    first = prepared(_named, Permission.STAFF, None)
    assert prepared(_named, Permission.STAFF, None) is first
    assert prepared(_named, Permission.CUSTOMER, None) is not first
    assert "customer_id" in prepared(_named, Permission.CUSTOMER, None).sql
    assert "customer_id" not in first.sql


def test_a_parameter_can_not_be_forgotten() -> None:
    statement = prepared(_named, Permission.STAFF, None)
    with pytest.raises(KeyError, match="agency_id"):
        statement.arguments({"name": "x", "viewer_id": None})


def test_lists_are_prepared_as_one_parameter() -> None:
    with pytest.raises(TypeError, match="one array parameter"):
        prepared(lambda _: select(Order.name).where(Order.name.in_(["a"])), Permission.STAFF, None)


def test_only_what_is_needed_or_read_is_selected() -> None:
    def build(sees: Sees) -> Select[Any]:
        return sees.select(Order, reads=["number"])

    needs = frozenset({(Order, "name"), (Person, "email")})
    some = prepared(build, Permission.STAFF, needs)
    assert some.sql.startswith("SELECT orders.id, orders.name, orders.number \nFROM")
    (order,) = some.shape.rows([(1, "Elm Street", 7)])
    assert (order.id, order.name, order.number) == (1, "Elm Street", 7)
    with pytest.raises(AttributeError, match=r"Order\.notes was not read"):
        assert order.notes
    everything = prepared(build, Permission.STAFF, needs | {(Order, EVERYTHING)})
    assert "orders.notes" in everything.sql


def test_a_table_is_read_as_records() -> None:
    with pytest.raises(TypeError, match="select_records"):
        bound(select(Order))


def test_lists_of_any_length_may_be_bound() -> None:
    for names in ["a"], ["a", "b", "c"]:
        statement = bound(select(func.count()).where(Order.name.in_(names)))
        assert statement.arguments({}) == names


async def test_who_breaks_off_a_read_leaves_nothing_to_the_next(
    database: Database, agency: Agency
) -> None:
    within = agency.organization.id
    ours = Database(database.url, pool_size=1)
    for number in range(400):
        task = asyncio.create_task(ours.fetch(f"SELECT {number}", within=within))
        asyncio.get_running_loop().call_later(number % 100 / 50_000, task.cancel)
        with suppress(asyncio.CancelledError):
            await task
        moment = await ours.moment(within)
        assert (await moment.fetch("SELECT 1"))[0][0] == 1
        await moment.end()
    await ours.close()
