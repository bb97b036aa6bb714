"""What an operation is charged, to the budget of whoever asks for it."""

from typing import Any

from core.budgets import WINDOW_S, Budget
from core.errors import RateLimited
from schema import Schema
from server.operations import Operation

EACH = 25
"""Points for each operation, and for a request that has none, beside the objects it asks for."""
REFUSED = 100
"""Points for an operation that is refused for its document: to find that out is work as well."""

_MUCH_S = 2  # that it takes until all points are there again


class Bill:
    """What one operation costs: a little when it comes, the rest before it is executed.

    It is what was asked for, not what was found: so it is known before, and nothing is given back.
    """

    def __init__(self, budget: Budget) -> None:
        budget.take(EACH)
        self.payer = budget.who
        """Whose budget it is charged to."""
        self._budget = budget
        self._points = EACH

    def charge(self, schema: Schema, operation: Operation) -> None:
        """Charge all of it, but for a dry run; `RateLimited` if there is not enough left."""
        objects = schema.cost(operation.query, operation.name, operation.variables)
        if objects is None:
            self.refuse()
            return
        self._points += objects
        if not operation.dry_run:
            self._budget.take(objects)

    def refuse(self) -> None:
        """Charge for a document that is refused."""
        self._budget.spend(REFUSED - EACH)

    @property
    def is_much(self) -> bool:
        """Whether so many points were spent in a short time that others are to go first."""
        return self._budget.empty_s > _MUCH_S

    @property
    def told(self) -> dict[str, Any]:
        """`extensions.cost` of the answer."""
        budget = self._budget
        limit = budget.policy.limit
        return {"requested": self._points, "limit": limit, "remaining": budget.left}


def headers(budget: Budget, error: Exception | None) -> dict[str, str]:
    """What an answer tells of a budget (draft-ietf-httpapi-ratelimit-headers-11).

    As long as it is not empty it fills, so that what is left can be spent within the window, and
    more.
    """
    name, limit = budget.policy.payer, budget.policy.limit
    told = {"RateLimit-Policy": f'"{name}";q={limit};w={WINDOW_S};callsheet-unit=points'}
    wait = error.extensions["retryAfter"] if isinstance(error, RateLimited) else WINDOW_S
    return told | {"RateLimit": f'"{name}";r={budget.left};t={wait}'}
