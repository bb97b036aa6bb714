"""Doors: what is asked across organizations, before it is known of which one somebody is.

Each is a function of the database that answers as its owner, and tells as little as will do:
mostly an organization, within which everything else is then asked. `migrations/` has them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from core.database import Database


async def of_address(database: Database, address: str) -> Sequence[Record]:
    """The `organization_id` and `person_id` of all with an address, and whether they `may_sign_in`."""  # noqa: E501
    return await database.fetch("SELECT * FROM door_address($1)", address)


async def of_api_key(database: Database, hashed: bytes) -> UUID | None:
    """The organization of an API key."""
    return await _one(database, "SELECT door_api_key($1)", hashed)


async def of_identity(
    database: Database, issuer: str, subject: str, address: str | None
) -> Sequence[Record]:
    """Who signs in elsewhere: the `organization_id`, the `person_id`, and whether it `is_linked`.

    Where it is not, it is the person with the address. Nobody who is suspended.
    """
    given = issuer, subject, address
    return await database.fetch("SELECT * FROM door_identities($1, $2, $3)", *given)


async def of_invitation(database: Database, hashed: bytes) -> UUID | None:
    """The organization of who was invited."""
    return await _one(database, "SELECT door_invitation($1)", hashed)


async def of_session(database: Database, hashed: bytes) -> UUID | None:
    """The organization of a session, by its family."""
    return await _one(database, "SELECT door_session($1)", hashed)


async def heads(database: Database, organizations: Sequence[UUID]) -> Mapping[UUID, int]:
    """The numbers of the last entries of logs."""
    found = await database.fetch("SELECT * FROM door_heads($1)", organizations)
    return {row["organization_id"]: row["last_seq"] for row in found}


async def changes(database: Database, since: datetime) -> Sequence[tuple[UUID, datetime]]:
    """The ids of people, sessions and API keys that have changed, and when."""
    return [tuple(row) for row in await database.fetch("SELECT * FROM door_changes($1)", since)]


async def forget_answers(database: Database) -> None:
    """Delete the answers to retries that were kept for a day."""
    await database.fetch("SELECT door_forget_answers()")


async def forget_sessions(database: Database) -> None:
    """Delete the sessions that ended thirty days ago."""
    await database.fetch("SELECT door_forget_sessions()")


async def _one(database: Database, sql: str, *arguments: Any) -> UUID | None:
    found: UUID | None
    ((found,),) = await database.fetch(sql, *arguments)
    return found
