"""Realtime parts that are broken in one way each, which the checker must find."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models import Kind, LogEntry
from subscriptions.groups import Group, Item
from subscriptions.shared import Shared
from subscriptions.streams import Stream
from subscriptions.tail import Tail

Replacement = Callable[[Any], Any]
NOW_AND_THEN = 7


@dataclass(frozen=True)
class Broken:
    """Methods that are replaced by broken ones, and what the checker must say (a pattern)."""

    name: str
    found: str
    parts: Sequence[tuple[type[Any], str, Replacement]]
    by_hand: bool = False
    """Whether clients take what is handed to them at once."""


def forgetting(offer: Any) -> Any:
    """A group that forgets a message now and then."""

    def forgetful(group: Group, item: Item) -> bool:
        is_forgotten = item.seq % NOW_AND_THEN == 0 and item.entry.kind is Kind.MESSAGE_POSTED
        return is_forgotten or bool(offer(group, item))

    return forgetful


def repeating(after: Any) -> Any:
    """A group that tells the last entry again."""
    return lambda group, seq: after(group, seq - (seq % NOW_AND_THEN == 0))


def reversing(after: Any) -> Any:
    """A group that tells what has come meanwhile in another order."""

    def reversed_(group: Group, seq: int) -> Sequence[LogEntry] | None:
        found: Sequence[LogEntry] | None = after(group, seq)
        return found and found[::-1]

    return reversed_


def jumping(read: Any) -> Any:
    """A tail that reads the newest entry, and takes it for the next."""

    async def newest(tail: Tail, after: int, head: int) -> Any:
        found = list(await read(tail, after, head))
        return [found[0], found[-1]] if after >= 0 and found else found

    return newest


def credulous(_take: Any) -> Any:
    """A tail that does not look whether an entry is the next one."""

    def take(tail: Tail, item: Any) -> None:
        tail.position = item.seq - 1
        _take(tail, item)

    return take


def resuming(further: int) -> Replacement:
    """A stream that resumes so much further than it was asked to."""

    def planted(is_there: Any) -> Any:
        async def elsewhere(stream: Stream, tail: Tail, cursor: Any, head: int) -> bool:
            known: bool = await is_there(stream, tail, cursor, head)
            object.__setattr__(stream, "after", replace(cursor, seq=cursor.seq + further))
            return known

        return elsewhere

    return planted


def handing_twice(hand: Any) -> Any:
    """Hands out an entry, and forgets that it has."""

    async def forgetful(shared: Shared, seq: int, answer: Any) -> None:
        before = {member: member.position for member in shared._waiting}  # noqa: SLF001
        await hand(shared, seq, answer)
        for member, position in before.items():
            if seq % NOW_AND_THEN == 0:
                member.position = min(member.position, position)

    return forgetful


def for_anybody(_concerns: Any) -> Any:
    """A group that does not look for whom an entry is."""
    return lambda group, item: group._wanted.fits(item.entry)  # noqa: SLF001


def unasked(_answered: Any) -> Any:
    """A stream that does not ask whether its viewer may still see the order."""

    async def answered(stream: Stream, context: Any, step: Any, answer: Any) -> Any:
        event = await stream.event(context, step)
        return (None, True) if event is None else await answer(context, event)

    return answered


BROKEN = [
    Broken("a message is forgotten", "is lost", [(Group, "offer", forgetting)]),
    Broken("an entry is told again", "is doubled", [(Group, "after", repeating)]),
    Broken("entries are told in another order", "is out of order", [(Group, "after", reversing)]),
    Broken(
        "what is between is left out",
        "is lost|the log is said not to be the same",
        [(Tail, "_read", jumping), (Tail, "_take", credulous)],
    ),
    Broken("resumes one too far", "is lost", [(Stream, "_is_there", resuming(1))]),
    Broken("resumes one too early", "is doubled", [(Stream, "_is_there", resuming(-1))]),
    Broken(
        "tells again what was handed out",
        "is doubled",
        [(Shared, "_hand", handing_twice)],
        by_hand=True,
    ),
    Broken(
        "ignores that access is lost",
        "is told",
        [(Group, "_concerns", for_anybody), (Stream, "_answered", unasked)],
    ),
]
