"""The streams of an agency's activity, and of its whole log."""

import models
from core import may
from core.arguments import After
from core.context import Info
from core.log_filter import ActivityFilter, Wanted
from subscriptions.streams import Stream


async def activity(
    info: Info, filter: ActivityFilter | None = None, after: After | None = None
) -> Stream:
    """What people do: everything that the viewer may see and that fits a filter."""
    return Stream(info.context, Wanted.of(models.ACTIVITY, filter), after)


async def log(
    info: Info, filter: ActivityFilter | None = None, after: After | None = None
) -> Stream:
    """The whole log as it grows, but for what only one person is told. Staff and admins."""
    may.require(may.Standing(info.context.viewer), may.read_log)
    return Stream(info.context, Wanted.of(models.SHARED, filter), after)
