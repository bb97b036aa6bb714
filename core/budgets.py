"""Budgets: how many points somebody may spend on operations; they fill again as time goes by."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from uuid import UUID

from core.errors import RateLimited

WINDOW_S = 60
"""How long it takes until a budget of which all was spent is full again."""
_KEPT = 10_000
_NOTHING_S = 1e-6  # less than that is by rounding


class Payer(StrEnum):
    """Who has a budget."""

    PERSON = "person"
    KEY = "key"
    ADDRESS = "address"


_IN_WORDS = {Payer.PERSON: "a person", Payer.KEY: "an API key", Payer.ADDRESS: "an address"}


@dataclass(slots=True)
class Policy:
    """How many points those of a kind have; and what all of them spent at this process."""

    payer: Payer
    limit: int
    spent: int = 0
    refused: int = 0
    """How often somebody had not enough left."""


class Budget:
    """What one payer has left, as far as this process knows.

    All that is known of it is when it will be full, if nothing is spent until then (the generic
    cell rate algorithm); so points are told to others as the seconds in which they come back.
    """

    __slots__ = ("_budgets", "_full_at", "owed_s", "policy", "who")

    def __init__(self, budgets: "Budgets", policy: Policy, who: UUID | str) -> None:
        self.policy = policy
        self.who = who
        self.owed_s = 0.0
        """What was spent here, and is not known to other processes."""
        self._budgets = budgets
        self._full_at = 0.0

    @property
    def left(self) -> int:
        """How many points it has now: none as well if more was spent than there were."""
        return max(0, int((WINDOW_S - self.empty_s + _NOTHING_S) * self.policy.limit / WINDOW_S))

    @property
    def empty_s(self) -> float:
        """How long it takes until it is full."""
        return max(0.0, self._full_at - time.monotonic())

    def take(self, points: int) -> None:
        """Spend so many points; `RateLimited` if there are not so many."""
        seconds = points * WINDOW_S / self.policy.limit
        wait = self.empty_s + seconds - WINDOW_S
        if wait > _NOTHING_S:
            self.policy.refused += 1
            raise RateLimited(
                f"More than {self.policy.limit:,} points a minute: wait a little.",
                math.ceil(wait),
                limit=f"points a minute, of {_IN_WORDS[self.policy.payer]}",
                allowed=self.policy.limit,
            )
        self.spend(points)

    def spend(self, points: int) -> None:
        """Spend so many points; if they are not there, it takes longer until there are some."""
        seconds = points * WINDOW_S / self.policy.limit
        self._full_at = max(self._full_at, time.monotonic()) + seconds
        self.policy.spent += points
        self._owe(seconds)

    def lend(self) -> float:
        """What others are to be told of now, in seconds; it is owed no more."""
        # What has come back since it was spent, as others could not be told for long, is nothing.
        owed_s, self.owed_s = min(self.owed_s, self.empty_s), 0.0
        return owed_s

    def unlend(self, owed_s: float) -> None:
        """Owe it again, as others could not be told."""
        self._owe(owed_s)

    def hear(self, empty_s: float) -> None:
        """Note how empty it is with what others have spent, but without what is owed."""
        self._full_at = time.monotonic() + empty_s + self.owed_s

    def _owe(self, seconds: float) -> None:
        if not self.owed_s:
            self._budgets.note(self)
        self.owed_s += seconds


class Budgets:
    """The budgets of those who asked this process for something; of many, the latest."""

    def __init__(self, limits: Mapping[Payer, int]) -> None:
        self.policies = {payer: Policy(payer, limit) for payer, limit in limits.items()}
        self.owing = asyncio.Event()
        """Set while there is something to tell other processes."""
        self._known: OrderedDict[tuple[Payer, UUID | str], Budget] = OrderedDict()
        self._owing: dict[Budget, None] = {}

    def of(self, payer: Payer, who: UUID | str) -> Budget:
        """The budget of a payer; full, if nothing is known of it."""
        key = payer, who
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Budget(self, self.policies[payer], who)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return found

    def note(self, budget: Budget) -> None:
        """Note that a budget owes something."""
        self._owing[budget] = None
        self.owing.set()

    def take(self, count: int) -> list[Budget]:
        """The first that owe something, which are noted no more."""
        taken = list(islice(self._owing, count))
        for each in taken:
            del self._owing[each]
        if not self._owing:
            self.owing.clear()
        return taken
