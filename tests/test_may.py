"""Who may do what: the whole matrix, through the API."""

from dataclasses import dataclass
from typing import Any

import pytest
from factories import Agency, Answer, typed
from scene import make_key, soon

from models import Person

ROLES = ("admin", "staff", "assigned", "unassigned", "customer", "stranger")
OK, NO, UNSEEN = "OK", "FORBIDDEN", "NOT_FOUND"

# Who:                          admin staff assigned unassigned customer stranger
MATRIX = {
    "see an order": (OK, OK, OK, UNSEEN, OK, UNSEEN),
    "follow its feed": (OK, OK, OK, UNSEEN, OK, UNSEEN),
    "book for a customer": (OK, OK, NO, NO, OK, NO),
    "set its status": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "set its payment status": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "change its customer": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "correct its property": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "write its notes": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "add a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "remove a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "remove a package": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "move a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "rename a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "write a service's notes": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "escalate a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "resolve an escalation": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "set its project manager": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "add a team member": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "assign a service": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "create a checklist": (OK, OK, NO, UNSEEN, NO, UNSEEN),
    "add a checklist item": (OK, OK, NO, UNSEEN, UNSEEN, UNSEEN),
    "tick on the own service": (OK, OK, OK, UNSEEN, UNSEEN, UNSEEN),
    "tick on another service": (OK, OK, NO, UNSEEN, UNSEEN, UNSEEN),
    "see who is there": (OK, OK, OK, UNSEEN, NO, UNSEEN),
    "say that one types": (OK, OK, OK, UNSEEN, NO, UNSEEN),
    "write in the chat": (OK, OK, OK, UNSEEN, NO, UNSEEN),
    "mark as read": (OK, OK, OK, UNSEEN, NO, UNSEEN),
    "invite a person": (OK, NO, NO, NO, NO, NO),
    "renew an invitation": (OK, NO, NO, NO, UNSEEN, UNSEEN),
    "suspend a person": (OK, NO, NO, NO, UNSEEN, UNSEEN),
    "reinstate a person": (OK, NO, NO, NO, UNSEEN, UNSEEN),
    "make an API key": (OK, NO, NO, NO, NO, NO),
    "rotate an API key": (OK, UNSEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN),
    "revoke an API key": (OK, UNSEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN),
    "end a session of another": (UNSEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN, UNSEEN),
}

ASKED = {
    "see an order": "query ($id: ID!) { order(id: $id) { id } }",
    "say that one types": """mutation ($id: ID!) {
      signalTyping(input: { orderId: $id }) { seconds } }""",
}
FOLLOWED = {
    "follow its feed": "subscription ($id: ID!) { orderFeed(orderId: $id) { type } }",
    "see who is there": "subscription ($id: ID!) { orderPresence(orderId: $id) { total } }",
}

SCENE = """query ($id: ID!) { order(id: $id) {
  services { id checklists { items { id } } } checklists { id items { id } }
  feed(first: 1) { edges { cursor } }
} }"""


