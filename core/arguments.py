"""The arguments that actions take: what clients see of them, and how they are checked."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

import strawberry

import models
from core import ids
from core.cursors import Cursor
from core.errors import Invalid


@dataclass(frozen=True)
class Text:
    """A text that people write."""

    description: str
    at_most: int
    lines: bool = False
    empty: bool = False
    graphql: ClassVar[Any] = str

    def parse(self, value: str, field: str) -> str:
        """The text without white space at its ends; `Invalid` if empty, too long, unprintable."""
        value = value.replace("\r\n", "\n").strip()
        if not self.empty and all(unicodedata.category(c) in _UNSEEN for c in value):
            raise Invalid(field, "This may not be empty.")
        if len(value) > self.at_most:
            raise Invalid(field, f"This may have {self.at_most:,} characters at most.")
        allowed = "\n\t\u2028\u2029" if self.lines else ""
        if any(_controls(c) for c in value if c not in allowed):
            raise Invalid(field, "This may not contain control characters.")
        return value


_UNSEEN = {"Cf", "Mn", "Zl", "Zp", "Zs"}
"""The categories of characters that show nothing by themselves."""


def _controls(character: str) -> bool:
    """Whether a character breaks lines, or turns the direction of what follows it."""
    turns = unicodedata.bidirectional(character) in ("LRO", "RLO", "LRE", "RLE", "PDF")
    return turns or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


@dataclass(frozen=True)
class Address(Text):
    """An address for mail."""

    def parse(self, value: str, field: str) -> str:
        """The address; `Invalid` if nothing can be sent there."""
        value = super().parse(value, field)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise Invalid(field, "This is not an e-mail address.")
        return value


@dataclass(frozen=True)
class Secret:
    """What nobody else may know. It is taken as it is, and shown and logged nowhere."""

    description: str
    at_most: int
    at_least: int = 1
    graphql: ClassVar[Any] = str

    def parse(self, value: str, field: str) -> str:
        """The secret; `Invalid` if it is too short or too long."""
        if not self.at_least <= len(value) <= self.at_most:
            raise Invalid(field, f"This has {self.at_least} to {self.at_most} characters.")
        return value


@dataclass(frozen=True)
class IdOf:
    """The id of a row that is there."""

    model: type[models.Base]
    graphql: ClassVar[Any] = strawberry.ID

    @property
    def description(self) -> str:
        """What it is the id of."""
        return f"The id of {ids.name(self.model)}."

    def parse(self, value: str, field: str) -> UUID:
        """The key; `Invalid` if it is no id, or the id of something else."""
        return ids.decode_as(self.model, value, field)


@dataclass(frozen=True)
class NewId(IdOf):
    """The id of a row that is to be made, chosen by the client."""

    @property
    def description(self) -> str:
        """What it is for."""
        return "An id chosen by the client, with a UUIDv7 in it, so that it can be made offline."

    def parse(self, value: str, field: str) -> UUID:
        """The key; `Invalid` if it is not a UUIDv7, which keeps the index in order of time."""
        chosen = super().parse(value, field)
        if chosen.version != 7:  # noqa: PLR2004 - the version is the name
            raise Invalid(field, "An id chosen by the client holds a UUIDv7.")
        return chosen


@dataclass(frozen=True)
class AnyId:
    """The id of anything."""

    description: str = "The id of anything."
    graphql: ClassVar[Any] = strawberry.ID

    def parse(self, value: str, field: str) -> tuple[type[Any], UUID]:
        """The table and the key."""
        return ids.decode(value, field)


@dataclass(frozen=True)
class PlaceInLog:
    """A cursor that a client got from the log, a feed, a mutation or a subscription."""

    description: str
    graphql: ClassVar[Any] = Cursor

    def parse(self, value: str, field: str) -> Cursor:
        """The place; `Invalid` if it is no cursor."""
        return Cursor.parse(value, field)


@dataclass(frozen=True)
class PlaceInList:
    """The cursor of an edge; which list it is from is checked where the list is read."""

    description: str
    graphql: ClassVar[Any] = Cursor

    def parse(self, value: str, _field: str) -> str:
        """The cursor as it is."""
        return value


SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Hash:
    """The hash of a GraphQL document."""

    description: str
    graphql: ClassVar[Any] = str

    def parse(self, value: str, field: str) -> str:
        """The hash alone; `Invalid` if it is none."""
        found = value.removeprefix("sha256:")
        if not SHA256.fullmatch(found):
            raise Invalid(field, "This is not a SHA-256 in hexadecimal, in lower case.")
        return found


@dataclass(frozen=True)
class Moment:
    """A point in time."""

    description: str
    graphql: ClassVar[Any] = datetime

    def parse(self, value: datetime, field: str) -> datetime:
        """The time in UTC; `Invalid` without an offset, or outside the years 1 to 9999."""
        if value.tzinfo is None:
            raise Invalid(field, "This needs an offset from UTC, such as `Z` or `+02:00`.")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise Invalid(field, "This must be in the years 1 to 9999.") from error


@dataclass(frozen=True)
class Whole:
    """A whole number within bounds."""

    description: str
    at_least: int
    at_most: int
    graphql: ClassVar[Any] = int

    def parse(self, value: int, field: str) -> int:
        """The number; `Invalid` outside the bounds."""
        if not self.at_least <= value <= self.at_most:
            raise Invalid(field, f"This must be {self.at_least} to {self.at_most}.")
        return value


Time = Annotated[datetime, Moment("A point in time.")]
OrderId = Annotated[UUID, IdOf(models.Order)]
OrderServiceId = Annotated[UUID, IdOf(models.OrderService)]
PersonId = Annotated[UUID, IdOf(models.Person)]
ServiceId = Annotated[UUID, IdOf(models.Service)]
PackageId = Annotated[UUID, IdOf(models.Package)]
ChecklistId = Annotated[UUID, IdOf(models.Checklist)]
ChecklistItemId = Annotated[UUID, IdOf(models.ChecklistItem)]
MessageId = Annotated[UUID, IdOf(models.Message)]
OrganizationId = Annotated[UUID, IdOf(models.Organization)]
ApiKeyId = Annotated[UUID, IdOf(models.ApiKey)]
SessionId = Annotated[UUID, IdOf(models.Session)]

Email = Annotated[str, Address("An e-mail address, up to 254 characters.", at_most=254)]
Password = Annotated[str, Secret("What the person chose for a password.", at_most=200)]
NewPassword = Annotated[
    str, Secret("The new password, 10 to 200 characters.", at_least=10, at_most=200)
]
Token = Annotated[str, Secret("A token, as it was given.", at_most=200)]

Name = Annotated[str, Text("A name on one line, 1 to 200 characters.", at_most=200)]
Line = Annotated[str, Text("Text on one line, up to 200 characters.", at_most=200, empty=True)]
Notes = Annotated[
    str, Text("Text, up to 20,000 characters.", at_most=20_000, lines=True, empty=True)
]
MessageText = Annotated[
    str,
    Text(
        "The text, 1 to 10,000 characters. `@Ada Lovelace` mentions a person, "
        "`@Project Manager` everybody with that job role.",
        at_most=10_000,
        lines=True,
    ),
]
Position = Annotated[int, Whole("The place in its list, from 0.", at_least=0, at_most=10_000)]
First = Annotated[int, Whole("How many, from the beginning: 1 to 100.", at_least=1, at_most=100)]
Last = Annotated[int, Whole("How many, from the end: 1 to 100.", at_least=1, at_most=100)]
After = Annotated[Cursor, PlaceInLog("Start after this place in the log.")]
AfterEdge = Annotated[str, PlaceInList("Start after the edge with this cursor.")]
BeforeEdge = Annotated[str, PlaceInList("End before the edge with this cursor.")]
Version = Annotated[int, Whole("A version.", at_least=1, at_most=2**31 - 1)]
IdempotencyKey = Annotated[str, Text("A key of 1 to 200 characters.", at_most=200)]
DocumentHash = Annotated[
    str, Hash("The SHA-256 of a document in hexadecimal, with or without `sha256:` before it.")
]
Search = Annotated[str, Text("Words to look for, up to 200 characters.", at_most=200, empty=True)]
