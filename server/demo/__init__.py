"""The demo agency: made once in an empty database, so that there is something to look at."""

from datetime import timedelta

import typer
from sqlalchemy import select

from core.database import Database
from core.records import select_records
from core.tokens import Tokens
from core.viewer import READING, Scope
from models import Organization, Person
from server import roles
from server.demo import names, seed
from server.local import Servers
from server.migrate import migrate
from server.settings import Settings

_LIFETIME = timedelta(days=30)
_BOTH = frozenset(Scope)
_HOLDERS = {
    names.ADMIN: ("an admin", _BOTH),
    names.MANAGER: ("staff, a project manager", _BOTH),
    names.CONTRACTOR: ("a contractor", _BOTH),
    names.CUSTOMER: ("a customer", _BOTH),
    names.PARTNER: ("a partner's integration, read only", READING),
}


async def prepare(servers: Servers, settings: Settings, address: str) -> None:
    """Migrate, if wanted; make the demo agency if there is none yet; print where all of it is.

    With the demo go tokens for five people of it, made anew at each start and kept nowhere.
    """
    database = Database(servers.owner_url, pool_size=1, pooled=settings.pooler)
    try:
        if settings.migrate and not settings.pooler:
            await migrate(database, servers.role)
        people = []
        if settings.demo and await roles.passed_by(database):  # else there is no owner here
            await seed.once(database)
            people = await _holders(database)
    finally:
        await database.close()
    _print_addresses(address)
    _print_tokens(people, Tokens(servers.secret))


async def _holders(database: Database) -> list[Person]:
    """Who gets a token: nobody if the first agency here is not the demo."""
    first = select(Organization.id).order_by(Organization.created_at).limit(1)
    statement = select_records(Person).where(
        Person.organization_id == first.scalar_subquery(), Person.email.in_(_HOLDERS)
    )
    async with database.transaction() as transaction:
        found = {person.email: person for person in await transaction.rows(statement)}
    return [found[email] for email in _HOLDERS if email in found]


def _print_addresses(address: str) -> None:
    typer.echo(f"\nConsole        http://{address}/")
    typer.echo(f"API            http://{address}/graphql")
    typer.echo(f"Subscriptions  ws://{address}/graphql")


def _print_tokens(people: list[Person], tokens: Tokens) -> None:
    if people:
        typer.echo(f"\nTokens for the demo agency, good for {_LIFETIME.days} days:")
    for person in people:
        title, scopes = _HOLDERS[person.email]
        typer.echo(f"\n{person.name}, {title}:")
        typer.echo(tokens.issue(person, scopes, _LIFETIME))
