"""Bugs to plant into the engine, each in one place, by what they do."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from graphql import located_error
from graphql.execution import Executor

from engine import columns, failures, leaves, objects, places
from engine.columns import Columns
from engine.executor import BreadthFirstExecutor
from engine.resolving import Resolver
from engine.selections import Selected

Plant = Callable[[pytest.MonkeyPatch], None]


def instead(owner: Any, name: str, bug: Callable[[Any], Any]) -> Plant:
    """`bug(original)` in the place of an attribute."""
    return lambda patch: patch.setattr(owner, name, bug(getattr(owner, name)))


def spoilt(owner: Any, name: str, spoil: Callable[[Any], Any]) -> Plant:
    """What a function gives, changed."""

    def bug(real: Any) -> Any:
        async def awaited(*given: Any) -> Any:
            return spoil(await real(*given))

        is_async = inspect.iscoroutinefunction(real)
        return awaited if is_async else lambda *given: spoil(real(*given))

    return instead(owner, name, bug)


def _too_far(real: Any) -> Any:
    """An error in an item nulls its list."""
    return lambda self, done, place: (
        done if isinstance(place, places.Items) else real(self, done, place)
    )


def _not_far_enough(real: Any) -> Any:
    """An error nulls its own place."""

    async def complete(self: Any, type_: Any, field: Any, values: Any, place: Any) -> Any:
        return self._null(await real(self, type_, field, values, place), place)

    return complete


def _plan_of_another(real: Any) -> Any:
    """What is selected of one type is read of another."""
    known: dict[int, tuple[Any, Any]] = {}
    return lambda executor, type_, field: known.setdefault(
        id(field.details), (field.details, real(executor, type_, field))
    )[1]


def _unruled(real: Any) -> Any:
    """A column is shown to all."""

    def post_init(self: Any) -> None:
        real(self)
        self.metadata = {**self.metadata, "when": None}

    return post_init


def _known_as_thing(real: Any) -> Any:
    async def values(self: Any, rows: Any) -> Any:
        found = await real(self, rows)
        return ["Thing"] * len(rows) if self._field.kind == "typename" else found

    return values


def _deaf_at_the_root(real: Any) -> Any:
    """A root field's exception is null, and that is all."""

    def complete_value(self: Any, *given: Any) -> Any:
        *others, result, context = given
        return real(self, *others, None if isinstance(result, Exception) else result, context)

    return complete_value


def _not_forgetting(_real: Any) -> Any:
    """An event's execution begins with the errors of those before."""

    def build(self: Any, payload: Any) -> Any:
        again = copy.copy(self)
        again.root_value = payload
        return again

    return build


async def _refusing_none(*_: Any) -> dict[int, Any]:
    return {}


BUGS: dict[str, Plant] = {
    "index of an error": spoilt(
        places.Items, "paths", lambda paths: [p._replace(key=p.key + 1) for p in paths]
    ),
    "error of equal rows told once": spoilt(places.Some, "paths", lambda paths: paths[:1]),
    "error at the place it nulls": instead(
        failures.Raised,
        "located",
        lambda _: lambda self, above: located_error(self.error, self.field.nodes, above.as_list()),
    ),
    "error nodes": instead(
        Selected, "nodes", lambda _: property(lambda self: [self.details[0].node])
    ),
    "name of a field in errors": instead(
        Selected, "title", lambda _: property(lambda self: self.name)
    ),
    "null too far": instead(Columns, "_null", _too_far),
    "null not far enough": instead(Columns, "complete", _not_far_enough),
    "error swallowed": instead(
        Columns,
        "_null",
        lambda _: (
            lambda _self, done, _place: [
                None if isinstance(value, failures.Raised) else value for value in done
            ]
        ),
    ),
    "exception taken for a value": instead(
        Columns, "_raise_all", lambda _: lambda _self, values, *_: values
    ),
    "exception at the root": instead(BreadthFirstExecutor, "complete_value", _deaf_at_the_root),
    "null where none may be": instead(
        Columns, "_refuse_nulls", lambda _: lambda _self, _field, done, _place: done
    ),
    "column shifted by one": spoilt(Resolver, "_column", lambda found: found[1:] + found[:1]),
    "rule of a column": instead(Selected, "__post_init__", _unruled),
    "batch backwards": spoilt(Resolver, "_batch", lambda found: found[::-1]),
    "rows of a resolver backwards": spoilt(Resolver, "_one_by_one", lambda found: found[::-1]),
    "awaited items backwards": spoilt(columns, "settled", lambda found: found[::-1]),
    "arguments left out": spoilt(Resolver, "_arguments", lambda _: {}),
    "rows of one type taken for equal": lambda patch: patch.setattr(
        places, "id", type, raising=False
    ),
    "enum by value": instead(
        leaves, "names_of", lambda _: lambda _type, kind: {m.name: m.value for m in kind}
    ),
    "enum by member": instead(
        leaves, "names_of", lambda _: lambda _type, kind: {m.name: m.name for m in kind}
    ),
    "integers beyond 32 bits": lambda patch: patch.setattr(leaves, "_INT_LIMIT", 2**40),
    "rows of another type": instead(Columns, "_refusals", lambda _: _refusing_none),
    "typename": instead(Resolver, "values", _known_as_thing),
    "plan of another type": instead(objects, "parts_of", _plan_of_another),
    "list without its nulls": spoilt(
        columns, "as_list", lambda items: [item for item in items if item is not None]
    ),
    "fields asked for twice": instead(
        BreadthFirstExecutor,
        "collect_subfields",
        lambda real: lambda self, type_, details: real(self, type_, details[:1]),
    ),
}
"""Found by queries."""

OF_MUTATIONS: dict[str, Plant] = {
    "all at once": instead(
        BreadthFirstExecutor, "execute_fields_serially", lambda _: Executor.execute_fields
    ),
}
OF_STREAMS: dict[str, Plant] = {
    "errors of the event before": instead(
        BreadthFirstExecutor, "build_per_event_executor", _not_forgetting
    ),
}
