"""The page of faults: for each of them, tests that are there."""

from pages import FAULTS, ROOT, table


def test_each_fault_is_shown_by_tests_that_are_there() -> None:
    rows = table(FAULTS, "#")
    assert [row[0] for row in rows] == [str(number) for number in range(1, 27)]
    for _, fault, _, named in rows:
        assert named, fault
        for each in named.split(", "):
            module, _, test = each.partition(".")
            assert f"def {test}(" in (ROOT / "tests" / f"{module}.py").read_text(), each
