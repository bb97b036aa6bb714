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
        if what == "see an order":
            return await agency.ask(
                who, "query ($id: ID!) { order(id: $id) { id } }", id=self.order
            )
        if what == "follow its feed":
            document = "subscription ($id: ID!) { orderFeed(orderId: $id) { type } }"
            async with agency.watch(who, document, id=self.order) as stream:
                return await anext(stream)
        name, given = self._actions()[what]
        return await agency.do(who, name, **given)

    def _actions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        agency, order, photos = self.agency, {"id": self.order}, {"id": self.photos}
        place = {"street": "1 Elm", "city": "Ulm", "country": "DE"}
        customer = {"customerId": typed(agency.customer)}
        return {
            "book for a customer": ("createOrder", {**customer, "property": place}),
            "set its status": ("setOrderStatus", {**order, "status": "POSTPONED"}),
            "set its payment status": ("setPaymentStatus", {**order, "paymentStatus": "PAID"}),
            "change its customer": ("updateOrderCustomer", {**order, **customer}),
            "correct its property": ("updateOrderProperty", {**order, "property": place}),
            "write its notes": ("updateOrderNotes", {**order, "notes": "x"}),
            "add a service": ("addOrderServices", {**order, "serviceIds": [typed(agency.video)]}),
            "remove a service": ("removeOrderService", photos),
            "remove a package": (
                "removeOrderPackage",
                {**order, "packageId": typed(agency.package)},
            ),
            "move a service": ("moveOrderService", {**photos, "status": "COMPLETE"}),
            "rename a service": ("renameOrderService", {**photos, "name": "x"}),
            "write a service's notes": ("updateOrderServiceNotes", {**photos, "notes": "x"}),
            "escalate a service": ("escalateOrderService", {**photos, "reason": "x"}),
            "resolve an escalation": ("resolveEscalation", photos),
            "set its project manager": (
                "setProjectManager",
                {**order, "personId": typed(agency.manager)},
            ),
            "add a team member": ("addTeamMember", {**order, "personId": typed(agency.staff)}),
            "assign a service": ("assignOrderService", {**photos, "personId": typed(agency.staff)}),
            "create a checklist": ("createChecklist", {"orderId": self.order, "title": "x"}),
            "add a checklist item": (
                "addChecklistItem",
                {"checklistId": self.checklist, "text": "x"},
            ),
            "tick on the own service": ("tickChecklistItem", {"id": self.own_item}),
            "tick on another service": ("tickChecklistItem", {"id": self.other_item}),
            "write in the chat": ("postMessage", {"orderId": self.order, "text": "x"}),
            "mark as read": ("markRead", {"orderId": self.order, "upTo": self.cursor}),
            "invite a person": (
                "invitePerson",
                {"name": "x", "email": "x@example.com", "permission": "STAFF"},
            ),
            "renew an invitation": ("renewInvitation", {"id": typed(agency.manager)}),
            "suspend a person": ("suspendPerson", {"id": typed(agency.manager)}),
            "reinstate a person": ("reinstatePerson", {"id": typed(agency.manager)}),
            "make an API key": (
                "createApiKey",
                {
                    "name": "x",
                    "personId": typed(agency.staff),
                    "scopes": ["LOG_READ"],
                    "expiresAt": soon(),
                },
            ),
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
