"""Signing in and out: what visitors can do, and the sessions of those who are signed in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import ColumnElement
from typing_extensions import Doc

import models
from core import attempts, doors, may, passwords, sessions
from core.arguments import Email, NewPassword, OrganizationId, Password, SessionId, Token
from core.context import Context
from core.errors import Invalid, Unauthenticated
from core.records import select_records
from core.secrets import digest
from core.sessions import TokenPair
from core.viewer import Scope, Viewer
from core.visitor import Visitor
from core.work import Work, perform
from models import Credential, Kind, Person, Session, new_id

Agency = Annotated[
    OrganizationId, Doc("The agency: needed only by those who work for several of them.")
]
Refresh = Annotated[Token, Doc("The refresh token that was given last.")]


async def sign_in(
    visitor: Visitor, email: Email, password: Password, organization_id: Agency | None = None
) -> TokenPair:
    """Sign in with an address and a password. `RATE_LIMITED` after too many attempts."""
    proof = await _prove(visitor, email, password, organization_id)

    async def begin(work: Work) -> TokenPair:
        await _lock(work, proof)
        return await sessions.begin(work.transaction, visitor.tokens, proof.person, visitor.client)

    pair: TokenPair = (await perform(_as(visitor, proof.person), begin, {})).row
    await attempts.forgive(visitor.database, email, visitor.address)
    return pair


async def refresh_tokens(visitor: Visitor, refresh_token: Refresh) -> TokenPair:
    """Get new tokens for a refresh token, which is good no more once the new one was used.

    `UNAUTHENTICATED` if it is good no more: then people have to sign in again.
    """
    pair = await sessions.refresh(visitor.database, visitor.tokens, refresh_token)
    if pair is None:
        raise Unauthenticated("This refresh token is good no more: sign in again.")
    return pair


async def sign_out(visitor: Visitor, refresh_token: Refresh) -> bool:
    """Sign out here. The access token and the refresh token are good no more."""
    await sessions.end(visitor.database, refresh_token)
    return True


async def accept_invitation(
    visitor: Visitor,
    token: Annotated[Token, Doc("What the invitation's link has in it.")],
    password: NewPassword,
) -> TokenPair:
    """Choose a password by an invitation, and sign in; all other sessions end."""
    hashed = digest(token)
    agency = await doors.of_invitation(visitor.database, hashed)
    proof = await _find(visitor, agency, Credential.invitation_hash == hashed)
    if proof is None or proof.invitation_is_over:
        raise Invalid("token", "This invitation can't be used, or has expired.")
    return await _set_password(visitor, proof, password, Kind.INVITATION_ACCEPTED)


async def change_password(
    visitor: Visitor,
    email: Email,
    password: Password,
    new_password: NewPassword,
    organization_id: Agency | None = None,
) -> TokenPair:
    """Choose another password, and sign in with it; all other sessions end.

    `RATE_LIMITED` after too many attempts.
    """
    proof = await _prove(visitor, email, password, organization_id)
    pair = await _set_password(visitor, proof, new_password, Kind.PASSWORD_CHANGED)
    await attempts.forgive(visitor.database, email, visitor.address)
    return pair


async def end_session(work: Work, id: SessionId) -> models.Session:
    """Sign out on another device. Everybody, of their own devices."""
    session = await work.get(Session, id, may.end_session)
    session.ended_at = datetime.now(UTC)
    work.record(Kind.SESSION_ENDED, session, recipient_id=work.viewer.id)
    return session


@dataclass(frozen=True)
class _Proof:
    """A person, and what they have to prove that it is they."""

    person: Person
    credential: Credential

    @property
    def invitation_is_over(self) -> bool:
        expires_at = self.credential.invitation_expires_at
        return expires_at is None or expires_at <= datetime.now(UTC)


async def _prove(
    visitor: Visitor, email: str, password: str, organization_id: UUID | None
) -> _Proof:
    """Whose address and password it is.

    The same error after the same time, whatever is wrong: so nobody learns whose addresses we know.
    """
    await attempts.count(visitor.database, email, visitor.address)
    found = [
        (each["organization_id"], each["person_id"])
        for each in await doors.of_address(visitor.database, email)
        if each["may_sign_in"] and organization_id in (None, each["organization_id"])
    ]
    agency, person_id = found[0] if len(found) == 1 else (None, new_id())
    proof = await _find(visitor, agency, Person.id == person_id)
    known = proof.credential.password_hash if proof else None
    if await passwords.verify(password, known) and proof:
        return proof
    raise Invalid(
        "password",
        "The address or the password is not right. If you work for several agencies, say which.",
    )


async def _find(
    visitor: Visitor, agency: UUID | None, wanted: ColumnElement[bool]
) -> _Proof | None:
    """The one person of an agency who may sign in; of nobody, as much is looked for."""
    same = Person.organization_id == (agency or new_id())
    async with visitor.database.transaction(agency) as transaction:
        credential = await transaction.row(_credentials().where(same, wanted))
        person_id = credential.person_id if credential else new_id()
        person = await transaction.row(select_records(Person).where(same, Person.id == person_id))
    return _Proof(person, credential) if credential else None


def _credentials() -> Any:
    here = Credential.organization_id == Person.organization_id
    return (
        select_records(Credential)
        .join(Person, here & (Credential.person_id == Person.id))
        .where(Person.suspended_at.is_(None))
    )


async def _lock(work: Work, proof: _Proof) -> Credential:
    """What was proven with, locked, if it proves the same still."""
    there = proof.credential
    statement = _credentials().where(
        Person.organization_id == there.organization_id,
        Credential.id == there.id,
        Credential.password_hash.is_not_distinct_from(there.password_hash),
        Credential.invitation_hash.is_not_distinct_from(there.invitation_hash),
    )
    found = await work.rows(statement.with_for_update(key_share=True, of=(Credential, Person)))
    if not found:
        raise Invalid("password", "This was changed meanwhile: try again.")
    credential: Credential = found[0]
    return credential


async def _set_password(visitor: Visitor, proof: _Proof, password: str, kind: Kind) -> TokenPair:
    hashed = await passwords.hashed(password)  # before the transaction: it is slow

    async def renew(work: Work) -> TokenPair:
        credential = await _lock(work, proof)
        credential.password_hash = hashed
        credential.invitation_hash = credential.invitation_expires_at = None
        await sessions.end_all(work.transaction, proof.person)
        told = proof.person.id if kind is Kind.PASSWORD_CHANGED else None
        work.record(kind, proof.person, recipient_id=told)
        return await sessions.begin(work.transaction, visitor.tokens, proof.person, visitor.client)

    pair: TokenPair = (await perform(_as(visitor, proof.person), renew, {})).row
    return pair


def _as(visitor: Visitor, person: Person) -> Context:
    """What a visitor can do once it is known who it is."""
    viewer = Viewer(person.permission, person.id, person.organization_id, frozenset(Scope))
    return Context(viewer, visitor.database, visitor.hub)
