"""What a server still has to do when its clients are gone."""

import asyncio
import signal

from factories import Agency
from processes import SECONDS
from redis.asyncio import Redis
from watched import Watched

TASKS = """
import asyncio, signal
def tell(*_): print(len(asyncio.all_tasks()), flush=True)
signal.signal(signal.SIGUSR1, tell)
"""
"""Has a server tell on SIGUSR1 how many tasks it has."""


async def tasks(server: Watched) -> int:
    """How many tasks a server has."""
    server.process.send_signal(signal.SIGUSR1)
    assert server.process.stdout
    while not (line := await server.process.stdout.readline()).strip().isdigit():
        assert line, "the server has ended"
    return int(line)


async def settled(server: Watched, redis: Redis, agency: Agency, before: int) -> None:
    """Waits until a server has no more tasks than before, and follows an agency no more."""
    channel = f"log:{agency.organization.id}"
    async with asyncio.timeout(SECONDS):
        while await redis.pubsub_numsub(channel) != [(channel.encode(), 0)]:
            pass
        while await tasks(server) > before:
            pass
