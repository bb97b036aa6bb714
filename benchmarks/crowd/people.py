"""Who the clients are: people of the demo agency, each with a token."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from benchmarks.stage import SECRET, Stage
from core.database import Database
from core.tokens import Tokens
from core.viewer import Scope
from models import Organization, Permission, Person, new_id


def invited(stage: Stage, count: int) -> list[str]:
    """The tokens of so many new members of staff."""
    return asyncio.run(_invited(stage, count))


async def _invited(stage: Stage, count: int) -> list[str]:
    database = Database(stage.postgres.url, pool_size=1)
    async with database.transaction() as transaction:
        organization = await transaction.row(select(Organization.id))
    people = [
        Person(
            organization_id=organization,
            id=new_id(),
            name=f"Client {number}",
            email=f"client{number}@crowd.example",
            permission=Permission.STAFF,
            job_roles=[],
        )
        for number in range(count)
    ]
    async with database.transaction(organization) as transaction:
        await transaction.add(*people)
    await database.close()
    tokens = Tokens(SECRET)
    return [tokens.issue(each, frozenset(Scope), timedelta(days=1)) for each in people]
