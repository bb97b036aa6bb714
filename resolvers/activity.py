"""How an entry of the log is told: what changed, and a sentence for people."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

import models
from core import ids
from core.context import Info
from engine.fields import rows_of
from models import Kind

SENTENCES = {
    Kind.ORDER_CREATED: "created the order",
    Kind.ORDER_STATUS_CHANGED: "changed the order status from {before} to {after}",
    Kind.PAYMENT_STATUS_CHANGED: "changed the payment status from {before} to {after}",
    Kind.CUSTOMER_CHANGED: "gave the order to another customer",
    Kind.PROPERTY_CHANGED: "corrected the property",
    Kind.ORDER_NOTES_CHANGED: "changed the notes of the order",
    Kind.PACKAGE_ADDED: "added the package {name}",
    Kind.PACKAGE_REMOVED: "removed the package {name}",
    Kind.SERVICE_ADDED: "added {name}",
    Kind.SERVICE_REMOVED: "archived {name}",
    Kind.SERVICE_MOVED: "moved {name} from {before} to {after}",
    Kind.SERVICE_RENAMED: "renamed {before} to {after}",
    Kind.SERVICE_NOTES_CHANGED: "changed the notes of {name}",
    Kind.SERVICE_ESCALATED: "escalated {name}",
    Kind.ESCALATION_RESOLVED: "resolved the escalation of {name}",
    Kind.PROJECT_MANAGER_CHANGED: "changed the project manager",
    Kind.TEAM_MEMBER_ADDED: "added {person} to the team",
    Kind.TEAM_MEMBER_REMOVED: "removed {person} from the team",
    Kind.ASSIGNEE_CHANGED: "changed the assignee of {name}",
    Kind.CHECKLIST_CREATED: "created the checklist {name}",
    Kind.CHECKLIST_RENAMED: "renamed the checklist {before} to {after}",
    Kind.CHECKLIST_MOVED: "moved the checklist {name}",
    Kind.CHECKLIST_DELETED: "deleted the checklist {name}",
    Kind.CHECKLIST_ITEM_ADDED: "added the item {name}",
    Kind.CHECKLIST_ITEM_RENAMED: "renamed the item {before} to {after}",
    Kind.CHECKLIST_ITEM_MOVED: "moved the item {name}",
    Kind.CHECKLIST_ITEM_DELETED: "deleted the item {name}",
    Kind.CHECKLIST_ITEM_TICKED: "ticked {name}",
    Kind.CHECKLIST_ITEM_UNTICKED: "unticked {name}",
    Kind.MESSAGE_POSTED: "wrote a message",
    Kind.MESSAGE_EDITED: "changed a message",
    Kind.MESSAGE_DELETED: "deleted a message",
    Kind.PERSON_MENTIONED: "mentioned somebody",
    Kind.ORDER_READ: "read the order",
    Kind.PERSON_INVITED: "invited {name}",
    Kind.INVITATION_ACCEPTED: "accepted the invitation",
    Kind.PERSON_SUSPENDED: "suspended {name}",
    Kind.PERSON_REINSTATED: "let {name} in again",
    Kind.API_KEY_CREATED: "made the API key {name}",
    Kind.API_KEY_ROTATED: "rotated the API key {name}",
    Kind.API_KEY_REVOKED: "revoked the API key {name}",
    Kind.PASSWORD_CHANGED: "changed the password",
    Kind.SESSION_ENDED: "signed out of a device",
}


_STATUSES = {"status", "payment_status"}


@dataclass(frozen=True)
class Change:
    """One value that is another now."""

    field: str
    before: str | None
    after: str | None


def changes(entry: models.LogEntry) -> list[Change]:
    """What is another now, with the values before and after."""
    return [
        Change(to_camel_case(field), _text(before), _text(after))
        for field, (before, after) in entry.params.get("changes", {}).items()
    ]


def checklist_items(entry: models.LogEntry) -> list[str]:
    """The items of a checklist that was created or deleted, as they read then; otherwise none."""
    return [str(each) for each in entry.params.get("items", ())]


def subject_id(entry: models.LogEntry) -> str:
    """The id of what it is about. It may be gone by now."""
    return ids.encode(ids.MODELS[entry.subject_type], entry.subject_id)


async def subjects(entries: Sequence[models.LogEntry], info: Info) -> list[Any | None]:
    """What it is about, as it is now; null if that is gone, or not for the viewer."""
    wanted: dict[type[Any], set[UUID]] = defaultdict(set)
    for entry in entries:
        wanted[ids.MODELS[entry.subject_type]].add(entry.subject_id)
    found: dict[UUID, Any] = {}
    for model, keys in wanted.items():
        found |= await rows_of(info, model, keys)
    return [found.get(entry.subject_id) for entry in entries]


def summary(entry: models.LogEntry) -> str:
    """What the actor did, as the rest of an English sentence: `moved Photos from … to …`."""
    field, values = next(iter(entry.params.get("changes", {}).items()), ("", (None, None)))
    before, after = (_words(value, is_status=field in _STATUSES) for value in values)
    told = defaultdict(str, {**entry.params, "before": before, "after": after})
    return SENTENCES[entry.kind].format_map(told)


def _words(value: Any, *, is_status: bool) -> str:
    """A value as people say it: `PRE_PRODUCTION` is pre production, a name is as it is."""
    text = _text(value) or "nothing"
    return text.replace("_", " ").lower() if is_status else text


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