@dataclass
class Scene:
    """An order on which the contractor is the assignee of the photos."""

    agency: Agency
    order: str
    photos: str
    own_item: str
    other_item: str
    checklist: str
    cursor: str
    session: str
    key: str

    async def attempt(self, what: str, who: Person) -> Answer:
        """What the API answers to one who attempts something of the matrix."""
        agency = self.agency
        if document := ASKED.get(what):
            return await agency.ask(who, document, id=self.order)
        if document := FOLLOWED.get(what):
            async with agency.watch(who, document, id=self.order) as stream:
                return await anext(stream)
        name, given = self._actions()[what]
        return await agency.do(who, name, **given)

    def _actions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        return {**self._on_orders(), **self._on_services(), **self._on_people()}

    def _on_orders(self) -> dict[str, tuple[str, dict[str, Any]]]:
        agency, order, its = self.agency, {"id": self.order}, {"orderId": self.order}
        place = {"street": "1 Elm", "city": "Ulm", "country": "DE"}
        customer = {"customerId": typed(agency.customer)}
        manager, staff = {"personId": typed(agency.manager)}, {"personId": typed(agency.staff)}
        video, package = {"serviceIds": [typed(agency.video)]}, typed(agency.package)
        return {
            "book for a customer": ("createOrder", {**customer, "property": place}),
            "set its status": ("setOrderStatus", {**order, "status": "POSTPONED"}),
            "set its payment status": ("setPaymentStatus", {**order, "paymentStatus": "PAID"}),
            "change its customer": ("updateOrderCustomer", {**order, **customer}),
            "correct its property": ("updateOrderProperty", {**order, "property": place}),
            "write its notes": ("updateOrderNotes", {**order, "notes": "x"}),
            "add a service": ("addOrderServices", {**order, **video}),
            "remove a package": ("removeOrderPackage", {**order, "packageId": package}),
            "set its project manager": ("setProjectManager", {**order, **manager}),
            "add a team member": ("addTeamMember", {**order, **staff}),
            "create a checklist": ("createChecklist", {**its, "title": "x"}),
            "write in the chat": ("postMessage", {**its, "text": "x"}),
            "mark as read": ("markRead", {**its, "upTo": self.cursor}),
        }

    def _on_services(self) -> dict[str, tuple[str, dict[str, Any]]]:
        photos, staff = {"id": self.photos}, {"personId": typed(self.agency.staff)}
        return {
            "remove a service": ("removeOrderService", photos),
            "move a service": ("moveOrderService", {**photos, "status": "COMPLETE"}),
            "rename a service": ("renameOrderService", {**photos, "name": "x"}),
            "write a service's notes": ("updateOrderServiceNotes", {**photos, "notes": "x"}),
            "escalate a service": ("escalateOrderService", {**photos, "reason": "x"}),
            "resolve an escalation": ("resolveEscalation", photos),
            "assign a service": ("assignOrderService", {**photos, **staff}),
            "add a checklist item": (
                "addChecklistItem",
                {"checklistId": self.checklist, "text": "x"},
            ),
            "tick on the own service": ("tickChecklistItem", {"id": self.own_item}),
            "tick on another service": ("tickChecklistItem", {"id": self.other_item}),
        }

    def _on_people(self) -> dict[str, tuple[str, dict[str, Any]]]:
        manager, staff = {"id": typed(self.agency.manager)}, {"personId": typed(self.agency.staff)}
        new = {"name": "x", "email": "x@example.com", "permission": "STAFF"}
        key = {"name": "x", **staff, "scopes": ["LOG_READ"], "expiresAt": soon()}
        return {
            "invite a person": ("invitePerson", new),
            "renew an invitation": ("renewInvitation", manager),
            "suspend a person": ("suspendPerson", manager),
            "reinstate a person": ("reinstatePerson", manager),
            "make an API key": ("createApiKey", key),
            "rotate an API key": ("rotateApiKey", {"id": self.key}),
            "revoke an API key": ("revokeApiKey", {"id": self.key}),
            "end a session of another": ("endSession", {"id": self.session}),
        }


async def set_scene(agency: Agency) -> Scene:
    """An order with everything that the matrix needs."""
    order_id = await agency.book()
    found = (await agency.ask(agency.admin, SCENE, id=order_id))["order"]
    photos = found["services"][0]
    await agency.do(
        agency.admin, "assignOrderService", id=photos["id"], personId=typed(agency.contractor)
    )
    return Scene(
        agency=agency,
        order=order_id,
        photos=photos["id"],
        own_item=photos["checklists"][0]["items"][0]["id"],
        other_item=found["checklists"][0]["items"][0]["id"],
        checklist=found["checklists"][0]["id"],
        cursor=found["feed"]["edges"][0]["cursor"],
        session=await agency.begin_session(agency.manager),
        key=await make_key(agency),
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", MATRIX)
async def test_matrix(agency: Agency, what: str, role: str) -> None:
    scene = await set_scene(agency)
    people = {"assigned": agency.contractor, "unassigned": await agency.another_contractor()}
    answer = await scene.attempt(what, people.get(role) or getattr(agency, role))
    expected = MATRIX[what][ROLES.index(role)]
    assert (answer.errors[0]["extensions"]["code"] if answer.errors else OK) == expected
