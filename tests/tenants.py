"""Two agencies, and the walls between them: the fixture of the tests that try them."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import pytest
from databases import Both, Walled, unfiltered
from effects import rows
from everything_asked import walk
from foreign_things import Things, cursors_in, ids_of
from id_places import Place, chosen, places
from intruding import Intruder, kinds_of
from marked_scene import Marked
from stage import Stage

import schema
from models import Organization
from server.embedded import Postgres, Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

OPERATIONS = ("query", "mutation", "subscription")


@dataclass
class Tenants:
    """An agency in which everything has happened, and another one that looks at it."""

    stage: Stage
    walls: Mapping[str, tuple[Both, Hub]]
    things: Things
    """All that is tried of the first: ids, and cursors."""
    kinds: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    """Which of them each place of the schema takes."""

    @property
    def ours(self) -> Marked:
        """The agency that is to be kept apart."""
        return self.stage.marked

    def intruder(self, role: str, wall: str = "both") -> Intruder:
        """Somebody of the other agency, behind a wall."""
        return Intruder.of(self.stage, self.stage.other, role).behind(*self.walls[wall])

    def wanted(self, operation: str) -> Mapping[Place, Sequence[str]]:
        """What is tried where, by operations of a kind."""
        fresh = chosen()
        there = {place: of for place, of in self.kinds.items() if place not in fresh}
        return {place: of for place, of in there.items() if place.operation == operation}

    async def contents(self) -> Counter[tuple[str, str]]:
        """All rows of ours, with the head of the log."""
        return await rows(self.ours)

    @cached_property
    def traces(self) -> set[str]:
        """The keys of everything of ours, and the marks in it."""
        admin = self.ours.agency.admin
        return self.stage.facts.readable(admin) - self.stage.facts.readable(
            self.stage.other.agency.admin
        )


def everywhere() -> Iterator[Place]:
    """All places of the schema, but for those of visitors."""
    found = (place for operation in OPERATIONS for place in places(operation))
    return (place for place in found if place.name not in schema.DOORS)


@asynccontextmanager
async def behind(database: Both, valkey: Valkey) -> AsyncIterator[tuple[Both, Hub]]:
    """A database, and a hub that reads from it."""
    hub = Hub(database, Bus(valkey.url))
    await hub.start()
    yield database, hub
    await hub.stop()
    await database.close()


@pytest.fixture(scope="module")
async def tenants(
    postgres: Postgres, valkey: Valkey, database: Both, hub: Hub, unlimited: None
) -> AsyncIterator[Tenants]:
    """Such two agencies, behind both walls, behind each, and behind none."""
    del unlimited
    stage = await Stage.make(database, hub)
    alone = {
        "first": Walled(postgres, as_owner=True),
        "second": Walled(postgres, sends=unfiltered),
        "undone": Walled(postgres, keeps=False),
        "none": Walled(postgres, as_owner=True, sends=unfiltered, keeps=False),
    }
    async with AsyncExitStack() as stack:
        walls = {"both": (database, hub)}
        for wall, each in alone.items():
            walls[wall] = await stack.enter_async_context(behind(each, valkey))
        agency = stage.marked.agency
        ours = ids_of(row for row in stage.rows if _agency_of(row) == agency.organization.id)
        told = await walk(agency, agency.admin, stage.ids)
        tenants = Tenants(stage, walls, {**ours, **cursors_in(told)})
        admin = tenants.intruder("admin", "undone")
        tenants.kinds = await kinds_of(admin, everywhere(), tenants.things)
        yield tenants


def _agency_of(row: Any) -> UUID:
    agency: UUID = row.id if isinstance(row, Organization) else row.organization_id
    return agency
