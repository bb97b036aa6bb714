"""How the values of a field are found for all rows at a place."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from graphql import GraphQLAbstractType, GraphQLField, GraphQLObjectType, GraphQLResolveInfo
from graphql.execution import Executor
from graphql.execution.values import get_argument_values

from engine.fields import Rows
from engine.info import Info, ResolveInfo
from engine.needs import needs_of
from engine.places import Place
from engine.selections import Selected
from engine.values import may_wait


class Resolver:
    """Finds the values of a selected field at a place."""

    def __init__(self, executor: Executor[Any], field: Selected, place: Place) -> None:
        self._executor = executor
        self._field = field
        self._place = place
        manager = executor.middleware_manager
        self._middleware = manager if manager and manager.middlewares else None

    async def values(self, rows: Sequence[Any]) -> list[Any]:
        """A value for each row, or the exception that there is in its place."""
        if (trace := self._executor.context_value.trace) is None:
            return await self._found(rows)
        with trace.finding(self._place.paths(0)[0].as_list(), len(rows)):
            return await self._found(rows)

    async def _found(self, rows: Sequence[Any]) -> list[Any]:
        field = self._field
        match "other" if self._middleware else field.kind:
            case "typename":
                return [field.parent_type.name] * len(rows)
            case "itself":
                return list(rows)
            case "column" | "each":
                return await self._awaited(self._column(rows))
            case "one" | "many" | "batch":
                return await self._batch(rows)
            case _:
                return await self._one_by_one(rows)

    def _column(self, rows: Sequence[Any]) -> list[Any]:
        when = self._field.metadata.get("when")
        if when and not when(self._executor.context_value.viewer):
            return [None] * len(rows)
        get = cast("Callable[[Any], Any]", self._field.get)
        try:
            return [get(row) for row in rows]
        except Exception:  # noqa: BLE001 - of which row?
            return _attempted(get, rows)

    async def _awaited(self, values: list[Any]) -> list[Any]:
        if may_wait(values):
            return await settled(values, self._executor.is_awaitable)
        return values

    async def _batch(self, rows: Sequence[Any]) -> list[Any]:
        """One call for all rows."""
        field = self._field
        if field.definition.args:
            resolve = self._resolve(field.definition)
            values = list(await resolve(Rows(rows), self.info(0), **self._arguments()))
        else:
            info: Info[Any] = Info(_raw_info=self.info(0), _field=field.behind)
            values = list(await field.metadata["function"](rows, info))
        if len(values) != len(rows):
            name = self._field.name
            raise RuntimeError(f"{name} gave {len(values)} values for {len(rows)} rows.")
        return values

    async def _one_by_one(self, rows: Sequence[Any]) -> list[Any]:
        """One call for each row; those that have to be awaited are awaited together."""
        resolve = self._resolve(self._field.definition)
        if self._middleware:
            resolve = self._middleware.get_field_resolver(resolve)
        arguments = self._arguments()
        values = []
        for i, row in enumerate(rows):
            try:
                values.append(resolve(row, self.info(i), **arguments))
            except Exception as error:  # noqa: BLE001 - it is reported in the answer
                values.append(error)
        if any(map(self._executor.is_awaitable, values)):
            return await settled(values, self._executor.is_awaitable)
        return values

    def _resolve(self, definition: GraphQLField) -> Callable[..., Any]:
        return definition.resolve or self._executor.field_resolver

    def _arguments(self) -> dict[str, Any]:
        executor, first = self._executor, self._field.details[0]
        return get_argument_values(
            self._field.definition,
            first.node,
            executor.variable_values,
            first.fragment_variable_values,
            executor.hide_suggestions,
        )

    def info(self, index: int) -> GraphQLResolveInfo[Any]:
        """What a resolver is told of the field and of row number `index`."""
        field, executor = self._field, self._executor
        path = self._place.paths(index)[0]
        plain = executor.build_resolve_info(field.definition, field.nodes, field.parent_type, path)
        info = ResolveInfo(*plain)
        info.needs = needs_of(executor, field)
        return info


def type_of_class(
    executor: Executor[Any], type_: GraphQLAbstractType, kind: type[Any]
) -> GraphQLObjectType | None:
    """The type of all values of a class, if the class tells; else each has to be asked."""
    if kind.__dictoffset__:  # each value may say of itself that it is cast to a type
        return None
    for each in executor.schema.get_possible_types(type_):
        check = getattr(each.is_type_of, "of_class", None)
        if check is None:
            return None
        if check(kind):
            return each
    return None


async def runtime_type(
    executor: Executor[Any],
    type_: GraphQLAbstractType,
    field: Selected,
    info: GraphQLResolveInfo[Any],
    value: Any,
) -> GraphQLObjectType:
    """The type of a value whose field says only that it is one of several."""
    resolve = type_.resolve_type or executor.type_resolver
    name = resolve(value, info, type_)
    if executor.is_awaitable(name):
        name = await name
    return executor.ensure_valid_runtime_type(name, type_, field.details, info, value)


async def settled(values: Sequence[Any], is_awaitable: Callable[[Any], bool]) -> list[Any]:
    """The values, each awaited that has to be; an exception stands for what failed."""
    waiting = [i for i, value in enumerate(values) if is_awaitable(value)]
    done = list(values)
    found = await asyncio.gather(*(values[i] for i in waiting), return_exceptions=True)
    for i, value in zip(waiting, found, strict=True):
        if isinstance(value, BaseException) and not isinstance(value, Exception):
            raise value
        done[i] = value
    return done


def _attempted(function: Callable[[Any], Any], rows: Sequence[Any]) -> list[Any]:
    values = []
    for row in rows:
        try:
            values.append(function(row))
        except Exception as error:  # noqa: BLE001 - it is reported in the answer
            values.append(error)
    return values
