"""The streams of an agency's activity, and of its whole log."""

from collections.abc import AsyncGenerator

import models
from core import log_filter, may
from core.arguments import After
from core.context import Info
from core.log_filter import ActivityFilter
from subscriptions.streams import StreamEvent, follow


async def activity(
    info: Info, filter: ActivityFilter | None = None, after: After | None = None
) -> AsyncGenerator[StreamEvent, None]:
    """What people do: everything that the viewer may see and that fits a filter."""
    wanted = log_filter.entries(models.ACTIVITY, filter, info.context.viewer)
    return await follow(info.context, wanted, after)


async def log(
    info: Info, filter: ActivityFilter | None = None, after: After | None = None
) -> AsyncGenerator[StreamEvent, None]:
    """The whole log as it grows, but for what only one person is told. Staff and admins."""
    may.require(may.Standing(info.context.viewer), may.read_log)
    wanted = log_filter.entries(models.SHARED, filter, info.context.viewer)
    return await follow(info.context, wanted, after)
