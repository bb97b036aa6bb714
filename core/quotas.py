"""How much of something a person may have at a time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from core.errors import Unavailable


class Quota:
    """So many of something for each person, in this process."""

    def __init__(self, limit: int, what: str) -> None:
        self._limit = limit
        self._what = what
        self._taken: Counter[UUID] = Counter()

    @contextmanager
    def one(self, person_id: UUID) -> Iterator[None]:
        """Has one while the block lasts; `Unavailable` if the person has all of them already."""
        self.take(person_id)
        try:
            yield
        finally:
            self.leave(person_id)

    def take(self, person_id: UUID) -> None:
        """Have one more; `Unavailable` if the person has all of them already."""
        if self._taken[person_id] >= self._limit:
            raise Unavailable(f"{self._limit} {self._what} at a time are the limit.")
        self._taken[person_id] += 1

    def leave(self, person_id: UUID) -> None:
        """Have one less."""
        self._taken[person_id] -= 1
        if not self._taken[person_id]:
            del self._taken[person_id]
