"""Sessions: where people are signed in, and the refresh tokens that keep them so.

A refresh token has two parts: the family, which all tokens of a session share, and a secret, which
is another after each use. Who comes with a secret of the past shows that the token was copied, and
the session ends. But for one case: the answer with the new token may have been lost on its way. So
until the new one has been used, the one before is still good. Used again at once, it gets the same
answer again, as two requests may have overtaken each other; later, a new token instead of the lost.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update

from core import doors
from core.database import Database
from core.errors import Unauthenticated
from core.records import select_records
from core.secrets import digest
from core.tokens import Tokens
from core.transactions import Transaction
from core.viewer import Scope
from models import Person, Session, new_id

ACCESS_FOR = timedelta(minutes=15)
REFRESH_FOR = timedelta(days=30)
SAME_ANSWER_FOR = timedelta(seconds=60)
_PREFIX = "csr"
_BYTES = 32


@dataclass(frozen=True)
class TokenPair:
    """What one who is signed in works with."""

    access_token: str
    expires_at: datetime
    refresh_token: str


async def begin(transaction: Transaction, tokens: Tokens, person: Person, client: str) -> TokenPair:
    """Sign a person in on a device."""
    family, secret = secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
    begun = Session(
        organization_id=person.organization_id,
        id=new_id(),
        person_id=person.id,
        client=client,
        family_hash=digest(family),
        secret_hash=digest(secret),
        salt=secrets.token_bytes(_BYTES),
        expires_at=datetime.now(UTC) + REFRESH_FOR,
    )
    await transaction.add(begun)
    return _pair(tokens, person, begun, family, secret)


async def refresh(database: Database, tokens: Tokens, token: str) -> TokenPair | None:
    """New tokens for a refresh token; None if it can't be used, or not any more.

    One that was copied ends its session.
    """
    family, secret = _parts(token)
    agency = await doors.of_session(database, digest(family))
    async with database.transaction(agency) as transaction:
        found = await _of(transaction, agency, family)
        return _renewed(tokens, *found, family, secret) if found else None


def _renewed(
    tokens: Tokens, there: Session, person: Person, family: str, secret: str
) -> TokenPair | None:
    presented = digest(secret)
    again = presented == there.previous_hash
    if again and datetime.now(UTC) - there.refreshed_at < SAME_ANSWER_FOR:
        return _pair(tokens, person, there, family, _next(there, secret))
    if not again and presented != there.secret_hash:
        there.ended_at = datetime.now(UTC)
        return None
    now = datetime.now(UTC)
    there.salt = secrets.token_bytes(_BYTES)
    there.previous_hash, there.secret_hash = presented, digest(_next(there, secret))
    there.refreshed_at, there.expires_at = now, now + REFRESH_FOR
    return _pair(tokens, person, there, family, _next(there, secret))


async def end(database: Database, token: str) -> None:
    """Sign out where a refresh token is used; one that is good for nothing ends nothing."""
    family, _ = _parts(token)
    agency = await doors.of_session(database, digest(family))
    async with database.transaction(agency) as transaction:
        if found := await _of(transaction, agency, family):
            found[0].ended_at = datetime.now(UTC)


async def end_all(transaction: Transaction, person: Person) -> None:
    """Sign a person out everywhere."""
    await transaction.rows(
        update(Session)
        .where(Session.organization_id == person.organization_id, Session.person_id == person.id)
        .where(Session.ended_at.is_(None))
        .values(ended_at=func.clock_timestamp())
    )


async def _of(
    transaction: Transaction, agency: UUID | None, family: str
) -> tuple[Session, Person] | None:
    """The session of a family and its person, locked; None if it is over."""
    statement = (
        select_records(Session)
        .join(
            Person,
            (Person.organization_id == Session.organization_id) & (Person.id == Session.person_id),
        )
        .where(Session.organization_id == agency, Session.family_hash == digest(family))
        .where(Session.ended_at.is_(None), Session.expires_at > func.now())
        .where(Person.suspended_at.is_(None))
        .with_for_update(of=Session)
    )
    if (there := await transaction.row(statement)) is None:
        return None
    ours = Person.organization_id == there.organization_id
    person = await transaction.row(select_records(Person).where(ours, Person.id == there.person_id))
    return there, person


def _next(there: Session, secret: str) -> str:
    """The secret after this one: the same each time, but only for who has this one."""
    made = hmac.digest(secret.encode(errors="replace"), there.salt, "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def _pair(tokens: Tokens, person: Person, there: Session, family: str, secret: str) -> TokenPair:
    expires_at = datetime.now(UTC) + ACCESS_FOR
    access = tokens.issue(person, frozenset(Scope), ACCESS_FOR, there)
    return TokenPair(access, expires_at, f"{_PREFIX}_{family}.{secret}")


def _parts(token: str) -> tuple[str, str]:
    """The family and the secret in a refresh token; they find nothing if it is none."""
    family, _, secret = token.removeprefix(f"{_PREFIX}_").partition(".")
    if not secret:
        raise Unauthenticated("This is not a refresh token.")
    return family, secret
