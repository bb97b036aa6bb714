"""The roles of the embedded Postgres: what they may do, and that there are all of them."""

import asyncio
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from test_embedded import FAST, ask, elsewhere, url_of

from server.embedded import Postgres
from server.embedded.postgres import API


def test_roles_are_no_superusers_and_one_owns_the_database(tmp_path: Path) -> None:
    query = text(
        "SELECT datname, pg_get_userbyid(datdba), rolsuper, rolcreatedb FROM pg_database, pg_roles"
        " WHERE datname = current_database() AND rolname = current_user"
    )

    async def fetch(url: str) -> list[object]:
        engine = create_async_engine(url)
        async with engine.connect() as connection:
            row = (await connection.execute(query)).one()
        await engine.dispose()
        return list(row)

    with Postgres(tmp_path, "orders", FAST) as server:
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            assert runner.run(fetch(server.owner_url)) == ["orders", "callsheet", False, True]
            assert runner.run(fetch(server.url)) == ["orders", "callsheet", False, False]
            assert runner.run(fetch(server.admin_url)) == ["postgres", "postgres", True, True]
        assert ask(server.url, "SHOW fsync") == "off"


def test_a_server_of_a_release_that_knew_fewer_roles_gets_the_others(tmp_path: Path) -> None:
    with elsewhere("postgres", tmp_path) as owner:
        url_of(owner)
        with Postgres(tmp_path, settings=FAST) as server:
            ask(server.admin_url, f"DROP ROLE {API}")
        (tmp_path / f"{API}.password").unlink()
        with ExitStack() as stack:
            processes = [stack.enter_context(elsewhere("postgres", tmp_path)) for _ in range(3)]
            urls = {url_of(process) for process in processes}
        (url,) = urls
        assert ask(url, "SELECT current_user") == API
