"""Columns: the values of one field for all objects at a place, completed together."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, cast

from graphql import (
    GraphQLAbstractType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    Undefined,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution import Executor
from graphql.execution.executor import invalid_return_type_error

from engine import leaves
from engine.failures import Raised, first_raised
from engine.limits import OBJECTS, Exceeded
from engine.objects import Builder, NotAsStored, builder, is_stored
from engine.places import Field, Items, Place, Some, distinct
from engine.resolving import Resolver, runtime_type, settled, type_of_class
from engine.selections import Selected
from engine.values import absent, as_list, may_wait


class Columns:
    """Completes what is below one root field."""

    def __init__(self, executor: Executor[Any]) -> None:
        self._executor = executor
        manager = executor.middleware_manager
        self._middleware = bool(manager and manager.middlewares)
        self._made = 0
        self._raised = 0  # how many errors have arisen: most columns need not be searched for any

    async def complete(
        self, type_: GraphQLOutputType, field: Selected, values: list[Any], place: Place
    ) -> list[Any]:
        """What the answer has for `values`; `Raised` where a type that is not null has an error."""
        if is_non_null_type(type_):
            done = await self._complete(type_.of_type, field, values, place)
            return self._refuse_nulls(field, done, place)
        done = await self._complete(type_, field, values, place)
        return self._null(done, place) if self._failed(done) else done

    def _raise(self, error: Exception, field: Selected, place: Place, index: int) -> Raised:
        self._raised += 1
        return Raised(error, field, place, index)

    def _refuse_nulls(self, field: Selected, done: list[Any], place: Place) -> list[Any]:
        if type(None) not in set(map(type, done)):
            return done
        for i, value in enumerate(done):
            if value is None:
                error = TypeError(f"Cannot return null for non-nullable field {field.title}.")
                done[i] = self._raise(error, field, place, i)
        return done

    def _failed(self, values: Iterable[Any]) -> bool:
        return self._raised > 0 and Raised in set(map(type, values))

    def _null(self, done: list[Any], place: Place) -> list[Any]:
        """Put null where an error has arrived, and note the error."""
        for i, value in enumerate(done):
            if isinstance(value, Raised):
                for path in place.paths(i):
                    self._executor.collected_errors.add(value.located(path), path)
                done[i] = None
        return done

    async def _complete(
        self, type_: GraphQLOutputType, field: Selected, values: list[Any], place: Place
    ) -> list[Any]:
        if is_leaf_type(type_):
            return self._leaves(type_, field, values, place)
        done, present = absent(values)
        if not present:
            return done
        if is_list_type(type_):
            await self._lists(type_, field, values, present, place, done)
        elif is_abstract_type(type_):
            await self._abstract(type_, field, values, present, place, done)
        else:
            object_type = cast("GraphQLObjectType", type_)
            await self._objects(object_type, field, values, present, place, done)
        return done

    def _leaves(
        self, type_: GraphQLLeafType, field: Selected, values: list[Any], place: Place
    ) -> list[Any]:
        if (done := leaves.column(type_, values)) is not None:
            return done
        done = []
        for i, value in enumerate(values):
            if value is None or value is Undefined or isinstance(value, Raised):
                done.append(None if value is Undefined else value)
                continue
            try:
                done.append(self._executor.complete_leaf_value(type_, value))
            except Exception as error:  # noqa: BLE001 - it is reported in the answer
                done.append(self._raise(error, field, place, i))
        return done

    async def _lists(
        self,
        type_: GraphQLList[Any],
        field: Selected,
        values: list[Any],
        present: Sequence[int],
        place: Place,
        done: list[Any],
    ) -> None:
        """Complete the items of all lists as one column, and cut it up again."""
        items: list[Any] = []
        lists: list[tuple[int, int]] = []
        for i in present:
            try:
                own = await as_list(values[i], field)
            except Exception as error:  # noqa: BLE001 - it is reported in the answer
                done[i] = self._raise(error, field, place, i)
                continue
            lists.append((i, len(own)))
            items += own
        inner = Items(place, lists)
        items = await self._awaited(items, field, inner)
        completed = await self.complete(type_.of_type, field, items, inner)
        start = 0
        for i, length in lists:
            cut = completed[start : start + length]
            start += length
            done[i] = first_raised(cut) if self._failed(cut) else cut

    async def _abstract(
        self,
        type_: GraphQLAbstractType,
        field: Selected,
        values: list[Any],
        present: Sequence[int],
        place: Place,
        done: list[Any],
    ) -> None:
        """Complete the values of each runtime type together."""
        by_type: dict[str, list[int]] = defaultdict(list)
        executor = self._executor
        info = Resolver(executor, field, place).info(present[0])
        known: dict[type[Any], GraphQLObjectType | None] = {}
        for i in present:
            kind = type(values[i])
            if kind not in known:
                known[kind] = type_of_class(executor, type_, kind)
            try:
                runtime = known[kind] or await runtime_type(executor, type_, field, info, values[i])
            except Exception as error:  # noqa: BLE001 - it is reported in the answer
                done[i] = self._raise(error, field, place, i)
                continue
            by_type[runtime.name].append(i)
        for name, indexes in by_type.items():
            runtime = cast("GraphQLObjectType", executor.schema.get_type(name))
            await self._objects(runtime, field, values, indexes, place, done)

    async def _objects(
        self,
        type_: GraphQLObjectType,
        field: Selected,
        values: list[Any],
        present: Sequence[int],
        place: Place,
        done: list[Any],
    ) -> None:
        """Complete objects of one type: equal rows once, field by field."""
        numbers = distinct(values, present)
        rows = values if numbers is None else [values[own[0]] for own in numbers]
        here = place if numbers is None else Some(place, numbers)
        if refused := await self._refusals(type_, field, rows, here):
            numbers = numbers or [[i] for i in range(len(rows))]
            for i, refusal in refused.items():
                for number in numbers[i]:
                    done[number] = refusal
            numbers = [own for i, own in enumerate(numbers) if i not in refused]
            rows = [row for i, row in enumerate(rows) if i not in refused]
            here = Some(place, numbers)
        await self._count(len(rows))
        made = await self._fields(type_, field, rows, here)
        if numbers is None:
            done[:] = made
            return
        for own, one in zip(numbers, made, strict=True):
            for number in own:
                done[number] = one

    async def _count(self, objects: int) -> None:
        """Count those that are to be made; if others are to go first, wait for them."""
        self._made += objects
        if self._made > OBJECTS:
            raise Exceeded("objects in an answer", OBJECTS)
        if give_way := self._executor.context_value.gives_way:
            await give_way(objects)

    async def _refusals(
        self, type_: GraphQLObjectType, field: Selected, rows: list[Any], place: Place
    ) -> dict[int, Raised]:
        """The rows that are not of the type, by their number."""
        if type_.is_type_of is None:
            return {}
        if (of_class := getattr(type_.is_type_of, "of_class", None)) and all(
            map(of_class, set(map(type, rows)))
        ):
            return {}
        refused = {}
        info = Resolver(self._executor, field, place).info(0)
        for i, row in enumerate(rows):
            try:
                fits = type_.is_type_of(row, info)
                if self._executor.is_awaitable(fits):
                    fits = await fits
            except Exception as error:  # noqa: BLE001 - it is reported in the answer
                refused[i] = self._raise(error, field, place, i)
                continue
            if not fits:
                refusal = invalid_return_type_error(type_, row, field.details)
                refused[i] = self._raise(refusal, field, place, i)
        return refused

    async def _fields(
        self, type_: GraphQLObjectType, field: Selected, rows: list[Any], place: Place
    ) -> list[Any]:
        """The objects, as the query selects them; the first error where one has arrived."""
        kinds = set(map(type, rows))
        kind = kinds.pop() if len(kinds) == 1 else None
        stored = kind if kind and is_stored(kind) and not self._middleware else None
        found: dict[str, list[Any]] = {}
        objects_of = partial(builder, self._executor, type_, field)
        try:
            made = await self._built(objects_of(stored), rows, place, found)
        except NotAsStored:  # which of the rows? The long way tells it
            made = await self._built(objects_of(None), rows, place, found)
        for column in filter(self._failed, reversed(found.values())):
            for i, value in enumerate(column):
                if isinstance(value, Raised):
                    made[i] = value
        return made

    async def _built(
        self, objects: Builder, rows: list[Any], place: Place, found: dict[str, list[Any]]
    ) -> list[Any]:
        """The objects of rows, with the columns that were `found`, and those that are missing."""
        missing = {part.name: part for part in objects.apart if part.name not in found}
        for name, part in missing.items():
            found[name] = await self._part(part, rows, place)
        columns = [found[part.name] for part in objects.apart]
        return objects.make(rows, columns, self._executor.context_value)

    async def _part(self, part: Selected, rows: list[Any], place: Place) -> list[Any]:
        """One field of all rows."""
        values = self._read(part, rows) if part.get and part.is_leaf else None
        if values and (done := leaves.plain(part.definition.type, values)) is not None:
            return done
        at = Field(place, part.name, part.parent_type.name)
        found = await self._values(part, rows, at)
        return await self.complete(part.definition.type, part, found, at)

    def _read(self, part: Selected, rows: list[Any]) -> list[Any] | None:
        """The values of a field that is read from the rows; None if it takes more than that."""
        if part.metadata.get("when") or self._middleware:
            return None
        try:
            return list(map(cast("Callable[[Any], Any]", part.get), rows))
        except Exception:  # noqa: BLE001 - of which row? The long way tells it
            return None

    async def _values(self, field: Selected, rows: list[Any], place: Place) -> list[Any]:
        """The values of a field, not yet completed: `Raised` where there is an error."""
        try:
            values = await Resolver(self._executor, field, place).values(rows)
        except Exception as error:  # noqa: BLE001 - it is reported in the answer, for each row
            values = [error] * len(rows)
        return self._raise_all(values, field, place)

    def _raise_all(self, values: list[Any], field: Selected, place: Place) -> list[Any]:
        """The values, with `Raised` in the place of exceptions."""
        if not any(issubclass(kind, Exception) for kind in set(map(type, values))):
            return values
        return [
            self._raise(value, field, place, i) if isinstance(value, Exception) else value
            for i, value in enumerate(values)
        ]

    async def _awaited(self, items: list[Any], field: Selected, place: Place) -> list[Any]:
        """The items of lists, with those awaited that have to be."""
        if may_wait(items):
            items = await settled(items, self._executor.is_awaitable)
        return self._raise_all(items, field, place)
