"""What processes publish: what each tells the others, and what it hears of them."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

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
NUMBER_DIGITS = 19

# redis-py's usual way to fail is to connect again without a word, and to lose what was sent since.
NEVER = Retry(NoBackoff(), 0, supported_errors=())

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears what is published on the channels of one kind; each is named by a key."""

    hear: Callable[[str, int, bytes], None]
    """Something was published: its number, and what goes with it."""
    join: Callable[[str], None]
    """From now on the channel is heard; what was published before is missed."""
    lose: Callable[[], None]
    """For now none of the channels is heard."""


def connection(url: str) -> Redis:
    """Connections to Redis that fail when they are lost, and never without a word."""
    return Redis.from_url(
        url,
        protocol=2,
        retry=NEVER,
        socket_timeout=None,  # would be asyncio.wait_for, which may swallow a cancellation
        socket_connect_timeout=ANSWER_TIMEOUT_S,
    )


class Bus:
    """One connection to hear, one to tell. Whoever uses it has to do without what it loses."""

    def __init__(self, url: str) -> None:
        self.failures = 0
        self._redis = connection(url)
        self._connected = False
        self._listeners: dict[str, Listener] = {}
        self._wanted: set[str] = set()
        self._joining: set[str] = set()
        self._leaving: set[str] = set()
        self._reading: asyncio.Timeout | None = None
        self._outbox: dict[str, tuple[int, bytes]] = {}
        self._posted = asyncio.Event()
        self._open = True
        self._listener: asyncio.Task[None] | None = None
        self._publisher: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """True while Redis answers: what others publish arrives."""
        return self._connected

    def listen(self, kind: str, listener: Listener) -> None:
        """Have the channels of a kind heard by a listener; before the start."""
        self._listeners[kind] = listener

    def start(self) -> None:
        """Connect, for ever."""
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

    def publish(self, kind: str, key: object, number: int, more: bytes = b"") -> None:
        """Tell every process, without waiting; of what is not sent, the largest number stays."""
        channel = f"{kind}:{key}"
        self._outbox[channel] = max((number, more), self._outbox.get(channel, (number, more)))
        self._posted.set()

    def subscribe(self, kind: str, key: object) -> None:
        """Ask to hear of a key: its listener is told when that is so, each time this is called."""
        channel = f"{kind}:{key}"
        self._wanted.add(channel)
        self._joining.add(channel)
        self._leaving.discard(channel)
        self._wake()

    def unsubscribe(self, kind: str, key: object) -> None:
        """Ask to hear no more of a key."""
        channel = f"{kind}:{key}"
        self._wanted.discard(channel)
        self._joining.discard(channel)
        self._leaving.add(channel)
        self._wake()

    def _wake(self) -> None:
        if self._reading and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time())

    async def _deliver(self) -> None:
        """Publishes one batch after the other, so that the numbers of a channel keep order."""
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

    async def _send(self, batch: dict[str, tuple[int, bytes]]) -> None:
        async with (
            asyncio.timeout(PUBLISH_TIMEOUT_S),
            self._redis.pipeline(transaction=False) as pipeline,
        ):
            for channel, (number, more) in sorted(batch.items()):  # logs before who is where
                pipeline.publish(channel, b"%d %b" % (number, more) if more else number)
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
                for listener in self._listeners.values():
                    listener.lose()

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
            joining, self._joining = list(self._joining), set()
            leaving, self._leaving = list(self._leaving), set()
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
        if message["type"] not in ("subscribe", "message"):
            return
        channel: str = message["channel"].decode()
        kind, _, key = channel.partition(":")
        listener = self._listeners[kind]
        if message["type"] == "subscribe":
            listener.join(key)
            return
        number, _, more = message["data"].partition(b" ")
        if number.isdigit() and len(number) <= NUMBER_DIGITS:
            listener.hear(key, int(number), more)
        else:
            logger.warning("No number on %s: %.40r", channel, message["data"])
