"""The servers and the key this process works with: those it is told of, or embedded ones."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from sqlalchemy import make_url

from server.embedded import Postgres, Valkey
from server.settings import Settings


@dataclass(frozen=True)
class Servers:
    """Where the database and the broker are, and the key that signs tokens."""

    database_url: str
    """The database, as the API's role."""
    owner_url: str
    """The same, as the role that owns the tables."""
    redis_url: str
    secret: str

    @property
    def role(self) -> str:
        """The API's role."""
        return make_url(self.database_url).username or getuser()


@contextmanager
def servers(settings: Settings) -> Iterator[Servers]:
    """The servers, running; those that had to be started are stopped at the end."""
    with ExitStack() as stack:
        if settings.database_url:
            database_url = _with_driver(settings.database_url.get_secret_value())
            owner = settings.database_owner_url or settings.database_url
            owner_url = _with_driver(owner.get_secret_value())
        else:
            postgres = stack.enter_context(Postgres(settings.data / "postgres"))
            database_url, owner_url = postgres.url, postgres.owner_url
        if settings.redis_url:
            redis_url = settings.redis_url.get_secret_value()
        else:
            redis_url = stack.enter_context(Valkey(settings.data / "valkey")).url
        yield Servers(database_url, owner_url, redis_url, _secret(settings))


def _with_driver(url: str) -> str:
    """The URL with our driver's name in it, however the operator's environment spells it."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if scheme in ("postgres", "postgresql") else url


def _secret(settings: Settings) -> str:
    if settings.secret:
        return settings.secret.get_secret_value()
    path = settings.data / "secret"
    if not path.exists():
        settings.data.mkdir(parents=True, exist_ok=True)
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Write a file that only we can read, whole or not at all, and never over another's."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(text)
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # another process was first: its key counts
    finally:
        draft.unlink()
