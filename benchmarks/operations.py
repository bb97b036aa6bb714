"""What the servers are asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from benchmarks.servers import Running
from benchmarks.stage import Stage

_PAGES = ("second", "third", "fourth", "fifth")
_WALK = """query Walk($first: Int!, $after: Cursor) {
  orders(first: $first, after: $after) { pageInfo { endCursor } }
}"""


@dataclass(frozen=True)
class Operation:
    """One thing that clients ask for."""

    name: str
    title: str
    writes: bool = False

    @property
    def text(self) -> str:
        """The GraphQL document."""
        return (Path(__file__).parent / "operations" / f"{self.name}.graphql").read_text()


BOARD = Operation("board", "Board page: 50 orders, with services, people, progress, last message")
OPERATIONS = (
    BOARD,
    Operation("order", "One order's page: services, checklists, items, assignments, feed of 20"),
    Operation("list", "500 slim rows: five pages of 100 in one request"),
    Operation("point", "One order by its id"),
    Operation("post", "Mutation: post a message", writes=True),
)


@dataclass(frozen=True)
class Question:
    """An operation with its variables."""

    text: str
    variables: dict[str, Any]

    @property
    def body(self) -> bytes:
        """What is sent."""
        return orjson.dumps({"query": self.text, "variables": self.variables})


def questions(operation: Operation, server: Running, stage: Stage) -> list[Question]:
    """What is asked in turn; cursors are the server's own."""
    variables: Sequence[dict[str, Any]]
    match operation.name:
        case "board":
            variables = [{"first": 50}]
        case "order":
            variables = [{"id": order} for order in stage.busy]
        case "list":
            variables = [dict(zip(_PAGES, cursors(server, stage, 100, 4), strict=True))]
        case "point":
            variables = [{"id": order} for order in stage.orders[:50]]
        case "post":
            # Old orders, which the other operations don't show.
            text = "The photos are in. Please have a look at the last three of the garden."
            old = stage.orders[-20:]
            variables = [{"input": {"orderId": order, "text": text}} for order in old]
        case _:
            raise ValueError(operation.name)
    return [Question(operation.text, each) for each in variables]


def cursors(server: Running, stage: Stage, size: int, count: int) -> list[str]:
    """The ends of the first pages of all orders."""
    found: list[str] = []
    for _ in range(count):
        asked = Question(_WALK, {"first": size, "after": found[-1] if found else None})
        found.append(ask(server, stage, asked)["data"]["orders"]["pageInfo"]["endCursor"])
    return found


def ask(server: Running, stage: Stage, question: Question) -> dict[str, Any]:
    """A server's answer, which must have no errors."""
    place = urlsplit(server.url)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {stage.token}"}
    connection = HTTPConnection(place.netloc, timeout=30)
    connection.request("POST", place.path, question.body, headers)
    raw = connection.getresponse().read()
    connection.close()
    answer: dict[str, Any] = orjson.loads(raw)
    if "errors" in answer:
        raise SystemExit(f"{server.server.title} answers\n{raw.decode()[:2000]}\nto\n{question}")
    return answer
