"""Secrets that are told once: random, and stored as a hash that nobody can guess them from."""

import secrets
from hashlib import sha256

_BYTES = 32


def make(prefix: str) -> str:
    """A new secret; the prefix says what it opens, to people and to scanners of leaked secrets."""
    return f"{prefix}_{secrets.token_urlsafe(_BYTES)}"


def digest(secret: str) -> bytes:
    """What is stored of it. It has too much entropy to need a slow hash."""
    return sha256(secret.encode(errors="replace")).digest()
