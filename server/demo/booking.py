"""One order of the demo agency while it is made: who is with it, and how far it has come."""

from dataclasses import dataclass, field
from uuid import UUID

from models import (
    Assignment,
    AssignmentRole,
    ChecklistItem,
    JobRole,
    Order,
    OrderService,
    OrderStatus,
    Permission,
    Person,
)
from server.demo.draft import Draft
from server.demo.people import People

_LASTS = (22, 70)  # hours of work


@dataclass
class Booking:
    """An order, and what its history is made from."""

    draft: Draft
    people: People
    booked: float
    """When it was booked: hours of work ago."""
    outcome: OrderStatus
    """The status it has now."""
    on_order: list[OrderService] = field(default_factory=list)
    """Its services, as far as they are on it; known when its history is replayed."""
    assigned: dict[UUID, Person] = field(default_factory=dict)
    """Who does a service, by its id."""
    checklists: dict[UUID | None, list[list[ChecklistItem]]] = field(default_factory=dict)
    """The items of each checklist of a service, by its id; of the order itself under None."""

    def __post_init__(self) -> None:
        dice, people = self.draft.dice, self.people
        self.lasts = min(dice.uniform(*_LASTS), 0.92 * self.booked)
        self.is_managed = self.outcome is not OrderStatus.PENDING or self.draft.chance(0.5)
        self.coordinator = dice.choice(people.of(JobRole.OPERATIONS_COORDINATOR))
        manager = dice.choice(people.of(JobRole.PROJECT_MANAGER))
        self.manager = manager if self.is_managed else self.coordinator
        self.success = dice.choice(people.of(JobRole.CUSTOMER_SUCCESS))
        self.shooter = dice.choice(people.of(JobRole.CREATIVE_SPECIALIST))
        self.care = dice.choice((0, 0.5, 0.8, 1))
        self.order: Order

    def at(self, part: float) -> float:
        """When such a part of its time was over: hours of work ago."""
        return self.booked - part * self.lasts

    def between(self, first: float, last: float) -> float:
        """Some moment between two parts of its time: hours of work ago."""
        return self.at(self.draft.dice.uniform(first, last))

    def appoint(
        self, hours: float, person: Person, role: AssignmentRole, service: OrderService | None
    ) -> None:
        """Give someone a role on it, or on one service of it."""
        if service:
            self.assigned[service.id] = person
        self.draft.new(
            Assignment,
            hours,
            order_id=self.order.id,
            order_service_id=service.id if service else None,
            person_id=person.id,
            role=role,
        )

    def can_see_it(self, person: Person) -> bool:
        """Whether the person is staff, or assigned to a service of it."""
        is_staff = person.permission in (Permission.ADMIN, Permission.STAFF)
        return is_staff or person in self.assigned.values()
