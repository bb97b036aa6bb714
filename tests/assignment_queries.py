"""What the tests of assignments ask, and what they begin with."""

from typing import Any

from factories import Agency, typed
from sqlalchemy import select
from storage import session_of

from models import LogEntry, Permission, Person, new_id

WORK = """
  version projectManager { name } team { name }
  assignments { role person { name } order { id } orderService { id } }
  services { id version assignee { name } }
"""
ONE = f"query ($id: ID!) {{ order(id: $id) {{ {WORK} }} }}"
MANY = f"{{ orders {{ edges {{ node {{ {WORK} }} }} }} }}"
ORDER = f"order {{ {WORK} }}"
SERVICE = "orderService { id version assignee { name } }"
MISSING = {"code": "NOT_FOUND", "field": "id"}
REFUSED = {"code": "FORBIDDEN"}
NOBODY = {"code": "NOT_FOUND", "field": "personId"}
UNSUITABLE = {"code": "BAD_USER_INPUT", "field": "personId"}


async def look(agency: Agency, order: str) -> Any:
    """Who works on an order, as staff sees it."""
    return (await agency.ask(agency.staff, ONE, id=order))["order"]


async def told(agency: Agency) -> list[tuple[str, dict[str, Any]]]:
    """What the log has about assignments: kind and params, oldest first."""
    statement = (
        select(LogEntry.kind, LogEntry.params)
        .where(LogEntry.organization_id == agency.organization.id)
        .order_by(LogEntry.seq)
    )
    entries = await agency.context(agency.staff).now(statement)
    about = ("PROJECT_MANAGER", "TEAM_MEMBER", "ASSIGNEE")
    return [(kind.name, params) for kind, params in entries if kind.name.startswith(about)]


async def newcomers(agency: Agency, count: int) -> list[Person]:
    """New staff of the agency."""
    people = [
        Person(
            organization_id=agency.organization.id,
            id=new_id(),
            name=f"Newcomer {i:03}",
            email=f"newcomer.{i}@example.com",
            permission=Permission.STAFF,
            job_roles=[],
        )
        for i in range(count)
    ]
    async with session_of(agency.database) as session:
        session.add_all(people)
    return people


ACTIONS = [
    ("setProjectManager", "order", "manager"),
    ("addTeamMember", "order", "staff"),
    ("removeTeamMember", "order", "contractor"),
    ("assignOrderService", "service", "staff"),
    ("unassignOrderService", "service", None),
]


async def arguments(agency: Agency, order: str, about: str, whom: str | None) -> dict[str, str]:
    """The input of an action on an order, or on its first service."""
    row = await look(agency, order)
    chosen = order if about == "order" else row["services"][0]["id"]
    return {"id": chosen} | ({"personId": typed(getattr(agency, whom))} if whom else {})


async def fill(agency: Agency, order: str) -> None:
    """Give an order a project manager and a team member, and its first service an assignee."""
    for name, about, whom in ACTIONS:
        if name.startswith(("set", "add", "assign")):
            given = await arguments(agency, order, about, whom)
            assert not (await agency.do(agency.staff, name, **given)).errors
