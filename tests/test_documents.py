"""Persisted documents: named by their hash, kept for all processes, or listed beforehand."""

from collections.abc import AsyncIterator
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from asking import CLASSIC, MODERN, ask, code, data, send
from factories import Agency
from sqlalchemy import select
from storage import session_of
from watched import Watched, quiet

from core.database import Database
from models import PersistedDocument
from server import documents
from server.documents import Documents, NotPersisted, manifest
from server.embedded import Postgres, Valkey
from subscriptions.hub import Hub

NAME = "query Name { viewer { person { name } } }"
BOTH = "query Safe { __typename } mutation Unsafe { __typename }"
NOT_KNOWN = "PERSISTED_QUERY_NOT_FOUND"


@pytest.fixture(scope="module")
async def another(postgres: Postgres, database: Database, valkey: Valkey) -> AsyncIterator[Watched]:
    """A second server process over the same database."""
    del database
    async with quiet(postgres.url, valkey.url) as another:
        yield another


def hashed(text: str) -> str:
    """The hash of a document."""
    return sha256(text.encode()).hexdigest()


def apollo(text: str) -> dict[str, Any]:
    """How Apollo names a document."""
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed(text)}}}


def by_id(text: str) -> dict[str, Any]:
    """How GraphQL over HTTP names it."""
    return {"documentId": f"sha256:{hashed(text)}"}


async def body(server: Watched, person: Any, accept: str = MODERN, **given: Any) -> Any:
    """The answer to a body."""
    content = orjson.dumps(given)
    return await send(server, person, content=content, headers={"Accept": accept})


async def stored(agency: Agency) -> set[str]:
    """The hashes of the documents that are kept for an agency."""
    document = PersistedDocument
    statement = select(document.sha256).where(document.organization_id == agency.organization.id)
    async with session_of(agency.database) as session:
        return set(await session.scalars(statement))


@pytest.mark.parametrize("named", [apollo, by_id])
async def test_a_document_is_sent_once_and_known_to_every_process(
    agency: Agency, server: Watched, another: Watched, named: Any
) -> None:
    missed = await body(server, agency.staff, **named(NAME))
    assert missed.status_code == 400
    assert code(missed) == NOT_KNOWN
    assert missed.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    assert (await body(server, agency.staff, CLASSIC, **named(NAME))).status_code == 200
    sent = await body(server, agency.staff, query=NAME, **named(NAME))
    for process, person in ((server, agency.staff), (another, agency.staff)):
        found = await body(process, person, **named(NAME))
        assert found.status_code == 200
        assert data(found) == data(sent)
        assert found.json()["data"] == {"viewer": {"person": {"name": "Sam Staff"}}}
    assert await stored(agency) == {hashed(NAME)}


async def test_a_document_goes_by_websocket_as_well(agency: Agency, server: Watched) -> None:
    async with server.socket(agency.staff) as socket:
        for payload, kind in (
            (apollo(NAME), "error"),
            ({"query": NAME, **apollo(NAME)}, "next"),
            (by_id(NAME), "next"),
        ):
            await socket.send({"id": "1", "type": "subscribe", "payload": payload})
            told = await socket.receive()
            assert told["type"] == kind
            if kind == "error":
                assert told["payload"][0]["extensions"] == {"code": NOT_KNOWN}
            else:
                assert (await socket.receive())["type"] == "complete"


async def test_a_document_and_its_hash_must_agree(agency: Agency, server: Watched) -> None:
    other = NAME + " "
    for accept in (MODERN, CLASSIC):
        refused = await body(server, agency.staff, accept, query=other, **apollo(NAME))
        assert refused.status_code == 400
        assert code(refused) == "BAD_USER_INPUT"
    assert await stored(agency) == set()


async def test_what_is_not_graphql_is_not_kept(agency: Agency, server: Watched) -> None:
    for text in ("", "{", "{ \0 }", NAME + "#" * 70_000):
        refused = await body(server, agency.staff, query=text, **apollo(text))
        assert code(refused) == "GRAPHQL_PARSE_FAILED"
    assert await stored(agency) == set()


@pytest.mark.parametrize("id", ["", "sha256:", "x" * 100_000, "\0", "md5:\0", hashed(NAME).upper()])
async def test_an_id_of_nothing_is_not_known(agency: Agency, server: Watched, id: str) -> None:
    await body(server, agency.staff, query=NAME, **apollo(NAME))
    assert code(await body(server, agency.staff, documentId=id)) == NOT_KNOWN


@pytest.mark.parametrize(
    "given",
    [
        {"documentId": 1},
        {"documentId": hashed(NAME), **apollo(NAME)},
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": hashed(NAME)}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": None}}},
        {"extensions": {"persistedQuery": "x"}},
        {"extensions": {}},
    ],
)
async def test_what_is_no_name_of_a_document_is_a_bad_request(
    agency: Agency, server: Watched, given: dict[str, Any]
) -> None:
    refused = await body(server, agency.staff, **given)
    assert refused.status_code == 400
    assert code(refused) == "BAD_USER_INPUT"


async def test_another_agency_does_not_know_it(
    agency: Agency, server: Watched, database: Database, hub: Hub
) -> None:
    other = await Agency.make(database, hub)
    await body(server, agency.staff, query=NAME, **apollo(NAME))
    assert code(await body(server, other.staff, **apollo(NAME))) == NOT_KNOWN


