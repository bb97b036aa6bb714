"""The media types of answers, and which of them a client accepts (RFC 9110, 12.5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from enum import Enum
from functools import lru_cache
from typing import Self

_HEADERS_KEPT = 256  # most clients send the same each time


class MediaType(Enum):
    """How an answer can be written; in the order in which we prefer them."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"
    PARTS = "multipart/mixed"


_WILDCARDS = ("application/*", "*/*")


@dataclass(frozen=True)
class Parsed:
    """The value of a `Content-Type`, or one of an `Accept`."""

    name: str
    parameters: dict[str, str]

    @classmethod
    @lru_cache(_HEADERS_KEPT)
    def parse(cls, value: str) -> Self:
        """What such a value says, in lower case."""
        message = Message()
        message["Content-Type"] = value
        (name, _), *parameters = message.get_params([("", "")])
        return cls(name.strip().lower(), {k.lower(): v.lower() for k, v in parameters})

    @property
    def quality(self) -> float:
        """How welcome it is, from 0 to 1."""
        try:
            return float(self.parameters.get("q", 1))
        except ValueError:
            return 0


@lru_cache(_HEADERS_KEPT)
def accepted(header: str) -> Sequence[MediaType]:
    """Those that a client accepts, the most welcome first; wildcards, and silence, mean JSON.

    Whoever understands another one names it, as the specification says. The parts are those of
    Apollo's subscriptions; others that have this name are for `@defer`, which we don't have.
    """
    given = [Parsed.parse(each) for each in header.split(",") if each.strip()]
    if not given:
        return (MediaType.JSON,)
    found = {each: _quality(each, given) for each in MediaType}
    fitting = (each for each in MediaType if found[each] > 0)
    return tuple(sorted(fitting, key=lambda each: -found[each]))


def _quality(media_type: MediaType, given: list[Parsed]) -> float:
    """How welcome a media type is: what names it counts, before what includes it."""
    names = (media_type.value, *(_WILDCARDS if media_type is MediaType.JSON else ()))
    for name in names:
        fitting = [each for each in given if each.name == name]
        if media_type is MediaType.PARTS:
            fitting = [each for each in fitting if each.parameters.get("subscriptionspec") == "1.0"]
        if fitting:
            return max(each.quality for each in fitting)
    return 0
