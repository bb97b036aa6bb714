"""Requests that can't be read: bodies and query strings of every wrong kind."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from asking import CLASSIC, MODERN, ask, code, send
from factories import Agency
from processes import SECONDS, token
from watched import Watched, watched

from models import Person
from server.embedded import Postgres, Valkey

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b"{}",
        b'{"query": "{ __typename }"',
        b'[{"query": "{ __typename }"}]',
        b'{"query": null}',
        b'{"query": 1}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": 0}',
        b'{"query": "{ __typename }", "operationName": {}}',
        b'{"query": "{ __typename }", "extensions": false}',
        b'{"query": "{ __typename \xff }"}',
        b'{"query": "\\ud800"}',
        b'{"a":' * 100_000,
        b'{"query": "{ __typename }", "variables": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    ],
    ids=lambda body: body[:45].decode(errors="replace"),
)
async def test_a_body_that_is_no_request_is_a_bad_request(
    agency: Agency, server: Watched, body: bytes
) -> None:
    for accept in (MODERN, CLASSIC):
        response = await send(server, agency.admin, content=body, headers={"Accept": accept})
        assert response.status_code == 400
        assert code(response) == "BAD_USER_INPUT"


async def test_the_body_is_json_and_nothing_else(agency: Agency, server: Watched) -> None:
    body = b'{"query": "{ __typename }"}'
    for wrong in (None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        headers = {"Content-Type": wrong}
        response = await send(server, agency.admin, content=body, headers=headers)
        assert response.status_code == 415
        assert code(response) == "BAD_USER_INPUT"
    for right in ("Application/JSON; charset=UTF-8", 'application/json;charset="utf8"'):
        headers = {"Content-Type": right}
        response = await send(server, agency.admin, content=body, headers=headers)
        assert response.status_code == 200


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "us-ascii", "", "junk"])
async def test_a_body_in_another_charset_is_not_guessed_at(
    agency: Agency, server: Watched, charset: str
) -> None:
    headers = {"Content-Type": f"{CLASSIC}; charset={charset}"}
    response = await send(server, agency.admin, content=b"{}", headers=headers)
    assert response.status_code == 415
    assert code(response) == "BAD_USER_INPUT"


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "junk"])
async def test_a_compressed_body_is_not_opened(
    agency: Agency, server: Watched, encoding: str
) -> None:
    body = gzip.compress(b'{"query": "{ __typename }"}')
    headers = {"Content-Encoding": encoding}
    response = await send(server, agency.admin, content=body, headers=headers)
    assert response.status_code == 415
    assert response.headers["Accept-Encoding"] == "identity"
    assert code(response) == "BAD_USER_INPUT"


async def test_a_body_may_have_a_mebibyte(agency: Agency, server: Watched) -> None:
    body = b'{"query": "{ __typename }"}'.ljust(MIB)
    assert (await send(server, agency.admin, content=body)).status_code == 200
    response = await send(server, agency.admin, content=body + b" ")
    assert response.status_code == 413
    assert code(response) == "BAD_USER_INPUT"


@asynccontextmanager
async def upload(
    server: Watched, person: Person, rest: bytes
) -> AsyncIterator[asyncio.StreamReader]:
    """What comes back while a POST has begun and does not end; cut off at the end of the block."""
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: {server.address}\r\nContent-Type: {CLASSIC}\r\n"
        f"Authorization: Bearer {token(person)}\r\n"
    )
    reader, writer = await asyncio.open_connection(*server.address.split(":"))
    try:
        writer.write(head.encode() + rest)
        await writer.drain()
        yield reader
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: %d\r\n\r\n" % (MIB + 1),
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (10 * MIB) + b" " * (MIB + 1),
    ],
    ids=["declared", "streamed"],
)
async def test_a_large_body_is_refused_before_it_has_ended(
    agency: Agency, server: Watched, rest: bytes
) -> None:
    async with upload(server, agency.admin, rest) as reader, asyncio.timeout(SECONDS):
        assert (await reader.readline()).split()[1] == b"413"


async def test_a_client_that_leaves_in_the_middle_is_not_mourned(
    agency: Agency, server: Watched
) -> None:
    async with upload(server, agency.admin, b"Content-Length: 9\r\n\r\n{"):
        pass  # the server's log is read at the end
    assert (await ask(server, agency.admin, "{ __typename }")).status_code == 200


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"query": "{ __typename }", "variables": "{"},
        {"query": "{ __typename }", "variables": "[]"},
        {"query": "{ __typename }", "extensions": "1"},
        {"query": ["{ __typename }", "{ __typename }"]},
        {"query": "{ __typename }", "variables": ["{}", "{}"]},
    ],
)
async def test_a_get_that_is_no_request_is_a_bad_request(
    agency: Agency, server: Watched, params: dict[str, Any]
) -> None:
    response = await send(server, agency.admin, "GET", params=params)
    assert response.status_code == 400
    assert code(response) == "BAD_USER_INPUT"


async def test_a_query_string_in_another_charset_is_not_guessed_at(
    agency: Agency, server: Watched
) -> None:
    for query in ("query=%7B__typename%7D%23%FF", "query=%7B__typename%7D&%FF=1"):
        reader, writer = await asyncio.open_connection(*server.address.split(":"))
        head = f"GET /graphql?{query} HTTP/1.1\r\nHost: {server.address}\r\nConnection: close\r\n"
        writer.write(f"{head}Authorization: Bearer {token(agency.admin)}\r\n\r\n".encode())
        async with asyncio.timeout(SECONDS):
            answer = await reader.read()
        writer.close()
        assert answer.split()[1] == b"400"
        assert b"BAD_USER_INPUT" in answer


async def test_a_body_that_never_ends_is_waited_for_no_longer_than_told(
    agency: Agency, postgres: Postgres, valkey: Valkey
) -> None:
    first = "from server import requests; requests.BODY_S = 0.1"
    async with watched(postgres.url, valkey.url, first=first) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = "POST /graphql HTTP/1.1", "Host: x", "Content-Type: application/json"
        who = f"Authorization: Bearer {token(agency.staff)}"
        writer.write("\r\n".join((*head, who, "Content-Length: 100", "", '{"query"')).encode())
        async with asyncio.timeout(SECONDS):
            answer = await reader.read()  # to its end: the connection is closed as well
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"code":"BAD_USER_INPUT"' in answer
        writer.close()
