"""Reads of the catalogue."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select

import models
from core.arguments import AfterEdge, BeforeEdge, First, Last
from core.context import Info
from core.pages import Key, Page, Slice, page
from core.statements import Sees
from engine.fields import within
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
    return await page(info, info.context.select(Service), _by_position(Service), part)


async def packages(
    info: Info,
    first: First | None = None,
    after: AfterEdge | None = None,
    last: Last | None = None,
    before: BeforeEdge | None = None,
) -> Page[models.Package]:
    """The packages that can be booked, in the order of the catalogue; 20 if not told how many."""
    part = Slice(first, after, last, before)
    return await page(info, info.context.select(Package), _by_position(Package), part)


async def services_of_packages(
    packages: Sequence[models.Package], info: Info
) -> list[list[models.Service]]:
    """The services in it, in its order."""
    found: dict[UUID, list[models.Service]] = defaultdict(list)
    keys = {package.id for package in packages}
    for service, package_id in await info.read(_packaged, keys=keys):
        found[package_id].append(service)
    return [found[package.id] for package in packages]


def _packaged(sees: Sees) -> Select[Any]:
    """The services in packages of the `keys`, and the package of each."""
    of_service = (Service.organization_id == PackageService.organization_id) & (
        Service.id == PackageService.service_id
    )
    return (
        sees.select(Service, PackageService.package_id)
        .join_from(Service, PackageService, of_service)
        .where(sees.visible(PackageService), within(PackageService.package_id, "keys"))
        .order_by(PackageService.position, PackageService.id)
    )


def _by_position(model: Any) -> list[Key]:
    return [
        Key("POSITION", "position", model.position, lambda row: row.position, int),
        Key("ID", "id", model.id, lambda row: row.id, UUID),
    ]
