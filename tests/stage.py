"""Two agencies in which everything has happened, and those who look at the first."""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from everything_asked import Given
from factories import Agency, typed
from marked_scene import Marked
from plain_rules import Facts, known
from worked import act, dump

from core import ids
from core.cursors import Cursor
from core.database import Database
from models import ACTIVITY, SHARED, Kind, LogEntry, Order, Person
from subscriptions.hub import Hub

OTHERS = ("contractor", "idle", "customer", "stranger", "former", "outsider")
EVERYBODY = ("admin", "staff", *OTHERS)
OWN = frozenset({"mentions", "ordersRead"})
"""The subscriptions that tell one person alone."""
TOLD = {
    "orderFeed": SHARED,
    "ordersChanged": SHARED,
    "mentions": {Kind.PERSON_MENTIONED},
    "ordersRead": {Kind.ORDER_READ},
    "activity": ACTIVITY,
    "log": SHARED,
}
"""The kinds of entries that each subscription tells, if it is not told otherwise."""

FOR_STAFF = {"log"}
"""The fields that only staff and admins may ask for."""


@dataclass
class Stage:
    """What is looked at, by whom, and the facts."""

    marked: Marked
    other: Marked
    facts: Facts

    @classmethod
    async def make(cls, database: Database, hub: Hub) -> "Stage":
        """Two agencies at work."""
        marked, other = await Marked.make(database, hub), await Marked.booked(database, hub, "b")
        await other.mine.open()
        await other.mine.close()
        return await cls(marked, other, Facts({})).look()

    @classmethod
    async def booked(cls, database: Database, hub: Hub) -> "Stage":
        """Two agencies with orders on which nobody has worked."""
        marked, other = await Marked.booked(database, hub), await Marked.booked(database, hub, "b")
        return await cls(marked, other, Facts({})).look()

    @classmethod
    async def with_another(cls, database: Database, hub: Hub) -> tuple["Stage", str]:
        """Such two; the customer has another order there, and the contractor works on both."""
        stage = await cls.booked(database, hub)
        agency, mine = stage.agency, stage.marked.mine
        another = await agency.book()
        for order in (mine.order, another):
            given = {"id": order, "personId": typed(agency.contractor)}
            await act(agency, agency.admin, "addTeamMember", **given)
        mine.worker = agency.manager
        return await stage.look(), another

    async def lose(self, role: str) -> None:
        """Take the customer's first order from its customer, or its contractor from it."""
        agency, mine = self.agency, self.marked.mine
        if role == "customer":
            given = {"id": mine.order, "customerId": typed(agency.stranger)}
            await act(agency, agency.admin, "updateOrderCustomer", **given)
            return
        given = {"id": mine.order, "personId": typed(agency.contractor)}
        await act(agency, agency.admin, "removeTeamMember", **given)
        await act(agency, agency.admin, "unassignOrderService", id=mine.service)

    async def look(self) -> "Stage":
        """The same, with the facts as they are now."""
        both = (self.agency.organization, self.other.agency.organization)
        self.facts = Facts(await dump(self.agency.database, *both))
        return self

    @property
    def agency(self) -> Agency:
        """The agency that is looked at."""
        return self.marked.agency

    @property
    def people(self) -> dict[str, Person]:
        """Its people by what they are, and somebody who may do everything in the other one."""
        return {**self.marked.people, "outsider": self.other.agency.admin}

    @property
    def rows(self) -> list[Any]:
        """Everything in both agencies that has an id."""
        return [row for table, rows in self.facts.rows.items() if known(table) for row in rows]

    @property
    def ids(self) -> list[str]:
        """The ids of all that."""
        return [typed(row) for row in self.rows]

    def contents(self) -> list[str]:
        """The facts as texts, which can be compared with later ones."""
        rows = [row for of_table in self.facts.rows.values() for row in of_table]
        return sorted(repr({**vars(row), "_sa_instance_state": type(row)}) for row in rows)

    def places(self, by: Person, name: str, given: Given, but: Container[str] = ()) -> list[str]:
        """The cursors of what a subscription must tell somebody, leaving out some."""
        if name in FOR_STAFF and not self.facts.is_staff(by):
            return []
        order = ids.decode_as(Order, given["orderId"], "") if "orderId" in given else None
        entries = [
            each
            for each in self.facts.rows[LogEntry]
            if each.kind in TOLD[name] and self._is_told(by, name, each)
        ]
        found = [
            str(Cursor.at(each.organization_id, each.seq, each.id))
            for each in sorted(entries, key=lambda each: each.seq)
            if order in (None, each.order_id) and (each.order_id or name != "ordersChanged")
        ]
        return [place for place in found if place not in but]

    def _is_told(self, by: Person, name: str, entry: LogEntry) -> bool:
        on_board = name == "ordersChanged" and self.facts.names(by, entry)
        return on_board or self.facts.may_see(by, entry)

    def all_places(self, by: Person) -> set[str]:
        """The cursors of all that subscriptions must tell somebody."""
        return {place for name in TOLD for place in self.places(by, name, {})}
