"""What tests begin with: an agency, its people, its catalogue; and how they ask the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

import orjson
from graphql import OperationType
from storage import session_of
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

import models
import schema
from core import ids, sessions
from core.context import Context, Hub
from core.database import Database
from core.records import model_of
from core.tokens import Tokens
from core.viewer import Scope, Viewer
from core.visitor import Visitor
from models import (
    ChecklistTemplate,
    JobRole,
    LogHead,
    Organization,
    Package,
    PackageService,
    Permission,
    Person,
    Service,
    ServiceKind,
    Session,
    new_id,
)
from server.answers import answers
from server.errors import all_formatted
from server.operations import Operation, encode

BOTH = frozenset(Scope)
SECRET = "a key for tests only, which is long enough"  # noqa: S105 - it opens nothing
TOKENS = Tokens(SECRET)


@dataclass
class Answer:
    """What the API answered."""

    data: Any
    errors: list[dict[str, Any]]

    @classmethod
    def of(cls, result: ExecutionResult | PreExecutionError) -> "Answer":
        """The answer as clients get it."""
        return cls(orjson.loads(encode(result.data)), all_formatted(result.errors, "test"))

    def __getitem__(self, name: str) -> Any:
        """A root field of an answer that must have no errors."""
        assert not self.errors, self.errors
        return self.data[name]

    @property
    def error(self) -> dict[str, Any]:
        """The `extensions` of the one error there must be."""
        assert len(self.errors) == 1, (self.data, self.errors)
        extensions: dict[str, Any] = self.errors[0]["extensions"]
        return extensions


def _people(organization: Organization) -> dict[str, Person]:
    """A person of each kind, by what they are."""

    def person(name: str, permission: Permission, *roles: JobRole) -> Person:
        return Person(
            organization_id=organization.id,
            id=new_id(),
            name=name,
            email=f"{name.replace(' ', '.').lower()}@example.com",
            permission=permission,
            job_roles=list(roles),
        )

    return {
        "admin": person("Ada Admin", Permission.ADMIN),
        "manager": person("Mia Manager", Permission.STAFF, JobRole.PROJECT_MANAGER),
        "staff": person("Sam Staff", Permission.STAFF, JobRole.PHOTO_EDITOR),
        "contractor": person("Cleo Contractor", Permission.CONTRACTOR, JobRole.VIDEO_EDITOR),
        "customer": person("Carl Customer", Permission.CUSTOMER),
        "stranger": person("Stan Stranger", Permission.CUSTOMER),
    }


def _service(organization: Organization, name: str, position: int) -> Service:
    return Service(
        organization_id=organization.id,
        id=new_id(),
        name=name,
        category="Media",
        kind=ServiceKind.CORE,
        position=position,
        notes=f"How we do {name}",
    )


def _templates(photos: Service) -> list[ChecklistTemplate]:
    """A checklist for each order, and one for its photos."""
    agency, shoot = photos.organization_id, ["Charge batteries", "Format cards"]
    return [
        ChecklistTemplate(
            organization_id=agency, title="Order", position=0, items=["Call the agent"]
        ),
        ChecklistTemplate(
            organization_id=agency, service_id=photos.id, title="Shoot", position=0, items=shoot
        ),
    ]


def _parts(package: Package, *services: Service) -> list[PackageService]:
    return [
        PackageService(
            organization_id=package.organization_id,
            package_id=package.id,
            service_id=each.id,
            position=i,
        )
        for i, each in enumerate(services)
    ]


@dataclass
class Agency:
    """An organization with people and a catalogue."""

    database: Database
    hub: Hub
    organization: Organization
    admin: Person
    manager: Person
    staff: Person
    contractor: Person
    customer: Person
    stranger: Person
    photos: Service
    video: Service
    package: Package

    @classmethod
    async def make(cls, database: Database, hub: Hub) -> "Agency":
        """A new agency, stored."""
        organization = Organization(id=new_id(), name="Bright Homes Media")
        people = _people(organization)
        photos = _service(organization, "Photos", 0)
        video = _service(organization, "Drone Video", 1)
        package = Package(organization_id=organization.id, id=new_id(), name="Complete", position=0)
        async with session_of(database) as session:
            session.add(organization)
            await session.flush()
            session.add_all([LogHead(organization_id=organization.id, last_seq=0)])
            session.add_all([*people.values(), photos, video, package])
            await session.flush()
            session.add_all([*_templates(photos), *_parts(package, photos, video)])
        return cls(
            database=database,
            hub=hub,
            organization=organization,
            **people,
            photos=photos,
            video=video,
            package=package,
        )

    def context(self, person: Person, scopes: frozenset[Scope] = BOTH) -> Context:
        """The context of a request by `person`."""
        viewer = Viewer(person.permission, person.id, person.organization_id, scopes)
        return Context(viewer, self.database, self.hub)

    async def ask(self, person: Person, document: str, /, **variables: Any) -> Answer:
        """What the API answers to `person`."""
        return await self.ask_within(BOTH, person, document, **variables)

    async def ask_within(
        self, scopes: frozenset[Scope], person: Person, document: str, /, **variables: Any
    ) -> Answer:
        """What the API answers to `person`, with a token that is good for these scopes."""
        context = self.context(person, scopes)
        result = await schema.build().execute(document, variables, context)
        return Answer.of(result)

    async def visit(
        self, name: str, /, *, client: str = "a test", document: str = "", **given: Any
    ) -> Answer:
        """What the API answers to the mutation `name` by somebody who has no token."""
        if document:
            return await self._visited(document, given, client)
        return await self._visited(visiting(name), {"input": given}, client)

    async def _visited(self, document: str, variables: dict[str, Any], client: str) -> Answer:
        visitor = Visitor(self.address, client, self.database, self.hub, TOKENS)
        result = await schema.build().execute(document, variables, visitor)
        return Answer(result.data, all_formatted(result.errors, "test"))

    @property
    def address(self) -> str:
        """An address of its own, so that its people's attempts limit nobody else."""
        own = (self.organization.id.int & 0xFFFF_FFFF) << 64
        return str(IPv6Address(0x2001_0DB8 << 96 | own | 1))

    async def begin_session(self, person: Person) -> str:
        """The id of a session of a person, who has just signed in."""
        async with self.database.transaction(person.organization_id) as transaction:
            pair = await sessions.begin(transaction, TOKENS, person, "a test")
        session_id = TOKENS.read(pair.access_token).session_id
        assert session_id
        return ids.encode(Session, session_id)

    async def do(self, person: Person, name: str, selection: str = "", /, **given: Any) -> Answer:
        """What the API answers to the mutation `name` by `person`, with `given` as its input."""
        kind = name[0].upper() + name[1:]
        document = (
            f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ cursor {selection} }} }}"
        )
        return await self.ask(person, document, input=given)

    @asynccontextmanager
    async def watch(
        self, person: Person, document: str, **variables: Any
    ) -> AsyncIterator[AsyncIterator[Answer]]:
        """The answers of a subscription, one by one; ended at the end of the block."""
        async with self.watch_within(BOTH, person, document, **variables) as told:
            yield told

    @asynccontextmanager
    async def watch_within(
        self, scopes: frozenset[Scope], person: Person, document: str, /, **variables: Any
    ) -> AsyncIterator[AsyncIterator[Answer]]:
        """The same, with a token that is good for these scopes."""
        operation = Operation(document, variables, None, OperationType.SUBSCRIPTION, False)  # noqa: FBT003
        told = answers(schema.build(), operation, self.context(person, scopes), "test")

        async def given() -> AsyncIterator[Answer]:
            async for each in told:
                read = orjson.loads(each.json)
                errors = read if each.is_refusal else read.get("errors", [])
                yield Answer(None if each.is_refusal else read["data"], errors)

        try:
            yield given()
        finally:
            await told.aclose()

    async def another_contractor(self, name: str = "Kim Contractor") -> Person:
        """A contractor who is assigned to nothing."""
        person = Person(
            organization_id=self.organization.id,
            id=new_id(),
            name=name,
            email=f"{name.replace(' ', '.').lower()}@example.com",
            permission=Permission.CONTRACTOR,
            job_roles=[],
        )
        async with session_of(self.database) as session:
            session.add(person)
        return person

    async def book(self, **more: Any) -> str:
        """The id of a new order of the customer, with photos and a drone video on it."""
        given = {
            "customerId": typed(self.customer),
            "property": {"street": "1 Elm Street", "city": "Springfield", "country": "US"},
            "serviceIds": [typed(self.photos), typed(self.video)],
            **more,
        }
        answer = await self.do(self.staff, "createOrder", "order { id }", **given)
        order_id: str = answer["createOrder"]["order"]["id"]
        return order_id


def typed(row: models.Base) -> str:
    """The id of a row as clients see it."""
    return ids.encode(model_of(row), row.id)  # type: ignore[attr-defined] # every row here has one


def visiting(name: str) -> str:
    """The document of a mutation for visitors."""
    kind = name[0].upper() + name[1:]
    answers = "signedOut" if name == "signOut" else "tokens { accessToken refreshToken }"
    return f"mutation ($input: {kind}Input!) {{ {name}(input: $input) {{ {answers} }} }}"
