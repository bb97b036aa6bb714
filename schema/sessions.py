"""Signing in and out, as clients see it."""

from datetime import datetime

import core.sessions
from core.viewer import Scope
from resolvers import sessions
from schema.base import Node, door, mutation, shape, shape_of
from schema.scopes import requires


@shape_of(core.sessions.TokenPair)
class TokenPair:
    """What one who is signed in works with."""

    access_token: str
    """Send it with each request: `Authorization: Bearer …`."""
    expires_at: datetime
    """Until when the access token is good. Get new ones a little before."""
    refresh_token: str
    """What `refreshTokens` gives new tokens for. Keep it where other apps can't read it."""


@shape
class Session(Node):
    """A device on which the viewer is signed in."""

    client: str
    """What the device said of itself: the `User-Agent` of the request that signed in."""
    created_at: datetime
    """When it was signed in on."""
    refreshed_at: datetime
    """When it got its tokens last."""
    expires_at: datetime
    """When it is signed out, if it gets no new tokens before."""


mutations = [
    door(sessions.sign_in, tokens=TokenPair),
    door(sessions.refresh_tokens, tokens=TokenPair),
    door(sessions.sign_out, signed_out=bool),
    door(sessions.accept_invitation, tokens=TokenPair),
    door(sessions.change_password, tokens=TokenPair),
    *requires(Scope.PEOPLE_WRITE, mutation(sessions.end_session, Session)),
]
