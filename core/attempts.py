"""How often somebody may try: by the account that is tried, and by the address that tries."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, func, update

from core.addresses import network
from core.database import Database
from core.errors import RateLimited
from models import Attempts


@dataclass(frozen=True)
class Limit:
    """So many attempts at once, and one more each time that `every` has passed."""

    at_once: int
    every: timedelta


ACCOUNT = Limit(10, timedelta(seconds=90))
ADDRESS = Limit(50, timedelta(seconds=18))

# One statement, so that of attempts at the same time each is counted after the other.
_COUNT = """
INSERT INTO attempts AS a (key, empty_at) VALUES ($1, clock_timestamp() + $2::interval)
ON CONFLICT (key) DO UPDATE SET empty_at = greatest(a.empty_at, clock_timestamp()) + $2
WHERE greatest(a.empty_at, clock_timestamp()) + $2 <= clock_timestamp() + $3::interval
RETURNING true
"""
_WAIT = """
SELECT ceil(extract(epoch FROM empty_at - ($3::interval - $2::interval) - clock_timestamp()))
FROM attempts WHERE key = $1
"""


async def count(database: Database, account: str, address: str) -> None:
    """Count an attempt, whatever becomes of it; `RateLimited` if it is one too many.

    It is committed at once: who fails, or goes away meanwhile, has tried.
    """
    for key, limit in ((_address_key(address), ADDRESS), (_account_key(account), ACCOUNT)):
        given = (key, limit.every, limit.every * limit.at_once)
        async with database.transaction() as transaction:
            if await transaction.fetch(_COUNT, *given):
                continue
            ((wait,),) = await transaction.fetch(_WAIT, *given)
        raise RateLimited("Too many attempts: wait a little.", max(1, int(wait)))


async def forgive(database: Database, account: str, address: str) -> None:
    """Forget the failed attempts on an account whose owner has come, and this one of the address.

    Those of the address that failed stay: so having one account is no way to try others.
    """
    mine, here = Attempts.key == _account_key(account), Attempts.key == _address_key(address)
    async with database.transaction() as transaction:
        await transaction.rows(delete(Attempts).where(mine))
        less = update(Attempts).values(empty_at=Attempts.empty_at - ADDRESS.every)
        await transaction.rows(less.where(here))


async def forget(database: Database) -> None:
    """Delete what limits nobody any more."""
    async with database.transaction() as transaction:
        await transaction.rows(delete(Attempts).where(Attempts.empty_at < func.now()))


def _account_key(account: str) -> bytes:
    """Hashed, since people type what is nobody's account, and sometimes their password."""
    return sha256(f"account {account}".encode(errors="replace")).digest()


def _address_key(address: str) -> bytes:
    return sha256(f"address {network(address)}".encode(errors="replace")).digest()
