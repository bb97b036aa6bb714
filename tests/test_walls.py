"""The second wall: what the API's role may do in the database, and which rows it sees there."""

import asyncio
import inspect
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from asyncpg import InsufficientPrivilegeError
from databases import Both, Fixed
from factories import Agency
from processes import SECONDS
from sqlalchemy import make_url

from core import doors
from models import Base, new_id
from server import roles
from server.embedded import Postgres, Valkey
from server.local import Servers
from server.migrate import migrate
from server.roles import GRANTS, Refused
from subscriptions.bus import Bus
from subscriptions.hub import Hub

WITHIN = "(organization_id = ( SELECT (NULLIF(current_setting('callsheet.organization_id'::text, true), ''::text))::uuid AS \"nullif\"))"  # noqa: E501
TABLES = """
SELECT c.relname AS name, a.attname AS column, c.relrowsecurity AND c.relforcerowsecurity AS forced
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND (a.attname = 'organization_id' OR c.relname = 'organizations' AND a.attname = 'id')
"""
POLICIES = """
SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies
"""
DOORS = """
SELECT p.proname AS name, p.proconfig AS settings, p.proowner::regrole::text AS owner,
    has_function_privilege('public', p.oid, 'EXECUTE') AS open
FROM pg_proc p WHERE p.prosecdef
"""
RIGHTS = """
SELECT c.relname AS name, acl.privilege_type AS right, NULL AS column
FROM pg_class c, aclexplode(c.relacl) acl
WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee = $1::text::regrole
UNION ALL
SELECT c.relname, acl.privilege_type, a.attname
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) acl
WHERE c.relnamespace = 'public'::regnamespace AND acl.grantee = $1::text::regrole
"""
BEFORE_IT = "SELECT relrowsecurity AS done FROM pg_class WHERE oid = 'messages'::regclass"
BOOKED = "SELECT count(*) AS count FROM orders"
ORDER = "query ($id: ID!) { order(id: $id) { services { name } } }"
OURS = {table.name for table in Base.metadata.sorted_tables}


async def test_every_table_of_organizations_is_protected(database: Both) -> None:
    tables = await database.owner.fetch(TABLES)
    assert {each["name"] for each in tables} == OURS - {"attempts"}
    assert all(each["forced"] for each in tables), tables
    policies = await database.owner.fetch(POLICIES)
    found = {(each["tablename"], each["policyname"]): tuple(each)[2:] for each in policies}
    assert len(found) == 2 * len(tables)
    for table in tables:
        own = WITHIN.replace("organization_id", table["column"], 1)
        everybody = ("PERMISSIVE", ["public"], "ALL", own, own)
        assert found[table["name"], "of_organization"] == everybody
        owner = ("PERMISSIVE", ["callsheet"], "ALL", "true", "true")
        assert found[table["name"], "of_owner"] == owner


async def test_the_doors_are_these_and_no_others(database: Both) -> None:
    found = await database.owner.fetch(DOORS)
    called_before = {"door_identity"}  # by the release before, which may run still
    called = set(re.findall(r"\bdoor_\w+", inspect.getsource(doors)))
    assert (
        {each["name"] for each in found} - called_before
        == called
        == {
            "door_address",
            "door_api_key",
            "door_changes",
            "door_forget_answers",
            "door_forget_sessions",
            "door_heads",
            "door_identities",
            "door_invitation",
            "door_session",
        }
    )
    for door in found:
        assert door["settings"] == ["search_path=public, pg_temp"]
        assert (door["owner"], door["open"]) == ("callsheet", False)


async def test_the_role_of_the_api_may_do_what_it_has_to(database: Both) -> None:
    wanted = {
        (table, right, column or None)
        for table, rights in GRANTS.items()
        for right, column in re.findall(r"(\w+)(?: \((\w+)\))?", rights)
    }
    found = await database.owner.fetch(RIGHTS, "callsheet_api")
    assert {tuple(each) for each in found} == wanted
    assert GRANTS.keys() == OURS | {"alembic_version"}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE another ()",
        "CREATE SCHEMA another",
        "ALTER TABLE orders DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY of_organization ON orders",
        "CREATE POLICY of_us ON orders TO callsheet_api USING (true)",
        "SET ROLE callsheet",
        "SET SESSION AUTHORIZATION callsheet",
        "ALTER ROLE callsheet_api BYPASSRLS",
        "TRUNCATE attempts",
        "DELETE FROM log_entries",
        "UPDATE log_entries SET params = '{}'",
        "DELETE FROM orders",
        "UPDATE organizations SET name = 'ours'",
        "INSERT INTO organizations (id, name, last_order_number) VALUES (gen_random_uuid(), '', 0)",
        "UPDATE alembic_version SET version_num = '0000'",
        "COPY orders TO PROGRAM 'cat'",
    ],
)
async def test_the_role_of_the_api_may_do_nothing_else(database: Both, statement: str) -> None:
    with pytest.raises(InsufficientPrivilegeError):
        await database.fetch(statement, within=new_id())


