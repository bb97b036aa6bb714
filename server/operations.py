"""An operation as a client sends it, over whatever transport."""

from dataclasses import dataclass
from sys import intern
from typing import Any, Self

import orjson
from graphql import FieldNode, OperationDefinitionNode, OperationType

from core.errors import Invalid
from core.viewer import Viewer
from engine import limits
from engine.documents import DOCUMENTS, operation_of
from schema import DOORS
from server.documents import Documents, check


@dataclass(frozen=True)
class Parameters:
    """What a client sends, as far as it has the right form."""

    query: str | None
    document_id: str | None
    name: str | None
    variables: dict[str, Any] | None
    explain: bool
    dry_run: bool

    @classmethod
    def parse(cls, payload: object) -> Self:
        """Those of a decoded body; `Invalid` if it has not the form of a GraphQL request."""
        if not isinstance(payload, dict):
            raise Invalid("query", "A JSON object with `query` is needed.")
        for field in ("query", "documentId", "operationName"):
            if not isinstance(payload.get(field), str | None):
                raise Invalid(field, f"`{field}` must be a text.")
        for field in ("variables", "extensions"):
            if not isinstance(payload.get(field), dict | None):
                raise Invalid(field, f"`{field}` must be an object.")
        query, document_id = payload.get("query"), _document_id(payload)
        if query is None and document_id is None:
            raise Invalid("query", "`query` must be a GraphQL document.")
        name, variables = payload.get("operationName") or None, payload.get("variables")
        limits.check_value(variables)
        explain, dry_run = _wish(payload, "explain"), _wish(payload, "dryRun")
        return cls(query, document_id, name, variables, explain, dry_run)


def _wish(payload: dict[str, Any], name: str) -> bool:
    """Whether a client wants one of our extensions."""
    wanted: object = (payload.get("extensions") or {}).get(name, False)
    if not isinstance(wanted, bool):
        raise Invalid("extensions", f"`{name}` must be true or false.")
    return wanted


def _document_id(payload: dict[str, Any]) -> str | None:
    """By which id a document is named: GraphQL over HTTP's way, or Apollo's."""
    given: str | None = payload.get("documentId")
    match (payload.get("extensions") or {}).get("persistedQuery"):
        case None:
            return given
        case {"version": 1, "sha256Hash": str(sent)} if given is None:
            return sent
    raise Invalid("extensions", "`persistedQuery` must have `version` 1 and a `sha256Hash`.")


@dataclass(frozen=True)
class Operation:
    """A GraphQL document and what goes with it."""

    query: str
    variables: dict[str, Any] | None
    name: str | None
    type: OperationType
    is_persisted: bool
    explain: bool = False
    """Whether the client wants to know how it was executed."""
    dry_run: bool = False
    """Whether the client wants to know what it would cost, and no more."""
    is_for_visitors: bool = False
    """It asks for nothing but to be let in."""

    @property
    def is_followed(self) -> bool:
        """Whether it has answers without end."""
        return self.type is OperationType.SUBSCRIPTION and not self.dry_run

    @property
    def called(self) -> str | None:
        """Its name in the document, be it sent as well or not."""
        found = operation_of(self.query, self.name)
        return found.name.value if found.name else None

    @classmethod
    async def find(cls, payload: object, documents: Documents, viewer: Viewer | None) -> Self:
        """The operation in a decoded body, whose document may be named by its hash only.

        `ApiError` if there is none, or it is not for this viewer, `GraphQLError` if it isn't clear
        what to execute.
        """
        organization_id = viewer.organization_id if viewer else None
        given = Parameters.parse(payload)
        # Subscriptions keep their text, and most send one that others have sent: one of each does.
        query = intern(await documents.text(organization_id, given.query, given.document_id))
        if viewer:
            check(query, viewer)
        DOCUMENTS.look_up(query)
        found, is_persisted = operation_of(query, given.name), given.document_id is not None
        if organization_id and given.query is not None and is_persisted:
            await documents.keep(organization_id, query)
        return cls(
            query,
            given.variables,
            given.name,
            found.operation,
            is_persisted,
            given.explain,
            given.dry_run,
            _is_door(found),
        )


def _is_door(operation: OperationDefinitionNode) -> bool:
    """Whether it is for visitors: then all that it asks for is named in it, without fragments."""
    return operation.operation is OperationType.MUTATION and all(
        isinstance(each, FieldNode) and each.name.value in DOORS
        for each in operation.selection_set.selections
    )


def encode(answer: object) -> bytes:
    """An answer in JSON."""
    return orjson.dumps(answer, default=str)
