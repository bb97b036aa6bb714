"""Tables: for a terminal, and in Markdown."""

from collections.abc import Callable, Sequence

Line = Sequence[str]
Layout = Callable[[Sequence[Line]], str]

_HUNDRED = 100


def number(value: float) -> str:
    """A number with three digits that mean something."""
    return f"{value:,.0f}" if value >= _HUNDRED else f"{value:.3g}"


def markdown(lines: Sequence[Line]) -> str:
    """As it stands in a page."""
    head, *body = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "| " + " | ".join("---" for _ in lines[0]) + " |", *body, ""])


def columns(lines: Sequence[Line]) -> str:
    """As it is printed."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines] + [""])
