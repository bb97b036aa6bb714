"""The stream of a person's mentions."""

from core.arguments import After
from core.context import Info
from core.log_filter import Wanted
from models import Kind
from subscriptions.streams import Stream


async def mentions(info: Info, after: After | None = None) -> Stream:
    """Messages that mention the viewer, by name or by job role, on any order."""
    # The audience of such an entry is one person, so that the viewer sees only the own ones.
    return Stream(info.context, Wanted({Kind.PERSON_MENTIONED}), after)
