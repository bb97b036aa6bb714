"""An agency full of marked texts: two customers' orders at work, with everything that can happen.

A mark is a word such as `untolda1reason`: the agency is `a`, the order `1`. No two texts share one.
"""

from dataclasses import dataclass
from typing import Any

from factories import Agency, typed
from scene import CALLS, Scene, make_key
from sqlalchemy import select

from core.cursors import Cursor
from core.database import Database
from models import Attempts, Base, ChecklistTemplate, Organization, Permission, Person, new_id
from subscriptions.hub import Hub

_WORDS = ("street", "unit", "city", "region", "postalCode", "country", "entryNotes")
_LIST = "checklist { id items { id } }"


async def act(agency: Agency, by: Person, name: str, selection: str = "", /, **given: Any) -> Any:
    """The payload of a mutation, which must succeed."""
    return (await agency.do(by, name, selection, **given))[name]


async def dump(database: Database, *organizations: Organization) -> dict[type[Any], list[Any]]:
    """All rows of organizations, by table."""
    keys = [each.id for each in organizations]
    found = {}
    async with database.read() as session:
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


@dataclass
class Marked:
    """An agency with an order of the customer, which its contractor works on, and a stranger's."""

    agency: Agency
    idle: Person
    former: Person
    mine: Worked
    theirs: Worked
    session: str
    key: str

    @classmethod
    async def make(cls, database: Database, hub: Hub, letter: str = "a") -> "Marked":
        """A new agency in which everything has happened on both orders."""
        made = await cls.booked(database, hub, letter)
        for worked in (made.mine, made.theirs):
            await worked.open()
            await worked.close()
        await made._swap()  # noqa: SLF001
        await made._come_and_go(f"untold{letter}")  # noqa: SLF001
        return made

    @classmethod
    async def booked(cls, database: Database, hub: Hub, letter: str = "a") -> "Marked":
        """A new agency in which both orders have just been booked."""
        agency = await Agency.make(database, hub)
        idle = await agency.another_contractor()
        former = Person(
            organization_id=agency.organization.id,
            id=new_id(),
            name="Fern Former",
            email="fern",
            permission=Permission.CUSTOMER,
            job_roles=[],
        )
        mark = f"untold{letter}"
        await _mark(agency, mark, [idle, former])
        session = await agency.begin_session(agency.admin)
        key = await make_key(agency, f"{mark}keyname")
        book, contractor = Worked.book, agency.contractor
        mine = await book(agency, f"{mark}1", agency.customer, contractor)
        theirs = await book(agency, f"{mark}2", agency.stranger)
        return cls(agency, idle, former, mine, theirs, session, key)

    @property
    def people(self) -> dict[str, Person]:
        """Those who look at it, by what they are."""
        agency = self.agency
        return {
            "admin": agency.admin,
            "manager": agency.manager,
            "staff": agency.staff,
            "contractor": agency.contractor,
            "idle": self.idle,
            "customer": agency.customer,
            "stranger": agency.stranger,
            "former": self.former,
        }

    def given(self, name: str) -> dict[str, Any]:
        """An input by which a mutation changes something about the customer's order."""
        manager = self.agency.manager.name
        found = CALLS[name](self._scene)
        return (
            found | {"text": found.get("text", "").replace("Mia Manager", manager)}
            if "text" in found
            else found
        )

    @property
    def _scene(self) -> Scene:
        mine = self.mine
        return Scene(
            agency=self.agency,
            order=mine.order,
            service=mine.service,
            escalated=mine.escalated,
            checklist=mine.checklist,
            item=mine.item,
            ticked=mine.ticked,
            message=mine.message,
            session=self.session,
            suspended=self.former,
            key=self.key,
            cursor=str(Cursor.at(self.agency.organization.id, 1, None)),
        )

    async def _swap(self) -> None:
        """Give each order away and back, rename a service, and let a contractor go from an order."""  # noqa: E501
        agency = self.agency
        for worked in (self.mine, self.theirs):
            for customer in (self.former, worked.customer):
                given = {"id": worked.order, "customerId": typed(customer)}
                await act(agency, agency.admin, "updateOrderCustomer", **given)
            given = {"id": worked.service, "name": f"{worked.mark}service"}
            await act(agency, agency.admin, "renameOrderService", **given)
        given = {"id": self.theirs.order, "personId": typed(agency.contractor)}
        for name in ("addTeamMember", "removeTeamMember"):
            await act(agency, agency.admin, name, **given)

    async def _come_and_go(self, mark: str) -> None:
        """Let somebody in, who signs in on two devices and out of one, and keep them out again."""
        agency, email = self.agency, f"{mark}nova@example.com"
        given = {"name": f"Nova {mark}novaname", "email": email, "phone": f"+{mark}novaphone"}
        selection = "person { id } secret"
        invited = await act(
            agency, agency.admin, "invitePerson", selection, permission="STAFF", **given
        )
        old, new = f"{mark}password", f"{mark}newpassword"
        by = {"email": email, "organizationId": typed(agency.organization)}
        for client, (name, asked) in enumerate(
            (
                ("acceptInvitation", {"token": invited["secret"], "password": old}),
                ("changePassword", {**by, "password": old, "newPassword": new}),
                ("signIn", {**by, "password": new}),
            )
        ):
            assert (await agency.visit(name, client=f"{mark}client{client}", **asked))[name]
        async with agency.database.read() as session:
            ours = Person.organization_id == agency.organization.id
            nova = await session.scalar(select(Person).where(Person.email == email, ours))
        assert nova
        listed = await agency.ask(nova, "{ viewer { sessions { id client } } }")
        (ended, _) = listed["viewer"]["sessions"]
        await act(agency, nova, "endSession", id=ended["id"])
        for name in ("suspendPerson", "reinstatePerson"):
            await act(agency, agency.admin, name, id=typed(nova))
        another = await make_key(agency, f"{mark}otherkeyname")
        await act(agency, agency.admin, "revokeApiKey", id=another)


async def _mark(agency: Agency, mark: str, more: list[Person]) -> None:
    """Put marks on whatever an agency begins with."""
    people = [*(getattr(agency, name) for name in _PEOPLE), *more]
    for person in people:
        first, last = person.name.split()
        word = f"{mark}{first}{last}".lower()
        person.name = f"{first} {word}name"
        person.email, person.phone = f"{word}@example.com", f"+{word}phone"
    for row in (agency.photos, agency.video, agency.package):
        word = f"{mark}{row.name.replace(' ', '')}".lower()
        row.name, row.description = f"{word}name", f"{word}text"
    for service in (agency.photos, agency.video):
        service.category, service.notes = f"{service.name}category", f"{service.name}notes"
    agency.organization.name = f"{mark}agency"
    ours = ChecklistTemplate.organization_id == agency.organization.id
    async with agency.database.transaction() as session:
        session.add_all([*people, agency.photos, agency.video, agency.package, agency.organization])
        for i, template in enumerate(await session.scalars(select(ChecklistTemplate).where(ours))):
            template.title = f"{mark}template{i}"
            template.items = [f"{template.title}item{n}" for n in range(2)]


_PEOPLE = ("admin", "manager", "staff", "contractor", "customer", "stranger")
