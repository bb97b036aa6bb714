"""What the worst documents cost before they are refused: `python -m benchmarks.hostile`."""

from time import process_time

import typer
from graphql import GraphQLError

from engine import costs, documents
from schema import core

_ORDER = "{ orders { edges { node { %s } } } }"
DOCUMENTS = {
    "one field, as often as it goes": _ORDER % ("name " * 1_990),
    "one object, again and again": _ORDER % ("customer { name } " * 600),
    "one path, again and again": "{ "
    + "orders { edges { node { services { order { name } } } } } " * 120
    + "}",
    "one fragment, again and again": _ORDER % ("...f " * 1_100) + " fragment f on Order { name }",
    "fragments that say the same": _ORDER % " ".join(f"...f{i}" for i in range(170))
    + " ".join(f"fragment f{i} on Order {{ name customer {{ id }} }}" for i in range(170)),
    "fragments that double": _ORDER % "...f0"
    + " ".join(f"fragment f{i} on Order {{ ...f{i + 1} ...f{i + 1} }}" for i in range(150))
    + " fragment f150 on Order { name }",
    "a chain of fragments": _ORDER % "...f0"
    + " ".join(f"fragment f{i} on Order {{ ...f{i + 1} }}" for i in range(300))
    + " fragment f300 on Order { name }",
    "one name for different fields": _ORDER
    % " ".join(f"a: {name}" for name in ("name", "number", "status", "dueAt") * 49),
    "fields that there are not": "{ " + " ".join(f"x{i}" for i in range(1_900)) + " }",
    "variables that nobody uses": "query ("
    + " ".join(f"$v{i}: Int" for i in range(480))
    + ") { viewer { scopes } }",
    "one argument, again and again": "{ orders(" + "first: 1 " * 800 + ") { totalCount } }",
    "a long value": "{ orders(filter: {number: {in: [" + "1," * 2_400 + "]}}) { totalCount } }",
    "a long text": '{ order(id: "' + '\\"' * 30_000 + '") { id } }',
    "a text without its end": "{ a(b: " + '"' * 60_000 + " }",
    "brackets": "{a" * 2_000,
    "types within each other": _ORDER % ("... on Order { " * 55 + "name" + " }" * 55),
}


def main() -> None:
    """Print the processor time for each of them, the best of five, and what became of it."""
    documents.errors_of("{ __typename }", core())
    for name, text in DOCUMENTS.items():
        times, became = zip(*(_asked(text) for _ in range(5)), strict=True)
        typer.echo(f"{min(times) * 1_000:6.1f} ms  {name}: {became[0]}")


def _asked(text: str) -> tuple[float, str]:
    documents.DOCUMENTS.clear()
    begun = process_time()
    try:
        errors = documents.errors_of(text, core())
        became = errors[0].message if errors else f"costs {costs.cost(core(), text, None, {})}"
    except GraphQLError as error:
        became = error.message
    return process_time() - begun, became


if __name__ == "__main__":
    typer.run(main)
