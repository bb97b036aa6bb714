"""Objects of an answer, built from columns."""

import keyword

import pytest

from engine.objects import builder


def test_each_row_becomes_an_object_with_its_names_in_order() -> None:
    made = builder(("b", "a"))([[1, 2], ["x", None]])
    assert [list(each.items()) for each in made] == [
        [("b", 1), ("a", "x")],
        [("b", 2), ("a", None)],
    ]


def test_names_that_python_keeps_for_itself_are_names_like_others() -> None:
    names = tuple(keyword.kwlist)
    (made,) = builder(names)([[name] for name in names])
    assert made == {name: name for name in names}


@pytest.mark.parametrize("name", ["a b", "a'", "", "a: 1}, {'b'", "0"])
def test_nothing_but_names_becomes_code(name: str) -> None:
    with pytest.raises(ValueError, match="Not all of these are names"):
        builder((name,))


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        builder(("a", "b"))([[1, 2], [3]])
