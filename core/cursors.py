"""Cursors: places in an organization's log, opaque to clients."""

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from core.errors import Invalid

_LAYOUT = struct.Struct(">B4sQ4s")
_VERSION = 1
_LARGEST = 2**63 - 1  # what the database can count to


@dataclass(frozen=True)
class Cursor:
    """A place in the log of an organization: after entry number `seq`."""

    organization: bytes
    seq: int
    tag: bytes  # of the entry, so that a number used again after a lost commit is noticed

    @classmethod
    def at(cls, organization_id: UUID, seq: int, entry_id: UUID | None) -> Self:
        """The place after the entry `seq`; `entry_id` is None only at the very beginning."""
        # A UUIDv7 begins with the time and ends in random bits.
        tag = entry_id.bytes[-4:] if entry_id else bytes(4)
        return cls(organization_id.bytes[-4:], seq, tag)

    @classmethod
    def parse(cls, text: str, field: str) -> Self:
        """The place that a client's cursor names; `Invalid` if it is none of ours."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            version, organization, seq, tag = _LAYOUT.unpack(raw)
        except (binascii.Error, ValueError, struct.error) as error:
            raise Invalid(field, "This is not a cursor.") from error
        if version != _VERSION or seq > _LARGEST:
            raise Invalid(field, "This is not a cursor of this version of the API.")
        return cls(organization, seq, tag)

    def of(self, organization_id: UUID) -> bool:
        """Whether this is a place in the log of that organization."""
        return self.organization == organization_id.bytes[-4:]

    def __str__(self) -> str:
        raw = _LAYOUT.pack(_VERSION, self.organization, self.seq, self.tag)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
