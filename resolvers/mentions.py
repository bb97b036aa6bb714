"""Mentions: who is named in a message, how that is kept, and how it is read."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from difflib import SequenceMatcher
from itertools import starmap
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, func, or_, select

import models
from core import ids
from core.arguments import AfterEdge, BeforeEdge, First, Last
from core.context import Info
from core.errors import Invalid
from core.pages import Key, Page, Slice, page
from core.records import select_records
from core.statements import Sees
from core.work import Work
from engine.fields import within
from models import Assignment, JobRole, Kind, Mention, Message, Permission, Person, new_id

_AT_ONCE = 50
_LONGEST_SHOWN = 50
_BLANK_LINE = re.compile(r"\n\s*\n")
_ALIKE = 0.8  # a letter or two
# What phones write for what a keyboard has.
_SAME = str.maketrans({"\N{RIGHT SINGLE QUOTATION MARK}": "'"})


class _Colleague(NamedTuple):
    """Somebody who can be mentioned."""

    id: UUID
    name: str
    job_roles: Sequence[JobRole]
    sees: bool


async def mentions_of_viewer(
    info: Info,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Mention]:
    """Where the viewer is mentioned, newest first; a deleted message mentions nobody."""
    context = info.context
    statement = context.select(Mention).where(Mention.person_id == context.viewer.id)
    keys = [
        Key(
            "CREATED_AT",
            "created_at",
            Mention.created_at,
            lambda row: row.created_at,
            datetime,
            descending=True,
        ),
        Key("ID", "id", Mention.id, lambda row: row.id, UUID, descending=True),
    ]
    return await page(info, statement, keys, Slice(first, after, last, before))


async def of_messages(messages: Sequence[models.Message], info: Info) -> list[list[models.Mention]]:
    """Whom it mentions, by name or by job role; nobody once it is deleted."""
    found: dict[UUID, list[models.Mention]] = {message.id: [] for message in messages}
    for row in await info.read(_in_messages, keys=list(found)):
        found[row.message_id].append(row)
    return [found[message.id] for message in messages]


def _in_messages(sees: Sees) -> Select[Any]:
    """The mentions in messages of the `keys`."""
    wanted = sees.select(Mention, reads=["message_id"]).where(within(Mention.message_id, "keys"))
    return wanted.order_by(Mention.id)


async def people_in(work: Work, text: str, order_id: UUID) -> dict[UUID, JobRole | None]:
    """The people that a text mentions, without its author, each with the role if not by name.

    `Invalid` if it mentions somebody who is not there or may not see the order, or too many.
    """
    told = fold(text)
    if not places(told):
        return {}
    by_name: dict[str, list[_Colleague]] = defaultdict(list)
    by_role: dict[JobRole, list[_Colleague]] = defaultdict(list)
    for person in starmap(_Colleague, await work.read(_colleagues, order=order_id)):
        by_name[fold(person.name)].append(person)
        for held in person.job_roles if person.sees else ():
            by_role[held].append(person)
    named: dict[UUID, None] = {}
    grouped: dict[UUID, JobRole] = {}
    for name, place in find(told, by_name.keys() | ROLES.keys()).items():
        if name is None:
            rest = text.split("@")[told.count("@", 0, place)]
            names = [each.name for same in by_name.values() for each in same if each.sees]
            raise await _unknown(work, rest, names)
        seeing = [person for person in by_name.get(name, ()) if person.sees]
        if not seeing and name not in ROLES:
            raise Invalid("text", f"{by_name[name][0].name} may not see this order.")
        named |= dict.fromkeys(person.id for person in seeing)
        if role := ROLES.get(name):
            grouped = dict.fromkeys((person.id for person in by_role[role]), role) | grouped
    people: dict[UUID, JobRole | None] = {**grouped, **named}
    people.pop(work.viewer.id, None)
    if len(people) > _AT_ONCE:
        raise Invalid("text", f"A message may mention {_AT_ONCE} people at most.")
    return people


async def add(work: Work, message: Message, people: Mapping[UUID, JobRole | None]) -> None:
    """Let a message mention people whom it has not mentioned yet, and tell each of them."""
    rows = [
        Mention(
            organization_id=message.organization_id,
            id=new_id(),
            order_id=message.order_id,
            order_service_id=message.order_service_id,
            message_id=message.id,
            person_id=person_id,
            job_role=role,
        )
        for person_id, role in people.items()
    ]
    await work.add(*rows)
    for row in rows:
        told = {"message": ids.encode(Message, message.id)}
        work.record(Kind.PERSON_MENTIONED, row, recipient_id=row.person_id, **told)


async def replace(work: Work, message: Message, people: Mapping[UUID, JobRole | None]) -> None:
    """Let a message mention these people: only the new ones are told, the others just go."""
    # Not `work.select`, which gives the viewer's own only.
    statement = select_records(Mention).where(
        Mention.organization_id == message.organization_id, Mention.message_id == message.id
    )
    new = dict(people)
    for row in await work.rows(statement):
        if row.person_id in people:
            row.job_role = new.pop(row.person_id)
        else:
            await work.delete(row)
    await add(work, message, new)


def fold(text: str) -> str:
    """A text as names are compared: whatever its case, letters' composition, spaces, line breaks.

    A blank line stays: what follows it belongs to no name before it.
    """
    spaced = "\n\n".join(" ".join(part.split()) for part in _BLANK_LINE.split(text))
    decomposed = unicodedata.normalize("NFD", spaced)
    return unicodedata.normalize("NFD", decomposed.casefold()).translate(_SAME)


ROLES = {fold(name): role for role in JobRole for name in (role.name.replace("_", " "), role.name)}


def places(text: str) -> list[int]:
    """Where mentions begin: at a letter after an `@`, which is not that of an e-mail address."""
    return [
        i + 1
        for i, character in enumerate(text)
        if character == "@" and text[i + 1 : i + 2].isalpha() and not _in_address(text[i - 1 : i])
    ]


def find(text: str, names: AbstractSet[str]) -> dict[str | None, int]:
    """The longest of `names` at each mention, and where first; None where it is none of them.

    Both are folded. A name ends where the word ends. The search ends with the first None.
    """
    lengths = sorted({len(name) for name in names}, reverse=True)
    found: dict[str | None, int] = {}
    for place in places(text):
        parts = ((text[place : place + n], text[place + n : place + n + 1]) for n in lengths)
        whole = (part for part, next_ in parts if part in names and not _goes_on(next_))
        found.setdefault(name := next(whole, None), place)
        if name is None:
            break
    return found


def _in_address(before: str) -> bool:
    return _goes_on(before) or before in {"_", ".", "+", "-"}


def _goes_on(character: str) -> bool:
    """Whether a word goes on with a character: a letter, a digit, or a mark upon a letter."""
    return character.isalnum() or (
        character != "" and unicodedata.category(character).startswith("M")
    )


def _colleagues(sees: Sees) -> Select[Any, Any, Any, Any]:
    """Who can be mentioned about an `order`, and whether they see it: what `_Colleague` has."""
    assigned = (
        select(Assignment.id)
        .where(Assignment.organization_id == Person.organization_id)
        .where(Assignment.order_id == bindparam("order", type_=Assignment.order_id.type))
        .where(Assignment.person_id == Person.id)
        .exists()
    )
    sees_it = or_(Person.permission != Permission.CONTRACTOR, assigned)
    return (
        select(Person.id, Person.name, Person.job_roles, sees_it)
        .where(sees.visible(Person), Person.permission != Permission.CUSTOMER)
        .order_by(Person.name, Person.id)
    )


async def _unknown(work: Work, rest: str, names: Iterable[str]) -> Invalid:
    """The error for a mention of nobody, where `rest` follows the `@`.

    It says so if it is a customer, if the viewer may know that; and who of `names` may be meant.
    """
    rest = " ".join(_BLANK_LINE.split(rest)[0].split())
    statement = (
        work.select(Person)
        .where(Person.permission == Permission.CUSTOMER)
        .where(func.starts_with(func.lower(rest), func.lower(Person.name)))
    )
    for customer in await work.rows(statement.limit(_AT_ONCE)):
        if None not in find(fold(f"@{rest}"), {fold(customer.name)}):
            return Invalid("text", f"{customer.name} is a customer and can't see the chat.")
    said, meant = likely(rest, names)
    hint = f": did you mean @{meant}?" if meant else "."
    return Invalid("text", f"@{said} is nobody who can be mentioned{hint}")


def likely(rest: str, names: Iterable[str]) -> tuple[str, str | None]:
    """What of a text is meant to be a name, and the name that is most like it, if one is."""
    likeness, said, meant = 0.0, _begin(rest, 1), None
    for name in names:
        whole = _begin(rest, len(name.split()))
        ratio = SequenceMatcher(None, fold(whole), fold(name)).ratio()
        is_half = fold(name).startswith(f"{fold(_begin(rest, 1))} ")
        if ratio > max(likeness, _ALIKE):
            likeness, said, meant = ratio, whole, name
        elif is_half and not likeness:
            meant = meant or name
    return said, meant


def _begin(text: str, words: int) -> str:
    """So many words of a text, without what ends a sentence behind them."""
    return " ".join(text.split()[:words]).rstrip(".,:;!?)]}\"'")[:_LONGEST_SHOWN]
