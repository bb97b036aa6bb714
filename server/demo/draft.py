"""What the demo agency is made with: its present moment, its dice, its rows, and its history."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from models import Base, Organization, Person, Versioned
from server.demo.history import Past, Step

HOURS_A_DAY = 10  # of work: nothing happens in the rest

B = TypeVar("B", bound=Base)


@dataclass
class Draft:
    """The demo agency while it is made.

    Times are hours of work before the present moment: the 13th hour is yesterday, three hours
    before this time of the day. They and the dice are the same each time, so that two demo
    agencies differ by nothing but their present moment.
    """

    now: datetime
    dice: Random
    rows: list[Base] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        founded = self.moment(400 * HOURS_A_DAY)
        self.organization = Organization(
            id=self.new_id(founded), name="Harbourlight Media", created_at=founded
        )
        self.rows.append(self.organization)

    def moment(self, hours: float) -> datetime:
        """The moment that was so many hours of work ago."""
        days, rest = divmod(hours, HOURS_A_DAY)
        return self.now - timedelta(days=days, hours=rest)

    def chance(self, share: float) -> bool:
        """Whether it is so in this case, as it is in `share` of all cases."""
        return self.dice.random() < share

    def new_id(self, at: datetime) -> UUID:
        """A UUIDv7 of a moment, with microseconds in `rand_a` (RFC 9562, 6.2, method 3)."""
        seconds, micros = int(at.timestamp()), at.microsecond
        millis = seconds * 1000 + micros // 1000
        fraction = (micros % 1000 << 12) // 1000
        number = millis << 80 | 7 << 76 | fraction << 64 | 2 << 62 | self.dice.getrandbits(62)
        return UUID(int=number)

    def new(self, model: type[B], hours: float, **values: Any) -> B:
        """A new row, made so many hours of work ago."""
        at = self.moment(hours)
        values |= {"organization_id": self.organization.id, "id": self.new_id(at), "created_at": at}
        if issubclass(model, Versioned):
            values |= {"version": 1, "updated_at": at}
        row = model(**values)
        self.rows.append(row)
        return row

    def then(self, hours: float, actor: Person, do: Callable[..., object], *given: Any) -> None:
        """Note that so many hours of work ago `actor` did it: `do(work, *given)`."""

        def step(work: Past) -> object:
            return do(work, *given)

        self.steps.append(Step(self.moment(hours), actor, step))
