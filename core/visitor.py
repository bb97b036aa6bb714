"""Who has not said yet who they are, and has come to say it."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from strawberry.dataloader import DataLoader

from core.context import Hub
from core.database import Database
from core.shares import GivesWay
from core.tokens import Tokens
from engine.tracing import Trace


@dataclass
class Visitor:
    """One request without a viewer: nothing that asks for one can be done with it."""

    address: str
    client: str
    database: Database
    hub: Hub
    tokens: Tokens
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)
    reads_once: bool = False
    gives_way: GivesWay | None = None
    trace: Trace | None = None

    async def release(self) -> None:
        """Nothing: a visitor keeps no connection."""
