"""Persisted documents: clients name them by their hash, instead of sending them each time.

Automatic persisted queries as Apollo defines them, and appendix A of GraphQL over HTTP.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from core.arguments import SHA256
from core.database import Database
from core.errors import ApiError, ErrorCode, Forbidden, Invalid
from core.viewer import Viewer
from models import PersistedDocument, new_id

KEPT = 1_000  # by Postgres, for each organization
_KEPT_HERE = 256
_OTHER = "This is the id of another document."
_USED = """UPDATE persisted_documents SET used_at = now()
WHERE organization_id = $1 AND sha256 = $2 RETURNING text"""


class NotPersisted(ApiError):
    """A document that was named by a hash which is not known; the client sends it whole then."""

    code = ErrorCode.PERSISTED_QUERY_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")  # clients know it by these very words


class Documents:
    """The documents that are known: those that clients have sent, or only those of a list."""

    def __init__(self, database: Database, listed: Mapping[str, str] | None = None) -> None:
        self._database = database
        self._listed = listed
        self._recent: OrderedDict[tuple[UUID, str], str] = OrderedDict()

    async def text(self, organization_id: UUID | None, query: str | None, id: str | None) -> str:
        """The document of a client that has sent it, or its id, or both.

        `NotPersisted` if it is not known, `Forbidden` if it is not one of the list, `Invalid` if
        the id is that of another document.
        """
        sent = _of_id(id) if id is not None else None
        if self._listed is not None:
            return _of_list(self._listed, query, sent)
        if query is None:
            if organization_id is None:  # a visitor sends all of it
                raise NotPersisted
            return await self._found(organization_id, sent or "")
        if sent is not None and sent != _hash(query):
            raise Invalid("documentId", _OTHER)
        return query

    async def keep(self, organization_id: UUID, text: str) -> None:
        """Store a document, instead of that which nobody has used for longest if there are many."""
        key = organization_id, _hash(text)
        if self._listed is not None or key in self._recent:
            return
        document = PersistedDocument
        given = {"organization_id": organization_id, "sha256": key[1], "text": text}
        fresh = insert(document).values(id=new_id(), **given)
        mine = document.organization_id == organization_id
        unused = select(document.id).where(mine).order_by(document.used_at.desc()).offset(KEPT)
        async with self._database.transaction(organization_id) as transaction:
            await transaction.rows(fresh.on_conflict_do_nothing())
            old = await transaction.rows(unused.with_for_update(skip_locked=True))
            await transaction.rows(delete(document).where(mine, document.id.in_(old)))
        self._remember(key, text)

    async def _found(self, organization_id: UUID, sent: str) -> str:
        key = organization_id, sent
        text = self._recent.get(key)
        if text is None:
            if not SHA256.fullmatch(sent):
                raise NotPersisted
            rows = await self._database.fetch(_USED, *key, within=organization_id)
            if not rows:
                raise NotPersisted
            text = str(rows[0]["text"])
        self._remember(key, text)
        return text

    def _remember(self, key: tuple[UUID, str], text: str) -> None:
        self._recent[key] = text
        self._recent.move_to_end(key)
        if len(self._recent) > _KEPT_HERE:
            self._recent.popitem(last=False)


def check(text: str, viewer: Viewer) -> None:
    """Nothing, if it is a document that a viewer's token is good for; else `Forbidden`."""
    if viewer.documents is not None and _hash(text) not in viewer.documents:
        raise Forbidden("This key executes only the documents that it was made for.")


@dataclass(frozen=True)
class _Listed:
    id: str
    body: str


@dataclass(frozen=True)
class _ApolloManifest:
    operations: list[_Listed]


def manifest(path: Path) -> dict[str, str]:
    """The documents of a file, by their ids and by their hashes; `ValueError` if it is no manifest.

    It is a JSON object from ids to documents, as graphql-codegen and Relay write it, or a
    manifest of Apollo.
    """
    given = TypeAdapter(_ApolloManifest | dict[str, str]).validate_json(path.read_bytes())
    if isinstance(given, _ApolloManifest):
        given = {each.id: each.body for each in given.operations}
    hashes = {_hash(text): text for text in given.values()}
    return {**hashes, **{_of_id(key): text for key, text in given.items()}}


def _of_list(listed: Mapping[str, str], query: str | None, sent: str | None) -> str:
    text = listed.get(_hash(query or "") if sent is None else sent)
    if text is None and query is None:
        raise NotPersisted
    if text is None:
        raise Forbidden("Only the documents of this server's list are executed.")
    if query not in (None, text):
        raise Invalid("documentId", _OTHER)
    return text


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _of_id(id: str) -> str:
    return id.removeprefix("sha256:")
