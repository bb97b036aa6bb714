"""An agency in which there is one of everything, and how to call each mutation there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from factories import Agency, Answer, typed

import schema
from core.database import Database
from core.viewer import READING
from models import Person
from server.errors import all_formatted
from subscriptions.hub import Hub

PROPERTY = {"street": "9 Pine Road", "city": "Oslo", "country": "NO"}
SERVICE = "{ id version }"


@dataclass
class Scene:
    """An order at work: staffed, ticked, escalated and talked about; `admin` did most of it.

    Everything that has a version has been edited, so that 1 is a version of the past.
    """

    agency: Agency
    order: str
    service: str
    escalated: str
    checklist: str
    item: str
    ticked: str
    message: str
    cursor: str
    session: str
    suspended: Person
    key: str

    @classmethod
    async def make(cls, database: Database, hub: Hub) -> "Scene":
        """A new agency with such an order."""
        agency = await Agency.make(database, hub)
        order = await agency.book(packageIds=[typed(agency.package)])
        services = "order { services { id } }"
        told = await _do(agency, "updateOrderNotes", services, id=order, notes="Quick")
        service, escalated, *_ = (each["id"] for each in told["order"]["services"])
        await _do(agency, "renameOrderService", id=service, name="Twilight")
        await _do(agency, "escalateOrderService", id=escalated, reason="Rain")
        await _do(agency, "addTeamMember", id=order, personId=typed(agency.contractor))
        await _do(agency, "assignOrderService", id=service, personId=typed(agency.contractor))
        checklist, item, ticked = await _checklist(agency, order)
        message, cursor = await _talk(agency, order, service)
        session, suspended = await agency.begin_session(agency.admin), agency.manager
        for person in (agency.stranger, suspended):
            await _do(agency, "suspendPerson", id=typed(person))
        await _do(agency, "reinstatePerson", id=typed(agency.stranger))
        key = await make_key(agency)
        about = (checklist, item, ticked, message, cursor, session, suspended, key)
        return cls(agency, order, service, escalated, *about)

    async def call(
        self, name: str, given: dict[str, Any], selection: str = "", *, by: Person | None = None
    ) -> Answer:
        """What the API answers to a mutation with this input by a person: the admin if not told."""
        return await self.agency.do(by or self.agency.admin, name, selection, **given)

    async def read_only(self, name: str, given: dict[str, Any]) -> Answer:
        """What the API answers to it if the admin's token is good for reading only."""
        kind = name[0].upper() + name[1:]
        document = f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ cursor }} }}"
        context = self.agency.context(self.agency.admin, READING)
        result = await schema.build().execute(document, {"input": given}, context)
        return Answer(result.data, all_formatted(result.errors, "test"))


async def make_key(agency: Agency, name: str = "Sync") -> str:
    """The id of an API key that acts as a member of staff; its secret is the second."""
    given = {"name": name, "personId": typed(agency.staff), "scopes": ["ORDERS_READ"]}
    made = await _do(agency, "createApiKey", "apiKey { id }", **given, expiresAt=soon())
    key: str = made["apiKey"]["id"]
    await _do(agency, "rotateApiKey", id=key, overlapHours=1)
    return key


def soon() -> str:
    """A time in a month."""
    return (datetime.now(UTC) + timedelta(days=30)).isoformat()


async def _do(
    agency: Agency, name: str, selection: str = "", by: Person | None = None, /, **given: Any
) -> Any:
    return (await agency.do(by or agency.admin, name, selection, **given))[name]


async def _checklist(agency: Agency, order: str) -> tuple[str, str, str]:
    """The ids of a checklist, of an item of it, and of one that is ticked."""
    selection = "checklist { id items { id } }"
    given = {"orderId": order, "title": "Edit", "items": ["Cut", "Grade", "Export"]}
    made = (await _do(agency, "createChecklist", selection, **given))["checklist"]
    item, ticked, _ = (each["id"] for each in made["items"])
    await _do(agency, "renameChecklist", id=made["id"], title="Editing")
    await _do(agency, "renameChecklistItem", id=item, text="Cut it")
    await _do(agency, "tickChecklistItem", id=ticked)
    return made["id"], item, ticked


async def _talk(agency: Agency, order: str, service: str) -> tuple[str, str]:
    """The id of a message of the admin, and a place in the log after it."""
    selection = "message { id }"
    text = {"text": "@Sam Staff and @Photo Editor, the keys are with the neighbour"}
    mine = await _do(agency, "postMessage", selection, orderId=order, **text)
    message: str = mine["message"]["id"]
    await _do(agency, "editMessage", id=message, text="@Sam Staff, the keys are in the box")
    theirs = {"orderId": order, "orderServiceId": service, "text": "Thanks, @Ada Admin"}
    answer = await _do(agency, "postMessage", "", agency.staff, **theirs)
    return message, answer["cursor"]