async def test_rows_of_others_are_neither_seen_nor_written(
    database: Both, hub: Hub, agency: Agency
) -> None:
    await agency.book()
    other = await Agency.make(database, hub)
    mine, theirs = agency.organization.id, other.organization.id
    count = "SELECT count(*) AS count FROM orders WHERE organization_id = $1"
    given = {within: await database.fetch(count, mine, within=within) for within in (mine, theirs)}
    assert [rows[0]["count"] for rows in given.values()] == [1, 0]
    for table in OURS - {"attempts"}:
        for within in (None, new_id()):
            found = await database.fetch(f"SELECT count(*) FROM {table}", within=within)  # noqa: S608 - our own tables
            assert (table, found[0]["count"]) == (table, 0)
    changed = "UPDATE orders SET notes = 'x' WHERE organization_id = $1 RETURNING id"
    assert await database.fetch(changed, mine, within=theirs) == []
    assert await database.fetch("DELETE FROM assignments RETURNING id", within=theirs) == []


@pytest.mark.parametrize("within", ["theirs", "nobody"])
async def test_nothing_is_written_into_another_organization(
    database: Both, hub: Hub, agency: Agency, within: str
) -> None:
    other = await Agency.make(database, hub)
    where = other.organization.id if within == "theirs" else None
    fresh = """INSERT INTO read_markers (organization_id, id, order_id, person_id, seq)
        SELECT $1, gen_random_uuid(), gen_random_uuid(), $2, 1"""
    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        await database.fetch(fresh, agency.organization.id, agency.staff.id, within=where)


async def test_nobody_is_moved_into_another_organization(
    database: Both, hub: Hub, agency: Agency
) -> None:
    mine, theirs = agency.organization.id, (await Agency.make(database, hub)).organization.id
    moved = "UPDATE services SET organization_id = $1 WHERE organization_id = $2"
    async with database.owner.transaction() as transaction:
        await transaction.execute("GRANT UPDATE ON services TO callsheet_api")
    with pytest.raises(InsufficientPrivilegeError, match="row-level security"):
        await database.fetch(moved, mine, theirs, within=theirs)
    await database.migrate()
    with pytest.raises(InsufficientPrivilegeError, match="denied for table services"):
        await database.fetch(moved, mine, theirs, within=theirs)


async def told(database: Both, sql: str) -> Any:
    """What a statement tells the owner."""
    return (await database.owner.fetch(sql))[0][0]


def servers(api: str, owner: str) -> Servers:
    """Servers with these addresses of the database."""
    return Servers(api, owner, "redis://nobody.example", "x" * 32)


async def test_a_role_for_which_the_wall_does_not_hold_is_told(
    postgres: Postgres, database: Both, caplog: pytest.LogCaptureFixture
) -> None:
    del database  # migrated is all it has to be
    await roles.check(servers(postgres.url, postgres.owner_url), pooled=False)
    assert not caplog.records
    await roles.check(servers(postgres.owner_url, postgres.owner_url), pooled=False)
    assert "the role callsheet owns the tables" in caplog.text
    admin = make_url(postgres.admin_url).set(database=postgres.database)
    superuser = admin.render_as_string(hide_password=False)
    for url, why in ((superuser, "postgres is a superuser"), (postgres.owner_url, "owns the")):
        with pytest.raises(Refused, match=why):
            await roles.check(
                servers(url, f"{postgres.owner_url}&application_name=x"), pooled=False
            )


@pytest.fixture
async def old(postgres: Postgres) -> AsyncIterator[Both]:
    """A database of the release before row-level security."""
    old = await Both.another(postgres)
    await old.migrate("0006")
    yield old
    await old.close()


async def test_only_the_owner_migrates(old: Both) -> None:
    role: Any = make_url(old.url).username
    with pytest.raises(Refused, match="DATABASE_OWNER_URL"):
        await migrate(old, role)
    await old.migrate()
    await migrate(old, role)  # nothing is left to do


async def test_processes_of_the_release_before_go_on_while_it_is_migrated(
    postgres: Postgres, old: Both, valkey: Valkey
) -> None:
    """They work as the owner, and say nothing of organizations; somebody else reads for long."""
    before = Fixed(postgres, None, old.name, as_owner=True)
    hub = Hub(before, Bus(valkey.url))
    agency, over = await Agency.make(before, hub), asyncio.Event()

    async def work() -> int:
        done = 0
        while not over.is_set():
            order = await agency.book()
            assert (await agency.ask(agency.staff, ORDER, id=order))["order"]
            done += 1
        return done

    async with asyncio.timeout(3 * SECONDS), asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(work()) for _ in range(2)]
        async with old.owner.transaction() as reading:
            await reading.fetch("SELECT count(*) FROM order_services")
            migrating = tasks.create_task(old.migrate())
            while not (await told(old, BEFORE_IT)):
                pass
            booked = await told(old, BOOKED)
            while await told(old, BOOKED) < booked + 5:
                pass
            assert not migrating.done()
        await migrating
        over.set()
    assert all(each.result() for each in working)
    await before.close()
