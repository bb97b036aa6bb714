"""What the tests of checklists ask, and what they begin with."""

from typing import Any

from factories import Agency, typed
from sqlalchemy import select

from models import LogEntry, Person

ITEM = "id version text position doneAt doneBy { name }"
CHECKLIST = f"id version title position items {{ {ITEM} }} progress {{ done total }}"
OWNERS = "order { id } orderService { id }"
ORDER = f"""
  id progress {{ done total }}
  checklists {{ {CHECKLIST} {OWNERS} }}
  services {{ id name progress {{ done total }} checklists {{ {CHECKLIST} {OWNERS} }} }}
"""
ONE = f"query ($id: ID!) {{ order(id: $id) {{ {ORDER} }} }}"
MANY = f"{{ orders {{ edges {{ node {{ {ORDER} }} }} }} }}"
MISSING = {"code": "NOT_FOUND", "field": "id"}
REFUSED = {"code": "FORBIDDEN"}


async def look(agency: Agency, order: str) -> Any:
    """All checklists of an order, as staff sees them."""
    return (await agency.ask(agency.staff, ONE, id=order))["order"]


async def service(agency: Agency, order: str, name: str) -> Any:
    """A service of an order, with its checklists."""
    return next(each for each in (await look(agency, order))["services"] if each["name"] == name)


async def create(agency: Agency, items: list[str], **owner: str) -> Any:
    """A new checklist with these items."""
    given = {"title": "Edit", "items": items, **owner}
    answer = await agency.do(
        agency.staff, "createChecklist", f"checklist {{ {CHECKLIST} }}", **given
    )
    return answer["createChecklist"]["checklist"]


async def assign(agency: Agency, person: Person, service_id: str) -> None:
    """Let a person do a service."""
    given = {"id": service_id, "personId": typed(person)}
    assert not (await agency.do(agency.staff, "assignOrderService", **given)).errors


async def told(agency: Agency) -> list[tuple[str, dict[str, Any]]]:
    """What the log has about checklists: kind and params, oldest first."""
    statement = (
        select(LogEntry.kind, LogEntry.params)
        .where(LogEntry.organization_id == agency.organization.id)
        .order_by(LogEntry.seq)
    )
    entries = await agency.context(agency.staff).now(statement)
    return [(kind.name, params) for kind, params in entries if kind.name.startswith("CHECKLIST")]


def texts(checklist: Any) -> list[str]:
    """The texts of a checklist's items; their positions must have no gap."""
    assert [item["position"] for item in checklist["items"]] == list(range(len(checklist["items"])))
    return [item["text"] for item in checklist["items"]]


def titles(checklists: list[Any]) -> list[str]:
    """The titles of checklists; their positions must have no gap."""
    assert [each["position"] for each in checklists] == list(range(len(checklists)))
    return [each["title"] for each in checklists]
