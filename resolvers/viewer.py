"""Who asks, and where."""

from collections.abc import Sequence

from core.context import Info
from core.viewer import Scope, Viewer


async def viewer(info: Info) -> Viewer:
    """Who asks: the person behind the token."""
    return info.context.viewer


async def scopes(viewers: Sequence[Viewer], info: Info) -> list[list[Scope]]:
    """What the token is good for."""
    del info
    return [sorted(viewer.scopes, key=list(Scope).index) for viewer in viewers]
