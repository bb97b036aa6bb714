"""A transaction: its rows are read as objects, changed by their attributes, and written back."""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from sqlalchemy import inspect

from core import writes
from core.connections import Connection
from core.records import Bindable, Record
from core.statements import Statement, bound


class Transaction:
    """What is read, made, changed and deleted together, or not at all.

    A row that is read again is the same object, with what was changed of it meanwhile.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[Hashable, Any] = {}

    async def fetch(self, sql: str, *arguments: Any) -> Sequence[Any]:
        """What the driver gives for a statement."""
        return await self._connection.fetch(sql, *arguments)

    async def execute(self, sql: str) -> None:
        """Have statements without arguments executed, such as `ANALYZE`."""
        await self._connection.execute(sql)

    async def read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of a prepared statement: of one table, or values."""
        found = await self.fetch(statement.sql, *statement.arguments(values))
        rows, shape = statement.shape.rows(found), statement.shape
        return rows if shape.record is None else [self._object(row) for row in rows]

    async def rows(self, statement: Bindable) -> Sequence[Any]:
        """The rows of a statement that was built for this one time."""
        return await self.read(bound(statement), {})

    async def row(self, statement: Bindable) -> Any:
        """Its row or value; None if there is none."""
        found = await self.rows(statement)
        return found[0] if found else None

    async def add(self, *rows: Any) -> None:
        """Store new rows now: those of one table after the other, as they are given."""
        for insertion, new in _grouped(rows, writes.insertion).items():
            told = await self._write(insertion, [writes.values(row) for row in new])
            for row, record in zip(new, told, strict=True):
                _take(row, record)
                self._rows[writes.identity(row)] = row

    async def delete(self, *rows: Any) -> None:
        """Delete rows now."""
        for deletion, gone in _grouped(rows, writes.deletion).items():
            await self._write(deletion, [writes.keys(row) for row in gone])
            for row in gone:
                del self._rows[writes.identity(row)]

    async def flush(self) -> None:
        """Write now what was changed of rows; the end of the transaction does it too."""
        changed = [row for row in self._rows.values() if writes.changes(row)]
        for change, rows in _grouped(changed, writes.change).items():
            given = [{**writes.changes(row), **writes.keys(row)} for row in rows]
            for row, record in zip(rows, await self._write(change, given), strict=True):
                _take(row, record)

    async def copy(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Store many rows at once, as the driver takes them."""
        await self._connection.copy(table, columns, rows)

    async def _write(
        self, statement: Statement, each: Sequence[Mapping[str, Any]]
    ) -> Sequence[Any]:
        """What a statement tells of each row that it writes; there must be one for each."""
        arguments = [statement.arguments(values) for values in each]
        if len(arguments) == 1:
            found = await self._connection.fetch(statement.sql, *arguments[0])
        else:
            found = await self._connection.fetch_many(statement.sql, arguments)
        if len(found) != len(each):
            raise RuntimeError(f"{len(each) - len(found)} rows were not there: {statement.sql}")
        return statement.shape.rows(found)

    def _object(self, record: Record) -> Any:
        """The object that a record becomes; the one that there is already, if there is."""
        key = writes.identity(record)
        if key not in self._rows:
            self._rows[key] = row = inspect(record.model).class_manager.new_instance()
            _take(row, record)
        return self._rows[key]


def _take(row: Any, record: Record) -> None:
    """Let a row be what the database says of it: nothing of it is changed any more."""
    state = inspect(row)
    state.dict.update({name: getattr(record, name) for name in record.places})
    state.committed_state.clear()


def _grouped(rows: Sequence[Any], statement_of: Any) -> dict[Statement, list[Any]]:
    """Rows by the statement that writes them, in their order."""
    groups: dict[Statement, list[Any]] = defaultdict(list)
    for row in rows:
        groups[statement_of(row)].append(row)
    return groups
