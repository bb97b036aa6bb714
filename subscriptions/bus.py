"""All Redis traffic of a process: it tells how far the logs have grown, and hears it of others."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.outages import Outage

PUBLISH_TIMEOUT_S = 0.2
TICK_S = 0.5  # Redis is asked for a sign of life after one silent tick
LAST_TICK = 3  # and is given up after this many
ANSWER_TIMEOUT_S = 1
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1
CHANNELS_AT_ONCE = 500
SEQ_DIGITS = 19

PREFIX = "log:"
# redis-py's usual way to fail is to connect again without a word, and to lose what was sent since.
NEVER = Retry(NoBackoff(), 0, supported_errors=())

logger = logging.getLogger(__name__)


class Bus:
    """One connection to hear, one to tell. Whatever it loses, the head check finds."""

    def __init__(self, url: str) -> None:
        self.failures = 0
        self._redis = Redis.from_url(
            url,
            protocol=2,
            retry=NEVER,
            socket_timeout=None,  # would be asyncio.wait_for, which may swallow a cancellation
            socket_connect_timeout=ANSWER_TIMEOUT_S,
        )
        self._connected = False
        self._wanted: set[UUID] = set()
        self._joining: set[UUID] = set()
        self._leaving: set[UUID] = set()
        self._reading: asyncio.Timeout | None = None
        self._outbox: dict[UUID, int] = {}
        self._posted = asyncio.Event()
        self._open = True
        self._listener: asyncio.Task[None] | None = None
        self._publisher: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """True while Redis answers: what others publish arrives."""
        return self._connected

    def start(
        self,
        on_head: Callable[[UUID, int], None],
        on_fence: Callable[[UUID], None],
        on_loss: Callable[[], None],
    ) -> None:
        """Connect, for ever: `on_head` hears what was published.

        `on_fence` says that from now on it hears of an organization, having missed what was before;
        `on_loss` that for now it hears of none.
        """
        self._on_head, self._on_fence, self._on_loss = on_head, on_fence, on_loss
        self._listener = asyncio.create_task(self._listen())
        self._publisher = asyncio.create_task(self._deliver())

    async def stop(self) -> None:
        """Publish what is left, and close the connections."""
        self._open = False
        self._posted.set()
        if self._publisher:
            await self._publisher
        if self._listener:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        with suppress(RedisError):
            await self._redis.aclose()

    def publish(self, organization_id: UUID, seq: int) -> None:
        """Tell every process, without waiting, that the log has reached `seq`."""
        self._outbox[organization_id] = max(seq, self._outbox.get(organization_id, seq))
        self._posted.set()

    def subscribe(self, organization_id: UUID) -> None:
        """Ask to hear of an organization: its fence is the answer, each time this is called."""
        self._wanted.add(organization_id)
        self._joining.add(organization_id)
        self._leaving.discard(organization_id)
        self._wake()

    def unsubscribe(self, organization_id: UUID) -> None:
        """Ask to hear no more of an organization."""
        self._wanted.discard(organization_id)
        self._joining.discard(organization_id)
        self._leaving.add(organization_id)
        self._wake()

    def _wake(self) -> None:
        if self._reading and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())

    async def _deliver(self) -> None:
        """Publishes one batch after the other, so that an organization's numbers keep order."""
        outage = Outage("Publishing to Redis")
        while self._open or self._outbox:
            await self._posted.wait()
            self._posted.clear()
            batch, self._outbox = self._outbox, {}
            try:
                if batch:
                    await self._send(batch)
                    outage.end()
            except Exception as error:  # noqa: BLE001 - nothing may end the task
                self.failures += len(batch)
                outage.begin(error)

    async def _send(self, batch: dict[UUID, int]) -> None:
        async with (
            asyncio.timeout(PUBLISH_TIMEOUT_S),
            self._redis.pipeline(transaction=False) as pipeline,
        ):
            for organization_id, seq in batch.items():
                pipeline.publish(f"{PREFIX}{organization_id}", seq)
            await pipeline.execute()

    async def _listen(self) -> None:
        """Owns the subscribing connection, and replaces it when it is lost."""
        outage = Outage("Listening to Redis")
        pause: float = FIRST_PAUSE_S
        while self._open:
            try:
                async with self._connection() as pubsub:
                    outage.end()
                    pause = FIRST_PAUSE_S
                    await self._converse(pubsub)
            except Exception as error:  # noqa: BLE001 - nothing may end the task
                outage.begin(error)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load
            pause = min(pause * 2, LONGEST_PAUSE_S)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PubSub]:
        async with aclosing(self._redis.pubsub()) as pubsub:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await pubsub.ping()  # connects, too
            self._joining = set(self._wanted)
            self._leaving = set()
            self._connected = True
            try:
                yield pubsub
            finally:
                self._connected = False
                self._on_loss()

    async def _converse(self, pubsub: PubSub) -> None:
        """Passes requests to Redis and its messages on, until Redis gives no sign of life."""
        loop = asyncio.get_running_loop()
        silent = 0
        tick_at = loop.time() + TICK_S
        while silent < LAST_TICK:
            await self._request(pubsub)
            message = await self._read(pubsub, tick_at)
            if message:
                silent = 0
                self._handle(message)
            elif loop.time() < tick_at:
                continue
            else:
                # Counted in ticks, as time in which this process itself stood still is no sign.
                silent += 1
                if silent == 1:
                    async with asyncio.timeout(ANSWER_TIMEOUT_S):
                        await pubsub.ping()
            tick_at = loop.time() + TICK_S
        raise ConnectionError("no sign of life")

    async def _request(self, pubsub: PubSub) -> None:
        while self._joining or self._leaving:
            joining, self._joining = [f"{PREFIX}{each}" for each in self._joining], set()
            leaving, self._leaving = [f"{PREFIX}{each}" for each in self._leaving], set()
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                for start in range(0, len(joining), CHANNELS_AT_ONCE):
                    await pubsub.subscribe(*joining[start : start + CHANNELS_AT_ONCE])
                if leaving:
                    await pubsub.unsubscribe(*leaving)

    async def _read(self, pubsub: PubSub, deadline: float) -> dict[str, Any] | None:
        """The next message; None at the deadline, or when there is something to request."""
        try:
            async with asyncio.timeout_at(deadline) as self._reading:
                message: dict[str, Any] | None = await pubsub.get_message(timeout=None)
        except TimeoutError:
            return None
        finally:
            self._reading = None
        if message is None:  # redis-py's word for a connection that TCP has given up
            raise ConnectionError("timed out")
        return message

    def _handle(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            self._on_fence(_organization(message))
        elif message["type"] == "message":
            data: bytes = message["data"]
            if data.isdigit() and len(data) <= SEQ_DIGITS:
                self._on_head(_organization(message), int(data))
            else:
                logger.warning("No number on %s: %.40r", message["channel"], data)


def _organization(message: dict[str, Any]) -> UUID:
    channel: bytes = message["channel"]
    return UUID(channel.decode().removeprefix(PREFIX))
