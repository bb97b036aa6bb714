"""An issuer of tokens, as one runs elsewhere: a real HTTP server, with real keys."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from factories import TOKENS, Agency
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import update
from storage import session_of

from models import Person, new_id
from server.callers import Callers
from server.issuer import Issuer

AUDIENCE = "callsheet-app"


@dataclass
class Provider:
    """An issuer, and what it was asked for."""

    url: str = ""
    keys: list[RSAKey] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    is_away: bool = False
    says: dict[str, Any] = field(default_factory=dict)
    """What its discovery document says otherwise."""

    def rotate(self) -> None:
        """Sign with another key from now on; the one before is published still."""
        fresh = RSAKey.generate_key(2048, {"kid": f"key{len(self.asked)}", "use": "sig"})
        self.keys = [fresh, *self.keys[:1]]

    def token(self, key: RSAKey | None = None, /, *, kid: str | None = "", **claims: Any) -> str:
        """A token; a claim that is None is left out."""
        signing = key or self.keys[0]
        said = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "subject",
            "iat": int(time.time()),
            "exp": int(time.time()) + 300,
            **claims,
        }
        told = {name: value for name, value in said.items() if value is not None}
        header = {"alg": "RS256", "kid": signing.kid if kid == "" else kid}
        return jwt.encode({k: v for k, v in header.items() if v}, told, signing)

    def answer(self, path: str) -> Any:
        """What it answers to a GET request; None if it is away."""
        self.asked.append(path)
        if self.is_away:
            return None
        if path == "/keys":
            return {"keys": [key.as_dict(private=False) for key in self.keys]}
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys", **self.says}


@contextmanager
def provider() -> Iterator[Provider]:
    """An issuer, running."""
    issuer = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = issuer.answer(self.path)
            self.send_response(503 if answer is None else 200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    issuer.rotate()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def other_issuer() -> Iterator[Provider]:
    """An issuer, running."""
    with provider() as running:
        yield running


@pytest.fixture
def callers(agency: Agency, other_issuer: Provider) -> Callers:
    """Who finds out who calls, also with tokens of that issuer."""
    return Callers(TOKENS, agency.database, Issuer(other_issuer.url, AUDIENCE))


async def own_address(agency: Agency, person: Person) -> str:
    """An address that nobody else has, of any agency."""
    email = f"{new_id().hex}@example.com"
    async with session_of(agency.database) as session:
        await session.execute(update(Person).where(Person.id == person.id).values(email=email))
    return email


async def verified(agency: Agency, person: Person) -> dict[str, Any]:
    """What the issuer says of a person."""
    return {"sub": new_id().hex, "email": await own_address(agency, person), "email_verified": True}
