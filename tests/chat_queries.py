"""What tests of the chat ask, and what is stored of it."""

from typing import Any

from factories import Agency, Answer, typed
from sqlalchemy import select
from storage import session_of

from models import JobRole, LogEntry, Mention, Message, Permission, Person, ReadMarker, new_id

MESSAGE = (
    "id version text author { name } order { id } orderService { name } "
    "createdAt editedAt deletedAt mentions { person { name } jobRole }"
)
LAST = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { lastMessage { text } } } }"
READ = "query ($id: ID!) { node(id: $id) { id ... on Message { version text deletedAt } } }"
SERVICES = "query ($id: ID!) { order(id: $id) { services { id name } } }"


async def rows(agency: Agency, table: Any) -> list[dict[str, Any]]:
    """All that is stored in a table for the agency, oldest first."""
    columns = list(table.__table__.columns)
    statement = select(*columns).where(table.organization_id == agency.organization.id)
    key = table.seq if table is LogEntry else table.id
    async with session_of(agency.database) as session:
        return [dict(row) for row in (await session.execute(statement.order_by(key))).mappings()]


async def stored(agency: Agency) -> list[Any]:
    """All that an action of the chat may change."""
    return [await rows(agency, table) for table in (Message, Mention, ReadMarker, LogEntry)]


async def entries(agency: Agency, *, after: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of the log since it was read."""
    return (await rows(agency, LogEntry))[len(after) :]


async def assign(agency: Agency, order: str) -> None:
    """Put the contractor on the team of an order."""
    given = {"id": order, "personId": typed(agency.contractor)}
    assert not (await agency.do(agency.staff, "addTeamMember", **given)).errors


async def unassign(agency: Agency, order: str) -> None:
    """Take the contractor off the team of an order."""
    given = {"id": order, "personId": typed(agency.contractor)}
    assert not (await agency.do(agency.staff, "removeTeamMember", **given)).errors


async def hire(
    agency: Agency, name: str, permission: Permission = Permission.STAFF, *roles: JobRole
) -> Person:
    """Another person at the agency."""
    person = Person(
        organization_id=agency.organization.id,
        id=new_id(),
        name=name,
        email=f"{new_id()}@example.com",
        permission=permission,
        job_roles=list(roles),
    )
    async with session_of(agency.database) as session:
        session.add(person)
    return person


async def say(
    agency: Agency, order: str, text: str = "Hello", *, by: Person | None = None, **more: Any
) -> Answer:
    """What the API answers to a message by the staff, or somebody else."""
    given = {"orderId": order, "text": text, **more}
    return await agency.do(by or agency.staff, "postMessage", f"message {{ {MESSAGE} }}", **given)


async def post(agency: Agency, order: str, text: str = "Hello", **more: Any) -> Any:
    """A new message by the staff, or somebody else, as the API shows it."""
    return (await say(agency, order, text, **more))["postMessage"]["message"]


async def edit(
    agency: Agency, message: Any, text: str, *, by: Person | None = None, **more: Any
) -> Answer:
    """What the API answers to a new text for a message by the staff, or somebody else."""
    given = {"id": message["id"], "text": text, **more}
    return await agency.do(by or agency.staff, "editMessage", f"message {{ {MESSAGE} }}", **given)


async def delete(agency: Agency, message: Any, *, by: Person | None = None) -> Answer:
    """What the API answers to the deletion of a message by the staff, or somebody else."""
    given = {"id": message["id"]}
    return await agency.do(by or agency.staff, "deleteMessage", f"message {{ {MESSAGE} }}", **given)


async def service_of(agency: Agency, order: str) -> dict[str, str]:
    """The first service of an order."""
    answer = await agency.ask(agency.staff, SERVICES, id=order)
    service: dict[str, str] = answer["order"]["services"][0]
    return service


def names(message: Any) -> list[str]:
    """The names of those whom a message mentions, in alphabetical order."""
    return sorted(mention["person"]["name"] for mention in message["mentions"])