CALLS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "createOrder": lambda s: {
        "customerId": typed(s.agency.customer),
        "property": PROPERTY,
        "serviceIds": [typed(s.agency.photos)],
        "packageIds": [typed(s.agency.package)],
    },
    "updateOrderCustomer": lambda s: {"id": s.order, "customerId": typed(s.agency.stranger)},
    "updateOrderProperty": lambda s: {"id": s.order, "property": PROPERTY},
    "updateOrderNotes": lambda s: {"id": s.order, "notes": "Ring\ntwice"},
    "setOrderStatus": lambda s: {"id": s.order, "status": "IN_PROGRESS"},
    "setPaymentStatus": lambda s: {"id": s.order, "paymentStatus": "PAID"},
    "addOrderServices": lambda s: {"id": s.order, "serviceIds": [typed(s.agency.video)]},
    "removeOrderPackage": lambda s: {"id": s.order, "packageId": typed(s.agency.package)},
    "setProjectManager": lambda s: {"id": s.order, "personId": typed(s.agency.manager)},
    "addTeamMember": lambda s: {"id": s.order, "personId": typed(s.agency.staff)},
    "removeTeamMember": lambda s: {"id": s.order, "personId": typed(s.agency.contractor)},
    "markRead": lambda s: {"orderId": s.order, "upTo": s.cursor},
    "moveOrderService": lambda s: {"id": s.service, "status": "PRODUCTION", "position": 0},
    "removeOrderService": lambda s: {"id": s.service},
    "renameOrderService": lambda s: {"id": s.service, "name": "Sunrise"},
    "updateOrderServiceNotes": lambda s: {"id": s.service, "notes": "From the garden"},
    "escalateOrderService": lambda s: {"id": s.service, "reason": "No key"},
    "resolveEscalation": lambda s: {"id": s.escalated},
    "assignOrderService": lambda s: {"id": s.service, "personId": typed(s.agency.staff)},
    "unassignOrderService": lambda s: {"id": s.service},
    "createChecklist": lambda s: {"orderId": s.order, "title": "Deliver", "items": ["Upload"]},
    "renameChecklist": lambda s: {"id": s.checklist, "title": "Post"},
    "moveChecklist": lambda s: {"id": s.checklist, "position": 0},
    "deleteChecklist": lambda s: {"id": s.checklist},
    "addChecklistItem": lambda s: {"checklistId": s.checklist, "text": "Stitch", "position": 1},
    "renameChecklistItem": lambda s: {"id": s.item, "text": "Cut again"},
    "moveChecklistItem": lambda s: {"id": s.item, "position": 2},
    "deleteChecklistItem": lambda s: {"id": s.item},
    "tickChecklistItem": lambda s: {"id": s.item},
    "untickChecklistItem": lambda s: {"id": s.ticked},
    "postMessage": lambda s: {"orderId": s.order, "text": "@Mia Manager, ready?"},
    "editMessage": lambda s: {"id": s.message, "text": "@Mia Manager, the keys are gone"},
    "deleteMessage": lambda s: {"id": s.message},
    "invitePerson": lambda s: {
        "name": "Nora New",
        "email": f"nora.{s.agency.organization.id.hex}@example.com",
        "permission": "STAFF",
        "jobRoles": ["PHOTO_EDITOR"],
        "phone": "+1 206 555 0100",
    },
    "renewInvitation": lambda s: {"id": typed(s.agency.stranger)},
    "suspendPerson": lambda s: {"id": typed(s.agency.stranger)},
    "reinstatePerson": lambda s: {"id": typed(s.suspended)},
    "endSession": lambda s: {"id": s.session},
    "createApiKey": lambda s: {
        "name": "Reports",
        "personId": typed(s.agency.staff),
        "scopes": ["ORDERS_READ", "LOG_READ"],
        "expiresAt": soon(),
    },
    "rotateApiKey": lambda s: {"id": s.key, "overlapHours": 0},
    "revokeApiKey": lambda s: {"id": s.key},
}
"""The name of each mutation, and an input by which it changes something in a scene."""

SIGNALS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "signalTyping": lambda s: {"orderId": s.order},
}
"""The same for what changes nothing."""

CREATIONS = {
    "createOrder",
    "addOrderServices",
    "createChecklist",
    "addChecklistItem",
    "postMessage",
    "invitePerson",
    "renewInvitation",
    "createApiKey",
    "rotateApiKey",
}
"""What makes something new each time."""

DELETIONS = {"deleteChecklist", "deleteChecklistItem", "endSession"}
"""What finds nothing to delete the second time."""

INSTEAD = {("createChecklist", "orderServiceId"): "orderId"}
"""Arguments that exclude each other: which one to leave out when one is given."""
