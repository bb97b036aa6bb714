"""Reads of the catalogue."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import models
from core.arguments import AfterEdge, BeforeEdge, First, Last
from core.context import Info
from core.pages import Key, Page, Slice, page
from core.records import select_records
from core.visibility import visible
from engine.fields import among
from models import Package, PackageService, Service


async def services(
    info: Info,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Service]:
    """The services that can be booked, in the order of the catalogue; 20 if not told how many."""
    part = Slice(first, after, last, before)
    return await page(info.context, info.context.select(Service), _by_position(Service), part)


async def packages(
    info: Info,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Package]:
    """The packages that can be booked, in the order of the catalogue; 20 if not told how many."""
    part = Slice(first, after, last, before)
    return await page(info.context, info.context.select(Package), _by_position(Package), part)


async def services_of_packages(
    packages: Sequence[models.Package], info: Info
) -> list[list[models.Service]]:
    """The services in it, in its order."""
    viewer = info.context.viewer
    statement = (
        select_records(PackageService.package_id, Service)
        .join(
            Service,
            (Service.organization_id == PackageService.organization_id)
            & (Service.id == PackageService.service_id),
        )
        .where(visible(PackageService, viewer), visible(Service, viewer))
        .where(among(PackageService.package_id, {package.id for package in packages}))
        .order_by(PackageService.position, PackageService.id)
    )
    found: dict[UUID, list[models.Service]] = defaultdict(list)
    for package_id, service in await info.context.tuples(statement):
        found[package_id].append(service)
    return [found[package.id] for package in packages]


def _by_position(model: Any) -> list[Key]:
    return [
        Key("POSITION", model.position, lambda row: row.position, int),
        Key("ID", model.id, lambda row: row.id, UUID),
    ]
