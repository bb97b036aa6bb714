"""Ids and cursors that somebody may not know, tried wherever the schema takes one."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arguments_walk import Leaf
from databases import noted
from everything_asked import BESIDE_THE_LOG, ask, call, followed, plain, replay
from foreign_things import Things
from id_places import Place
from marked_scene import Marked
from scene import INSTEAD
from stage import Stage

from core import ids
from core.cursors import Cursor
from core.database import Database
from models import LogEntry, Person
from subscriptions.hub import Hub

_LAST = 3
_PAGE = 100


@dataclass(frozen=True)
class Told:
    """What came of an attempt: the answers, and the statements that were sent for them."""

    answers: Sequence[Any]
    statements: Sequence[str]

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The `extensions` of the errors."""
        return [error["extensions"] for each in self.answers for error in each["errors"]]

    @property
    def codes(self) -> set[str]:
        """Their codes."""
        return {error["code"] for error in self.errors}


@dataclass(frozen=True)
class Attempt:
    """A thing that somebody tried at a place, and what they were told; and so with nothing."""

    place: Place
    kind: str
    thing: Any
    told: Told
    nothing: Told

    @property
    def tells(self) -> bool:
        """Whether there is a difference: in what is answered, or in what is done for it."""
        return self.told != self.nothing

    def __repr__(self) -> str:
        return f"{self.place}, {self.kind}: {self.told} instead of {self.nothing}"


@dataclass(frozen=True)
class Intruder:
    """Somebody, beside whose own things those of others are tried."""

    there: Marked
    by: Person
    after: str
    """A place in their log that is near its end, to hear from there on."""

    @classmethod
    def of(cls, stage: Stage, there: Marked, role: str) -> "Intruder":
        """One of an agency."""
        by, log = there.people[role], stage.facts.rows[LogEntry]
        own = [each for each in log if each.organization_id == by.organization_id]
        *_, entry = sorted(own, key=lambda each: each.seq)[:-_LAST]
        return cls(there, by, str(Cursor.at(by.organization_id, entry.seq, entry.id)))

    def behind(self, database: Database, hub: Hub) -> "Intruder":
        """The same, served by another database and another hub."""
        agency = replace(self.there.agency, database=database, hub=hub)
        return replace(self, there=replace(self.there, agency=agency))

    async def attempts(
        self, wanted: Mapping[Place, Iterable[str]], things: Things
    ) -> AsyncIterator[Attempt]:
        """Each thing at each place that takes its kind; several at once where it takes many."""
        for place, kinds in wanted.items():
            for kind in (each for each in kinds if each in things):
                pairs: Sequence[tuple[Any, Any]] = things[kind]
                if place.takes_many:
                    pairs = [([thing for thing, _ in pairs], [nothing for _, nothing in pairs])]
                expected: dict[str, Told] = {}
                for thing, nothing in pairs:
                    if str(nothing) not in expected:
                        expected[str(nothing)] = await self.told(place, nothing)
                    told = await self.told(place, thing)
                    yield Attempt(place, kind, thing, told, expected[str(nothing)])

    async def told(self, place: Place, value: Any) -> Told:
        """What they are told about a value at a place."""
        with noted() as statements:
            answers = await self._answers(place, value)
        return Told(answers, statements)

    async def _answers(self, place: Place, value: Any) -> list[Any]:
        agency, by, name = self.there.agency, self.by, place.name
        if place.document:
            own = {"own": getattr(self.there.mine, place.owner.lower())} if place.owner else {}
            return [plain(await agency.ask(by, place.document, value=value, **own))]
        if place.operation == "query":
            # What is next to a place tells most of it, however many rows others' agencies have.
            page = {"last": _PAGE} if place.path == ("before",) else {}
            return [await ask(agency, by, name, {**page, **place.given(value)}, edges=0)]
        if place.operation == "mutation":
            return [await call(agency, by, name, self._input(place, value))]
        given = {"orderId": self.there.mine.order} if "orderId" in place.beside else {}
        given |= place.given(value)
        if name not in BESIDE_THE_LOG:
            return await replay(agency, by, name, {"after": self.after, **given}, edges=0)
        async with followed(agency, by, name, given, edges=0) as stream:
            return [plain(await anext(stream))]

    def _input(self, place: Place, value: Any) -> dict[str, Any]:
        """An input by which a mutation would change something, but for what stands at a place."""
        path = place.path[1:-1] if place.takes_many else place.path[1:]
        given = self.there.given(place.name)
        given.pop(INSTEAD.get((place.name, ".".join(path)), ""), None)
        if path == ("id",) and place.has_version:
            given["expectedVersion"] = 1
        changed: dict[str, Any] = Leaf(place.name, path, None).put(given, value)
        return changed


def kinds_for(place: Place, things: Things) -> list[str]:
    """The kinds of things that may be written at a place: ids, or cursors."""
    return [kind for kind in things if (kind in ids.MODELS) == (place.takes == "ID")]


async def kinds_of(
    admin: Intruder, places: Iterable[Place], things: Things
) -> dict[Place, list[str]]:
    """Which kinds of things are taken where: those that are not refused for what they are."""
    found: dict[Place, list[str]] = {}
    for place in places:
        for kind in kinds_for(place, things):
            ((_, nothing), *_) = things[kind]
            told = await admin.told(place, [nothing] if place.takes_many else nothing)
            if "BAD_USER_INPUT" not in told.codes:
                found.setdefault(place, []).append(kind)
    return found
