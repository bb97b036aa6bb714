"""Who asks, and where."""

from core.context import Info
from core.viewer import Scope, Viewer


async def viewer(info: Info) -> Viewer:
    """Who asks: the person behind the token."""
    return info.context.viewer


def scopes(viewer: Viewer) -> list[Scope]:
    """What the token is good for."""
    return sorted(viewer.scopes, key=list(Scope).index)
