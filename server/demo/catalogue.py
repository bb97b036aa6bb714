"""The catalogue of the demo agency."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models import ChecklistTemplate, Package, PackageService, Service, ServiceKind
from server.demo.draft import HOURS_A_DAY, Draft
from server.demo.offers import OFFERS, ORDER_CHECKLIST, PACKAGES

_PUBLISHED = 395 * HOURS_A_DAY
MOST = 6  # services on an order


@dataclass(frozen=True)
class Catalogue:
    """What can be booked."""

    services: Sequence[Service]
    packages: Sequence[tuple[Package, Sequence[Service]]]
    templates: dict[UUID | None, list[ChecklistTemplate]]

    def choose(self, draft: Draft) -> tuple[Package | None, list[Service]]:
        """What a customer books: a package and perhaps more, or up to four services."""
        if draft.chance(0.4):
            weights = (34, 30, 18, 6, 12)
            package, parts = draft.dice.choices(self.packages, weights)[0]
            more = self.pick(draft, draft.dice.choice((0, 0, 1)), parts)
            return package, [*parts, *more][:MOST]
        core = [service for service in self.services if service.kind is ServiceKind.CORE]
        first = draft.dice.choices(core, [self._share(service) for service in core])
        return None, [*first, *self.pick(draft, draft.dice.choice((0, 0, 0, 1, 1, 2)), first)]

    def pick(self, draft: Draft, number: int, besides: Sequence[Service]) -> list[Service]:
        """Some more services; popular ones more often, and none twice."""
        picked: list[Service] = []
        while len(picked) < number:
            left = [each for each in self.services if each not in (*besides, *picked)]
            picked += draft.dice.choices(left, [self._share(each) for each in left])
        return picked

    def _share(self, service: Service) -> int:
        return OFFERS[service.position].share


def publish(draft: Draft) -> Catalogue:
    """The services, their checklists, and the packages, as the rows they are."""
    services = [
        draft.new(
            Service,
            _PUBLISHED,
            name=offer.name,
            description=offer.description,
            category=offer.category,
            kind=offer.kind,
            position=i,
            notes=offer.notes,
        )
        for i, offer in enumerate(OFFERS)
    ]
    templates: dict[UUID | None, list[ChecklistTemplate]] = {
        None: [_template(draft, None, 0, *ORDER_CHECKLIST)]
    }
    for service, offer in zip(services, OFFERS, strict=True):
        templates[service.id] = [
            _template(draft, service.id, i, title, items)
            for i, (title, items) in enumerate(offer.checklists)
        ]
    return Catalogue(services, _packages(draft, services), templates)


def _template(
    draft: Draft, service_id: UUID | None, position: int, title: str, items: Sequence[str]
) -> ChecklistTemplate:
    return draft.new(
        ChecklistTemplate,
        _PUBLISHED,
        service_id=service_id,
        title=title,
        position=position,
        items=list(items),
    )


def _packages(draft: Draft, services: Sequence[Service]) -> list[tuple[Package, Sequence[Service]]]:
    by_name = {service.name: service for service in services}
    packages: list[tuple[Package, Sequence[Service]]] = []
    for i, (name, description, names) in enumerate(PACKAGES):
        package = draft.new(Package, _PUBLISHED, name=name, description=description, position=i)
        parts = [by_name[each] for each in names]
        for position, part in enumerate(parts):
            draft.new(
                PackageService,
                _PUBLISHED,
                package_id=package.id,
                service_id=part.id,
                position=position,
            )
        packages.append((package, parts))
    return packages
