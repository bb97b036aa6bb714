"""An agency full of marked texts: two customers' orders at work, with everything that can happen.

A mark is a word such as `untolda1reason`: the agency is `a`, the order `1`. No two texts share one.
"""

from dataclasses import dataclass
from typing import Any

from factories import Agency, typed
from scene import CALLS, SIGNALS, Scene, make_key
from sqlalchemy import select
from storage import session_of
from worked import Worked, act

from core.cursors import Cursor
from core.database import Database
from models import ChecklistTemplate, Permission, Person, new_id
from subscriptions.hub import Hub


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
        found = {**CALLS, **SIGNALS}[name](self._scene)
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
        async with session_of(agency.database) as session:
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
    async with session_of(agency.database) as session:
        session.add_all([*people, agency.photos, agency.video, agency.package, agency.organization])
        for i, template in enumerate(await session.scalars(select(ChecklistTemplate).where(ours))):
            template.title = f"{mark}template{i}"
            template.items = [f"{template.title}item{n}" for n in range(2)]


_PEOPLE = ("admin", "manager", "staff", "contractor", "customer", "stranger")
