"""Requests by a token, whoever holds it."""

import asyncio
from typing import Any

from processes import SECONDS, Process, http_client

NAME = "{ viewer { person { name } } }"


async def send(server: Process, query: str, token: str | None = None, **given: Any) -> Any:
    """The status and the body of the answer to a request."""
    headers = {"Accept": "application/graphql-response+json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with http_client() as client:
        response = await client.post(
            f"http://{server.address}/graphql",
            json={"query": query, "variables": {"input": given} if given else {}},
            headers=headers,
        )
    return response.status_code, response.json()


async def until_refused(server: Process, token: str) -> None:
    """Wait until a process takes a token no more."""
    async with asyncio.timeout(SECONDS):
        while (await send(server, NAME, token))[0] != 401:  # noqa: ASYNC110 - it asks each time
            await asyncio.sleep(0)
