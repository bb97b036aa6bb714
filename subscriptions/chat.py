"""The stream of a person's mentions."""

from collections.abc import AsyncGenerator

from core.arguments import After
from core.context import Info
from models import Kind, LogEntry
from subscriptions.streams import StreamEvent, follow


async def mentions(info: Info, after: After | None = None) -> AsyncGenerator[StreamEvent, None]:
    """Messages that mention the viewer, by name or by job role, on any order."""
    # The audience of such an entry is one person, so that the viewer sees only the own ones.
    return await follow(info.context, LogEntry.kind == Kind.PERSON_MENTIONED, after)
