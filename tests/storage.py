"""What is stored, looked at and changed past the code under test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from databases import OWNERS
from sqlalchemy import NullPool
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from core.database import Database


@asynccontextmanager
async def session_of(database: Database) -> AsyncIterator[AsyncSession]:
    """A session of the owner, on a connection of its own; it commits in the end."""
    engine = create_async_engine(OWNERS.get(database.url, database.url), poolclass=NullPool)
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session
        await session.commit()