async def test_the_answer_to_a_hash_is_kept_by_its_client_alone(
    agency: Agency, server: Watched
) -> None:
    await body(server, agency.staff, query=NAME, **apollo(NAME))
    params = {"extensions": orjson.dumps(apollo(NAME)["extensions"]).decode()}
    first = await send(server, agency.staff, "GET", params=params)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Accept, Authorization, Callsheet-Organization"
    headers = {"If-None-Match": f'"x", {first.headers["ETag"]}'}
    again = await send(server, agency.staff, "GET", params=params, headers=headers)
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    of_another = await send(server, agency.admin, "GET", params=params, headers=headers)
    assert of_another.json()["data"]["viewer"]["person"]["name"] == "Ada Admin"
    nobody = await send(server, None, "GET", params=params, headers=headers)
    assert nobody.status_code == 401


async def test_no_other_answer_is_kept(agency: Agency, server: Watched) -> None:
    failing = "query ($id: ID!) { node(id: $id) { id } }"
    for text in (NAME, failing):
        await body(server, agency.staff, query=text, variables={"id": "junk"}, **apollo(text))
    answers = [
        await ask(server, agency.staff, NAME),
        await body(server, agency.staff, **by_id(NAME)),
        await send(server, agency.staff, "GET", params={"query": NAME}),
        await send(server, agency.staff, "GET", params={"documentId": "unknown"}),
        await send(
            server, agency.staff, "GET", params={**by_id(failing), "variables": '{"id": "junk"}'}
        ),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


async def test_a_mutation_does_not_go_by_get_under_its_hash(
    agency: Agency, server: Watched
) -> None:
    await body(server, agency.staff, query=BOTH, operationName="Safe", **apollo(BOTH))
    for name, status in (("Safe", 200), ("Unsafe", 405)):
        params = {**by_id(BOTH), "operationName": name}
        assert (await send(server, agency.staff, "GET", params=params)).status_code == status


async def test_the_least_used_give_way(agency: Agency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "KEPT", 3)
    mine, texts = agency.organization.id, [f"{{ a{i}: __typename }}" for i in range(6)]
    for text in texts[:3]:
        await Documents(agency.database).keep(mine, text)
    assert await Documents(agency.database).text(mine, None, hashed(texts[0])) == texts[0]
    for text in texts[3:5]:
        await Documents(agency.database).keep(mine, text)
    assert await stored(agency) == {hashed(texts[i]) for i in (0, 3, 4)}
    with pytest.raises(NotPersisted):
        await Documents(agency.database).text(mine, None, hashed(texts[1]))


async def test_what_a_process_remembers_is_bounded(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, statements: list[str]
) -> None:
    monkeypatch.setattr(documents, "_KEPT_HERE", 2)
    mine, texts = agency.organization.id, [f"{{ a{i}: __typename }}" for i in range(3)]
    known = Documents(agency.database)
    for text in texts:
        await known.keep(mine, text)
    statements.clear()
    for text in texts[1:]:
        await known.text(mine, None, hashed(text))
        await known.keep(mine, text)
    assert statements == []
    await known.text(mine, None, hashed(texts[0]))
    assert len(statements) == 1


MD5 = md5(NAME.encode()).hexdigest()  # noqa: S324 - as Relay names them
MANIFESTS: dict[str, dict[str, Any]] = {
    "graphql-codegen": {hashed(NAME): NAME},
    "relay": {MD5: NAME},
    "apollo": {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": hashed(NAME), "name": "Name", "type": "query", "body": NAME}],
    },
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_manifests_of_others_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(orjson.dumps(MANIFESTS[kind]))
    assert manifest(path)[hashed(NAME)] == NAME
    assert set(manifest(path).values()) == {NAME}


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"operations": [{"id": "a"}]}', "\xff"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match="validation error"):
        manifest(path)


@pytest.fixture(scope="module")
async def strict(
    postgres: Postgres, database: Database, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Watched]:
    """A server process that executes what is listed, and nothing else."""
    del database
    path = tmp_path_factory.mktemp("strict") / "documents.json"
    path.write_bytes(orjson.dumps(MANIFESTS["relay"] | {"sha256:safe": BOTH}))
    first = f"import os; os.environ['CALLSHEET_DOCUMENTS'] = {str(path)!r}"
    async with quiet(postgres.url, valkey.url, first=first) as strict:
        yield strict


async def test_what_is_listed_is_executed(agency: Agency, strict: Watched) -> None:
    for given in (
        apollo(NAME),
        by_id(NAME),
        {"documentId": MD5},
        {"query": NAME},
        {"query": NAME, **apollo(NAME)},
        {"documentId": "safe", "operationName": "Safe"},
    ):
        assert data(await body(strict, agency.staff, **given))


async def test_what_is_not_listed_is_not_executed(agency: Agency, strict: Watched) -> None:
    other = NAME + " "
    for given, expected in (
        ({"query": other}, "FORBIDDEN"),
        ({"query": "{ __schema { queryType { name } } }"}, "FORBIDDEN"),
        ({"query": other, **apollo(other)}, "FORBIDDEN"),
        (apollo(other), NOT_KNOWN),
        ({"query": other, **apollo(NAME)}, "BAD_USER_INPUT"),
        ({"query": BOTH, **by_id(NAME)}, "BAD_USER_INPUT"),
    ):
        assert code(await body(strict, agency.staff, **given)) == expected
    async with strict.socket(agency.staff) as socket:
        await socket.subscribe("1", other)
        told = await socket.receive()
        assert told["type"] == "error"
        assert told["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_nothing_is_kept_beside_a_list(
    agency: Agency, database: Database, statements: list[str]
) -> None:
    await Documents(database, {hashed(NAME): NAME}).keep(agency.organization.id, NAME)
    assert statements == []
