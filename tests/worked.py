"""An order full of marked texts, at which people work."""

from dataclasses import dataclass
from typing import Any

from factories import Agency, typed
from sqlalchemy import select
from storage import session_of

from core.database import Database
from models import Attempts, Base, Organization, Person

_WORDS = ("street", "unit", "city", "region", "postalCode", "country", "entryNotes")
_LIST = "checklist { id items { id } }"


async def act(agency: Agency, by: Person, name: str, selection: str = "", /, **given: Any) -> Any:
    """The payload of a mutation, which must succeed."""
    return (await agency.do(by, name, selection, **given))[name]


async def dump(database: Database, *organizations: Organization) -> dict[type[Any], list[Any]]:
    """All rows of organizations, by table."""
    keys = [each.id for each in organizations]
    found = {}
    async with session_of(database) as session:
        for mapper in Base.registry.mappers:
            table: Any = mapper.class_
            if table is Attempts:  # which are of no agency
                continue
            owner = table.id if table is Organization else table.organization_id
            found[table] = list(await session.scalars(select(table).where(owner.in_(keys))))
    return found


@dataclass
class Worked:
    """An order, and the ids of what is on it."""

    agency: Agency
    mark: str
    customer: Person
    worker: Person
    order: str
    service: str
    escalated: str
    checklist: str = ""
    item: str = ""
    ticked: str = ""
    message: str = ""

    @classmethod
    async def book(
        cls, agency: Agency, mark: str, customer: Person, worker: Person | None = None
    ) -> "Worked":
        """A new order of a customer, about whose work nothing has been said yet."""
        services = "order { id services { id } }"
        given = {
            "customerId": typed(customer),
            "name": f"{mark}order",
            "property": {word: f"{mark}{word.lower()} 1" for word in _WORDS},
            "packageIds": [typed(agency.package)],
            "serviceIds": [typed(agency.photos), typed(agency.video)],
        }
        made = (await act(agency, agency.staff, "createOrder", services, **given))["order"]
        *_, service, escalated = (each["id"] for each in made["services"])
        doer = worker or agency.manager
        return cls(agency, mark, customer, doer, made["id"], service, escalated)

    @property
    def said(self) -> dict[str, str]:
        """What the one who does the service says about it, as it can be said again."""
        return {
            "orderId": self.order,
            "orderServiceId": self.service,
            "text": f"@{self.agency.staff.name} {self.mark}mytext",
            "idempotencyKey": f"{self.mark}key",
        }

    async def open(self) -> None:
        """Do everything that its customer may know of."""
        agency, order = self.agency, {"id": self.order}
        place = {word: f"{self.mark}{word.lower()} 2" for word in _WORDS}
        await act(agency, agency.manager, "updateOrderProperty", **order, property=place)
        package = {"packageId": typed(agency.package)}
        await act(agency, agency.manager, "removeOrderPackage", **order, **package)
        for status in ("COMPLETED", "IN_PROGRESS"):
            await act(agency, agency.manager, "setOrderStatus", **order, status=status)
        for status in ("PAID", "UNPAID"):
            await act(agency, agency.admin, "setPaymentStatus", **order, paymentStatus=status)
        for status in ("PRODUCTION", "POST_PRODUCTION"):
            await act(agency, agency.staff, "moveOrderService", id=self.service, status=status)

    async def close(self) -> None:
        """Do everything that its customer may not know of."""
        await self._staff()
        await self._write()
        await self._escalate()
        await self._list()
        await self._talk()
        await self._leave()

    async def _staff(self) -> None:
        agency, order = self.agency, {"id": self.order}
        manager = {"personId": typed(agency.manager)}
        await act(agency, agency.staff, "setProjectManager", **order, **manager)
        for person in (agency.staff, self.worker):
            await act(agency, agency.admin, "addTeamMember", **order, personId=typed(person))
        does = {"id": self.service, "personId": typed(self.worker)}
        await act(agency, agency.admin, "assignOrderService", **does)

    async def _write(self) -> None:
        agency, order, service = self.agency, {"id": self.order}, {"id": self.service}
        for nth in ("old", "new"):
            notes = {"notes": f"{self.mark}{nth}ordernotes"}
            await act(agency, agency.admin, "updateOrderNotes", **order, **notes)
            notes = {"notes": f"{self.mark}{nth}servicenotes"}
            await act(agency, agency.admin, "updateOrderServiceNotes", **service, **notes)

    async def _escalate(self) -> None:
        agency = self.agency
        for id, nth in ((self.escalated, "old"), (self.escalated, ""), (self.service, "past")):  # noqa: A001
            given = {"id": id, "reason": f"{self.mark}{nth}reason"}
            await act(agency, agency.manager, "escalateOrderService", **given)
        await act(agency, agency.admin, "resolveEscalation", id=self.service)

    async def _list(self) -> None:
        agency, mark, by = self.agency, self.mark, self.agency.admin
        for owner in ({"orderId": self.order}, {"orderServiceId": self.service}):
            word = mark + next(iter(owner)).removesuffix("Id").lower()
            given = {"title": f"{word}title", "items": [f"{word}item{i}" for i in range(3)]}
            made = (await act(agency, by, "createChecklist", _LIST, **owner, **given))["checklist"]
            self.checklist, (item, ticked, gone) = made["id"], (e["id"] for e in made["items"])
            self.item, self.ticked = item, ticked
            await act(agency, by, "renameChecklist", id=self.checklist, title=f"{word}newtitle")
            await act(agency, by, "moveChecklist", id=self.checklist, position=0)
            added = {"checklistId": self.checklist, "text": f"{word}added"}
            await act(agency, by, "addChecklistItem", **added)
            await act(agency, by, "renameChecklistItem", id=item, text=f"{word}newitem")
            await act(agency, by, "moveChecklistItem", id=item, position=2)
            for name in ("tickChecklistItem", "untickChecklistItem", "tickChecklistItem"):
                await act(agency, by, name, id=ticked)
            await act(agency, by, "deleteChecklistItem", id=gone)
        given = {"orderId": self.order, "title": f"{mark}gonetitle", "items": [f"{mark}goneitem"]}
        made = (await act(agency, by, "createChecklist", _LIST, **given))["checklist"]
        await act(agency, by, "deleteChecklist", id=made["id"])

    async def _talk(self) -> None:
        agency, mark, about = self.agency, self.mark, {"orderId": self.order}
        admin, staff = agency.admin, agency.staff
        here = {**about, "orderServiceId": self.service}
        gone = {**about, "text": f"@{staff.name} {mark}gonetext"}
        made = await act(agency, admin, "postMessage", "message { id }", **gone)
        await act(agency, admin, "deleteMessage", id=made["message"]["id"])
        everybody = f"@{staff.name}, @{self.worker.name} and @Photo Editor"
        first = {**about, "text": f"{everybody} {mark}firsttext"}
        made = await act(agency, admin, "postMessage", "message { id }", **first)
        self.message = made["message"]["id"]
        given = {"id": self.message, "text": f"{everybody} {mark}text"}
        await act(agency, admin, "editMessage", **given)
        await act(agency, staff, "postMessage", **here, text=f"@{admin.name} {mark}theirtext")
        cursor = (await act(agency, self.worker, "postMessage", **self.said))["cursor"]
        for person in (admin, staff, self.worker):
            await act(agency, person, "markRead", **about, upTo=cursor)

    async def _leave(self) -> None:
        """Somebody leaves, and what is known of that stays known; last, a better name is found."""
        agency, service = self.agency, {"id": self.service}
        given = {"id": self.order, "personId": typed(agency.staff)}
        await act(agency, agency.admin, "removeTeamMember", **given)
        await act(agency, agency.admin, "unassignOrderService", **service)
        await act(
            agency, agency.admin, "assignOrderService", **service, personId=typed(self.worker)
        )
