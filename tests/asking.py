"""Requests to a running server, as a client sends them, and what it answers."""

from typing import Any

import httpx2
import orjson
from processes import Process, http_client, token

from models import Person

MODERN = "application/graphql-response+json"
CLASSIC = "application/json"


async def send(
    server: Process, person: Person | None, method: str = "POST", **more: Any
) -> httpx2.Response:
    """The answer to a request; headers that are None are left out."""
    headers = {
        "Authorization": f"Bearer {token(person)}" if person else None,
        "Accept": MODERN,
        "Content-Type": CLASSIC if method == "POST" else None,
        **more.pop("headers", {}),
    }
    given = {name: value for name, value in headers.items() if value is not None}
    async with http_client() as client:
        client.headers.clear()  # httpx would add an `Accept`
        url = f"http://{server.address}/graphql"
        return await client.request(method, url, headers=given, **more)


async def ask(
    server: Process, person: Person, query: str, headers: Any = None, **more: Any
) -> httpx2.Response:
    """The answer to a well-formed request."""
    body = orjson.dumps({"query": query, **more})
    return await send(server, person, content=body, headers=headers or {})


def data(response: httpx2.Response) -> Any:
    """The data of an answer that has no errors."""
    answer = response.json()
    assert list(answer) == ["data", "extensions"], answer
    assert list(answer["extensions"]) == ["cost"], answer
    return answer["data"]


def code(response: httpx2.Response) -> str:
    """The code of the only error in an answer that has no data."""
    answer = response.json()
    assert list(answer) == ["errors"], answer
    (error,) = answer["errors"]
    assert error["message"]
    found: str = error["extensions"]["code"]
    return found
