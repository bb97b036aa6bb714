"""Columns of scalars: what needs no second look, and what does."""

from typing import Any

import pytest
from engine_values import Broken, Later
from graphql import GraphQLScalarType

from engine import leaves

ODD = GraphQLScalarType("Odd", coerce_output_value=lambda it: it)


@pytest.mark.parametrize("values", [["x", "y"], ["x", None], [None, None]])
def test_values_of_one_kind_are_serialized_at_once(values: list[Any]) -> None:
    assert leaves.column(ODD, values) == values


@pytest.mark.parametrize("value", [Later("x"), Broken("as a value"), (_ for _ in ())])
def test_what_has_to_be_awaited_or_is_an_error_is_no_value(value: Any) -> None:
    assert leaves.column(ODD, [value, value]) is None
