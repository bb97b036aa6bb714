"""Objects of an answer, built from rows as the database has them."""

import keyword
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, ClassVar

import engine_world as world
import pytest
import sqlalchemy
import strawberry
from sqlalchemy.orm import Mapped, mapped_column
from strawberry.types.base import get_object_definition

from engine import docs
from engine.executor import BreadthFirstExecutor
from engine.fields import column, each, itself, of_class
from engine.leaves import as_it_is

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Size(Enum):
    """How large it is."""

    SMALL = "SMALL"
    """Small."""
    LARGE = "LARGE"
    """Large."""


class Cup(world.Base):
    """A table that is in no database."""

    __tablename__ = "cups"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    flag: Mapped[bool]
    size: Mapped[Size] = mapped_column(sqlalchemy.Enum(Size, native_enum=False))
    made_at: Mapped[datetime | None]
    large: Mapped[int] = mapped_column(sqlalchemy.BigInteger)


class Row(tuple[Any, ...]):
    """A cup as the database has it."""

    __slots__ = ()
    model = Cup
    places: ClassVar[dict[str, int]] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[self.places[name]]
        except KeyError:
            raise AttributeError(name) from None
        return Size[value] if name == "size" else value


class Stored(Row):
    """A row with its columns in one order."""

    __slots__ = ()
    places: ClassVar = {"id": 0, "name": 1, "flag": 2, "size": 3, "made_at": 4, "large": 5}


class Turned(Row):
    """A row with its columns in another order."""

    __slots__ = ()
    places: ClassVar = {"id": 5, "name": 4, "flag": 3, "size": 2, "made_at": 1, "large": 0}


@strawberry.type
class Inside:
    """A part of a cup, which is the same row."""

    name: Annotated[str | None, column("name")]
    flag: bool


@strawberry.type(name="Cup")
class ShownCup:
    """A cup."""

    id: int
    name: str | None
    required: Annotated[str, column("name")]
    hidden: Annotated[str | None, column("name", when=lambda viewer: viewer.staff)]
    flag: bool
    size: Annotated[docs.enum(Size), column("size")]  # type: ignore[valid-type] # Strawberry's way
    made_at: datetime | None
    large: int
    shout: Annotated[str, each(lambda row: f"{row.name}!")]
    inside: Annotated[Inside, itself()]


for _type in (Inside, ShownCup):
    is_cup = of_class(Cup, lambda kind: issubclass(kind, Row))
    get_object_definition(_type, strict=True).is_type_of = is_cup


@strawberry.type
class Query:
    """Cups."""

    cups: list[ShownCup | None]


MOMENT = strawberry.scalar(
    name="Moment", serialize=as_it_is, parse_value=datetime.fromisoformat, description="When."
)
SCHEMA = strawberry.Schema(
    Query,
    execution_context_class=BreadthFirstExecutor,
    config=strawberry.schema.config.StrawberryConfig(scalar_map={datetime: MOMENT}),
)
ROWS = [
    Stored([1, "a", True, "SMALL", NOON, 7]),
    Stored([2, None, False, "LARGE", None, 2**40]),
]


async def asked(document: str, rows: list[Any], *, staff: bool = True) -> Any:
    """What is answered to a document of cups: data, and the errors with their paths."""
    context = world.Context(viewer=world.Viewer(staff))
    result = await SCHEMA.execute(document, None, context, Query(cups=rows))
    return result.data, [(error.message, error.path) for error in result.errors or []]


async def test_an_object_has_what_is_selected_in_that_order() -> None:
    data, errors = await asked("{ cups { size id b: name __typename } }", ROWS)
    assert not errors
    assert [list(cup.items()) for cup in data["cups"]] == [
        [("size", "SMALL"), ("id", 1), ("b", "a"), ("__typename", "Cup")],
        [("size", "LARGE"), ("id", 2), ("b", None), ("__typename", "Cup")],
    ]


async def test_names_that_python_keeps_for_itself_are_names_like_others() -> None:
    names = [name for name in keyword.kwlist if name not in ("True", "False", "None")]
    document = "{ cups { " + " ".join(f"{name}: id" for name in names) + " } }"
    assert await asked(document, ROWS[:1]) == ({"cups": [dict.fromkeys(names, 1)]}, [])


async def test_each_kind_of_row_is_read_by_its_own_places() -> None:
    turned = Turned(reversed(ROWS[0]))
    document = "{ cups { id name flag size madeAt inside { name flag } } }"
    cup = {"id": 1, "name": "a", "flag": True, "size": "SMALL", "madeAt": NOON}
    expected = {**cup, "inside": {"name": "a", "flag": True}}
    for rows in (ROWS[:1], [turned], [ROWS[0], turned]):
        assert await asked(document, rows) == ({"cups": [expected] * len(rows)}, [])


async def test_what_may_be_null_or_is_too_large_is_looked_at() -> None:
    data, errors = await asked("{ cups { required } }", ROWS)
    assert data == {"cups": [{"required": "a"}, None]}
    assert [path for _, path in errors] == [["cups", 1, "required"]]
    data, errors = await asked("{ cups { large } }", ROWS)
    assert data == {"cups": [{"large": 7}, None]}
    assert [path for _, path in errors] == [["cups", 1, "large"]]


@pytest.mark.parametrize(("staff", "shown"), [(True, "a"), (False, None)])
async def test_what_some_may_not_see_is_asked_each_time(*, staff: bool, shown: str | None) -> None:
    answered = await asked("{ cups { hidden } }", ROWS[:1], staff=staff)
    assert answered == ({"cups": [{"hidden": shown}]}, [])


async def test_a_value_that_the_code_does_not_know_is_one_error_at_its_place() -> None:
    """As while a newer server, which knows more members of an enum, runs beside this one."""
    newer = Stored([3, "c", True, "HUGE", None, 1])
    data, errors = await asked("{ cups { shout size } }", [*ROWS, newer])
    assert data == {
        "cups": [{"shout": "a!", "size": "SMALL"}, {"shout": "None!", "size": "LARGE"}, None]
    }
    assert errors == [("'HUGE'", ["cups", 2, "size"])]
