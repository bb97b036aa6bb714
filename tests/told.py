"""Who follows the log, and the checker: each was told all they may know, once and in order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from core.cursors import Cursor
from models import LogEntry, Person


class Divergence(AssertionError):
    """Somebody was not told what the log has: the first difference."""


@dataclass(frozen=True)
class Loss:
    """An order that somebody may see no more after entry number `seq`."""

    order_id: UUID
    seq: int


@dataclass(eq=False)
class Listener:
    """Somebody who follows the log from a place on, and what they were told of it."""

    person: Person
    document: str
    given: dict[str, str]
    after: str
    may_know: Callable[[LogEntry], bool]
    loss: Loss | None = None
    told: list[int] = field(default_factory=list)
    begun: int = field(init=False)

    def __post_init__(self) -> None:
        self.begun = Cursor.parse(self.after, "").seq

    @property
    def variables(self) -> dict[str, Any]:
        """With which it subscribes now."""
        return {**self.given, "after": self.after}

    def take(self, data: dict[str, Any]) -> str:
        """Note an event that arrived; its type."""
        (event,) = data.values()
        if event["type"] == "RESYNC":
            raise Divergence(f"after {self.after}: the log is said not to be the same")
        if event["type"] == "CHANGE":
            if event.get("entry", ...) is None:
                raise Divergence(f"{event['cursor']} is told without what it is about")
            self.told.append(Cursor.parse(event["cursor"], "").seq)
        self.after = event["cursor"]
        return str(event["type"])

    @property
    def reached(self) -> int:
        """The place up to which it knows the log."""
        return Cursor.parse(self.after, "").seq

    def check(self, entries: Sequence[LogEntry]) -> None:
        """Nothing, if it was told what it may know of the log so far; else `Divergence`."""
        known = [each for each in entries if self.begun < each.seq <= self.reached]
        theirs = [each for each in known if self.may_know(each)]
        in_order(self.told)
        withheld = set()
        if loss := self.loss:
            # What came before the loss may be withheld, and what comes after it must be.
            withheld = {each.seq for each in theirs if each.order_id == loss.order_id}
            late = [n for n in self.told if n in withheld and n >= loss.seq]
            if late:
                raise Divergence(f"{late[0]} is told after access was lost by {loss.seq}")
        told = [n for n in self.told if n not in withheld]
        same(told, [each.seq for each in theirs if each.seq not in withheld])


def in_order(told: Sequence[int]) -> None:
    """Nothing, if numbers grow; else `Divergence`."""
    for i, (one, following) in enumerate(pairwise(told), start=1):
        if following <= one:
            what = "doubled" if following in told[:i] else "out of order"
            raise Divergence(f"{following} is {what}, after {one}")


def same(told: Sequence[int], wanted: Sequence[int]) -> None:
    """Nothing, if two rows of growing numbers are equal; else `Divergence`, with the first."""
    if list(told) == list(wanted):
        return
    for one, other in zip(told, wanted, strict=False):
        if one > other:
            raise Divergence(f"{other} is lost, before {one}")
        if one < other:
            raise Divergence(f"{one} is not for them, before {other}")
    if len(told) > len(wanted):
        raise Divergence(f"{told[len(wanted)]} is not for them")
    raise Divergence(f"{wanted[len(told)]} is lost, at the end")
