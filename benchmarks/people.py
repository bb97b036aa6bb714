"""Many clients: each person may have only so many connections, and so much under way."""

import asyncio
from datetime import timedelta

from sqlalchemy import select

from benchmarks.stage import SECRET, Stage
from core.database import Database
from core.tokens import Tokens
from core.viewer import Scope
from models import Organization, Permission, Person, new_id


def hired(stage: Stage, count: int) -> list[str]:
    """The tokens of so many new people of the demo agency's staff."""
    return asyncio.run(_hired(stage, count))


async def _hired(stage: Stage, count: int) -> list[str]:
    database = Database(stage.postgres.owner_url, pool_size=1)
    async with database.transaction() as transaction:
        organization = await transaction.row(select(Organization.id))
    people = [
        Person(
            organization_id=organization,
            id=new_id(),
            name=f"Client {number}",
            email=f"client{number}@example.com",
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
