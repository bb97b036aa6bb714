"""Ids on the wire: a TypeID such as `ord_01j9…`, which says what it names and sorts by time."""

from functools import lru_cache
from typing import Any
from uuid import UUID

import typeid
from typeid import base32
from typeid.core.errors import TypeIDException

import models
from core.errors import Invalid
from core.records import table_of

PREFIXES: dict[type[models.Base], str] = {
    models.Organization: "org",
    models.Person: "per",
    models.Session: "ses",
    models.ApiKey: "key",
    models.Service: "svc",
    models.ChecklistTemplate: "ckt",
    models.Package: "pkg",
    models.Order: "ord",
    models.OrderService: "osv",
    models.Assignment: "asg",
    models.Checklist: "chk",
    models.ChecklistItem: "cki",
    models.Message: "msg",
    models.Mention: "men",
    models.LogEntry: "log",
}
MODELS: dict[str, type[Any]] = {prefix: model for model, prefix in PREFIXES.items()}
TABLES: dict[str, str] = {model.__tablename__: prefix for model, prefix in PREFIXES.items()}


def encode(model: type[models.Base], id: UUID) -> str:
    """The id of a row of `model` as clients see it."""
    # What `str(TypeID.from_uuid(…))` gives, without its checks: ids are a tenth of an answer.
    return f"{PREFIXES[model]}_{base32.encode(id.bytes)}"


def of(row: Any) -> str:
    """Its id: what it is and which, such as `ord_01j9…`."""
    kind: Any = type(row)
    return _prefix(kind) + base32.encode(row.id.bytes)


@lru_cache(1_000)
def _prefix(kind: Any) -> str:
    return f"{PREFIXES[table_of(kind)]}_"


def decode(value: str, field: str) -> tuple[type[Any], UUID]:
    """The table and key behind an id; `Invalid` if it is no id of ours."""
    try:
        parsed = typeid.TypeID.from_string(value)
        return MODELS[parsed.prefix], UUID(int=parsed.uuid.int)
    except (TypeIDException, KeyError, ValueError) as error:
        raise Invalid(field, "This is not an id.") from error


def decode_as(model: type[models.Base], value: str, field: str) -> UUID:
    """The key behind an id of `model`; `Invalid` if it is the id of something else."""
    found, key = decode(value, field)
    if found is not model:
        raise Invalid(field, f"This is the id of {name(found)}; {name(model)} is wanted here.")
    return key


def name(model: type[models.Base]) -> str:
    """What a row of `model` is called in a sentence, with its article."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in model.__name__).strip()
    return f"an {words}" if words[0] in "aeio" else f"a {words}"
