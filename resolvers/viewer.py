"""Who asks, where, and what they may do."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from strawberry.utils.str_converters import to_camel_case

from core import ids
from core.arguments import IdOf
from core.context import Info
from core.errors import Invalid
from core.viewer import Scope, Viewer
from core.work import allowed
from engine import inputs


async def viewer(info: Info) -> Viewer:
    """Who asks: the person behind the token."""
    return info.context.viewer


def scopes(viewer: Viewer) -> list[Scope]:
    """What the token is good for."""
    return sorted(viewer.scopes, key=list(Scope).index)


async def may_do(
    info: Info, action: Callable[..., Awaitable[Any]], id: tuple[type[Any], UUID] | None
) -> bool:
    """Whether the viewer may do an action to what has an id, by the action's own rule."""
    arguments = inputs.of_function(action, skip=1)
    given: dict[str, Any] = {each.name: None for each in arguments if each.required}
    if id is not None:
        given |= {_takes(action, arguments, id[0]): id[1]}
    elif any(_models(each) for each in arguments if each.required):
        raise Invalid("id", f"Say to what: `{to_camel_case(action.__name__)}` takes an id.")
    return await _is_there(info, id) and await allowed(info.context, action, given)


async def _is_there(info: Info, id: tuple[type[Any], UUID] | None) -> bool:
    if id is None:
        return True
    model, key = id
    return bool(await info.context.now(info.context.select(model).where(model.id == key)))


def _takes(action: Callable[..., Any], arguments: list[inputs.Argument], model: type[Any]) -> str:
    """The argument of an action that takes the id of a row of a table."""
    for each in arguments:
        if model in _models(each):
            return each.name
    name, what = to_camel_case(action.__name__), ids.name(model)
    raise Invalid("id", f"`{name}` is not done to {what}.")


def _models(argument: inputs.Argument) -> list[type[Any]]:
    """The tables of whose rows an argument takes an id."""
    found: list[Any] = inputs.parsers(argument.hint)
    return [each.model for each in found if type(each) is IdOf]
