"""The stream of an agency's activity."""

from collections.abc import AsyncGenerator

from core import log_filter
from core.arguments import After
from core.context import Info
from core.log_filter import ActivityFilter
from subscriptions.streams import StreamEvent, follow


async def activity(
    info: Info, filter: ActivityFilter | None = None, after: After | None = None
) -> AsyncGenerator[StreamEvent, None]:
    """What people do: everything that the viewer may see and that fits a filter."""
    return await follow(info.context, log_filter.activity(filter, info.context.viewer), after)
