"""Faults by chance in real processes, for as long as one likes: `make faults`.

Two servers, Postgres, Redis, and clients of each transport behind a network. Whatever happens, all
clients are told the log, once and in order, and whatever was written is stored once.
"""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from databases import Both
from factories import Agency
from fault_kinds import FAULTS, some
from fault_servers import LOSSY, Fragile, Served
from fault_world import FEED, LOG, MENTIONS, World, kinds, of_customer, personal
from network import network
from told import Divergence

import models
from core import ids
from models import LogEntry, Order
from server.embedded import Postgres, Valkey
from subscriptions.bus import Bus
from subscriptions.hub import Hub

SAFE = {"fsync": "off"}  # what is committed must outlive a crash of Postgres, not of the machine
WRITERS, PATIENCE_S = 3, 120
_TELL_S = 60


@asynccontextmanager
async def world(
    postgres: Postgres, valkey: Valkey, seed: int, *, pace_s: float, lifetime_s: float
) -> AsyncIterator[World]:
    """Everything, at work."""
    dice = random.Random(seed)  # noqa: S311 - chance for a test
    async with AsyncExitStack() as stack:
        database = Both(postgres)
        stack.push_async_callback(database.close)
        await database.migrate()
        hub = Hub(database, Bus(valkey.url))
        await hub.start()
        stack.push_async_callback(hub.stop)
        agency = await Agency.make(database, hub)
        orders = [await agency.book() for _ in range(2)]
        servers = []
        for first in ("", LOSSY):
            way = await stack.enter_async_context(network(""))
            servers.append(Served(postgres, valkey, way, first))
            stack.push_async_callback(servers[-1].end, signal.SIGKILL)
        await asyncio.gather(*(each.start() for each in servers))
        group = await stack.enter_async_context(asyncio.TaskGroup())
        made = World(postgres, valkey, dice, agency, orders, servers, pace_s, lifetime_s, group)
        start = await made.surely("setPaymentStatus", id=orders[0], paymentStatus="PAID")
        _follow(made, start)
        yield made


def _follow(world: World, start: str) -> None:
    """The clients that follow from the beginning to the end."""
    agency, order = world.agency, ids.decode_as(Order, world.orders[0], "")
    shared = kinds(models.SHARED)

    def of_order(entry: LogEntry) -> bool:
        return entry.order_id == order and shared(entry)

    def of_own_order(entry: LogEntry) -> bool:
        return of_order(entry) and of_customer(entry)

    world.follow(agency.staff, LOG, start, shared)
    world.follow(agency.admin, FEED, start, of_order)
    world.follow(agency.manager, MENTIONS, start, personal(agency.manager))
    world.follow(agency.customer, FEED, start, of_own_order)


async def run(
    world: World, faults: Iterable[list[str]], writes: int, patience_s: float = 5
) -> Counter[str]:
    """Let these faults happen, some at a time, while so much is written; how often each did."""
    happened: Counter[str] = Counter()
    writing = [world.group.create_task(world.write()) for _ in range(WRITERS)]
    for several in faults:
        async with AsyncExitStack() as broken:
            for name in several:
                await broken.enter_async_context(FAULTS[name](world))
                happened[name] += 1
            await world.see(world.dice.randint(writes // 4, writes), patience_s)
        await world.see(writes // 4, patience_s)
    world.stop_writing()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*writing)
        await _finish(world)
    return happened


async def _finish(world: World) -> None:
    """Everybody comes once more, and knows all; nothing is left of them."""
    for each in world.followers:
        each.is_done = True
        each.reads.set()
    for way in world.ways:
        way.cut()
    await asyncio.gather(*world.following)
    await world.check()
    for server in world.servers:
        server.look()
        for name in ("log_subscribers", "log_topics", "streams", "sockets"):
            while await server.metric(f"callsheet_{name}"):
                pass


def _chosen(dice: random.Random, seconds: float) -> Iterator[list[str]]:
    """Faults by chance, for so long."""
    end, told = time.monotonic() + seconds, 0.0
    while (left := end - time.monotonic()) > 0:
        if told < time.monotonic() - _TELL_S:
            told = time.monotonic()
            typer.echo(f"{int(left)} s left")
        yield some(dice)


command = typer.Typer(pretty_exceptions_enable=False)


@command.command()
def main(
    seed: Annotated[int, typer.Option(help="What happens; by chance if not given.")] = 0,
    seconds: Annotated[float, typer.Option(help="For how long.")] = 1800,
) -> None:
    """Have faults happen by chance, and check what clients are told."""
    seed = seed or random.randrange(1, 10**6)  # noqa: S311 - chance for a test
    typer.echo(f"seed {seed}, {seconds:.0f} s")
    with TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)  # Postgres may be somebody else
        with (
            Fragile(path / "postgres", settings=SAFE) as postgres,
            Valkey(path / "valkey") as valkey,
        ):
            told = asyncio.run(_at_length(postgres, valkey, seed, seconds))
    typer.echo(told)


async def _at_length(postgres: Postgres, valkey: Valkey, seed: int, seconds: float) -> str:
    try:
        async with world(postgres, valkey, seed, pace_s=0.1, lifetime_s=60) as everything:
            happened = await run(everything, _chosen(everything.dice, seconds), writes=40)
    except* Divergence as found:
        raise SystemExit(f"seed {seed}: {found.exceptions[0]}") from found
    return _report(everything, happened)


def _report(world: World, happened: Counter[str]) -> str:
    told = sum(len(each.listener.told) for each in world.followers)
    bugs = sum((each.bugs for each in world.servers), Counter[str]())
    lines = [
        f"{world.written} actions, {len(world.followers)} clients, {told} events told:",
        "0 lost, 0 doubled, 0 out of order",
    ]
    for title, counts in (("faults", happened), ("ends", world.ends), ("logged", bugs)):
        lines += [f"{title}:", *(f"{number:7} {what}" for what, number in counts.most_common())]
    return "\n".join(lines)


if __name__ == "__main__":
    command()
