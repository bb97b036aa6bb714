"""Who may do what: plain rules; a rule's docstring is the refusal."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from core.errors import Forbidden
from core.viewer import Viewer


@dataclass(frozen=True)
class Standing:
    """How a viewer stands to what is in question, and to its order."""

    viewer: Viewer
    booked_it: bool = False
    is_assigned: bool = False
    is_assignee: bool = False
    wrote_it: bool = False
    is_it: bool = False
    """What is in question is the viewer."""


Rule: TypeAlias = Callable[[Standing], bool]


def see_order(standing: Standing) -> bool:
    """Only staff, the people assigned to an order, and its customer may see it."""
    return standing.viewer.is_staff or standing.is_assigned or standing.booked_it


def change_order(standing: Standing) -> bool:
    """Only staff and admins may change an order."""
    return standing.viewer.is_staff


def chat(standing: Standing) -> bool:
    """Only staff and the people assigned to an order may use its chat."""
    return standing.viewer.is_staff or standing.is_assigned


def edit(standing: Standing) -> bool:
    """Only its author may change a message."""
    return chat(standing) and standing.wrote_it


def delete(standing: Standing) -> bool:
    """Only its author and admins may delete a message."""
    return chat(standing) and (standing.wrote_it or standing.viewer.is_admin)


def tick(standing: Standing) -> bool:
    """Only staff and the assignee of the service may tick its checklists."""
    return standing.viewer.is_staff or standing.is_assignee


def book(standing: Standing) -> bool:
    """Only staff may book for someone else; customers book for themselves."""
    return standing.viewer.is_staff or standing.booked_it


def read_log(standing: Standing) -> bool:
    """Only staff and admins may read the whole log."""
    return standing.viewer.is_staff


def manage_people(standing: Standing) -> bool:
    """Only admins may invite people, and let them in again."""
    return standing.viewer.is_admin


def suspend(standing: Standing) -> bool:
    """Only admins may suspend people, and nobody themself."""
    return standing.viewer.is_admin and not standing.is_it


def manage_keys(standing: Standing) -> bool:
    """Only admins may make API keys."""
    return standing.viewer.is_admin


def end_session(standing: Standing) -> bool:
    """Everybody may end their own sessions, and sees no others."""
    return bool(standing)


def explain(standing: Standing) -> bool:
    """Only admins may see how an operation was executed."""
    return standing.viewer.is_admin


def see_work(viewer: Viewer) -> bool:
    """Only the agency's own people may see how an order is worked on."""
    return not viewer.is_customer


def require(standing: Standing, rule: Rule) -> None:
    """Nothing, if the rule allows it; else `Forbidden`."""
    if not rule(standing):
        raise Forbidden(inspect.getdoc(rule) or rule.__name__)
