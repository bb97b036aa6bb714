"""An operation as a client sends it, over whatever transport."""

from dataclasses import dataclass
from typing import Any, Self

import orjson

from core.errors import Invalid


@dataclass(frozen=True)
class Operation:
    """A GraphQL document and what goes with it."""

    query: str
    variables: dict[str, Any] | None
    name: str | None

    @classmethod
    def parse(cls, payload: object) -> Self:
        """The operation in a decoded body; `Invalid` if it has not the form of one."""
        if not isinstance(payload, dict):
            raise Invalid("query", "A JSON object with `query` is needed.")
        query, variables, name = (payload.get(k) for k in ("query", "variables", "operationName"))
        if not isinstance(query, str):
            raise Invalid("query", "`query` must be a GraphQL document.")
        if variables is not None and not isinstance(variables, dict):
            raise Invalid("variables", "`variables` must be an object.")
        if name is not None and not isinstance(name, str):
            raise Invalid("operationName", "`operationName` must be a name.")
        return cls(query, variables, name)


def encode(answer: object) -> bytes:
    """An answer in JSON."""
    return orjson.dumps(answer, default=str)
