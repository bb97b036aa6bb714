"""The people of the demo agency."""

from collections.abc import Sequence
from dataclasses import dataclass

from models import JobRole, Permission, Person
from server.demo.draft import HOURS_A_DAY, Draft
from server.demo.names import PEOPLE


@dataclass(frozen=True)
class People:
    """Everybody, by what they are here for."""

    everybody: Sequence[Person]

    def of(self, role: JobRole, *permissions: Permission) -> list[Person]:
        """The people with a job role, of these permissions if any are given."""
        return [
            person
            for person in self.everybody
            if role in person.job_roles and (not permissions or person.permission in permissions)
        ]

    @property
    def customers(self) -> list[Person]:
        """Those who book; the first of them book the most."""
        return [person for person in self.everybody if person.permission is Permission.CUSTOMER]


def hire(draft: Draft) -> People:
    """Everybody, some of them here longer than others, and all before the first order."""
    people = [
        draft.new(
            Person,
            (390 - 6 * i) * HOURS_A_DAY,
            name=someone.name,
            email=someone.email,
            phone=f"+1 206 555 {100 + i:04}",
            permission=someone.permission,
            job_roles=list(someone.job_roles),
        )
        for i, someone in enumerate(PEOPLE)
    ]
    return People(people)
