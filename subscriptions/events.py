"""What streams tell."""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Self

from core.cursors import Cursor
from models import LogEntry
from subscriptions.room import PresentPerson


class StreamEventType(Enum):
    """What an event of a stream tells."""

    CHANGE = "CHANGE"
    """Something happened: the event carries it."""
    READY = "READY"
    """What was missed is told; from here on, events come as they happen."""
    RESYNC = "RESYNC"
    """What happened since `after` can't be told: query anew. The stream goes on from here."""


@dataclass(frozen=True)
class StreamEvent:
    """Something that a stream tells, and the place in the log after it."""

    type: StreamEventType
    cursor: Cursor
    entry: LogEntry | None = None
    fits: bool = True
    is_hidden: bool = False
    """The viewer may not see the entry, and is told only that there is something new."""

    @classmethod
    def of(cls, entry: LogEntry) -> Self:
        """The event of an entry."""
        cursor = Cursor.at(entry.organization_id, entry.seq, entry.id)
        return cls(StreamEventType.CHANGE, cursor, entry)


@dataclass(frozen=True)
class PresenceEvent:
    """Who is at an order, and who types there. It has no place in the log: nothing is missed."""

    people: list[PresentPerson]
    total: int
    cursor: ClassVar[None] = None
