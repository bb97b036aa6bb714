"""Budgets of all processes: each tells Redis what was spent there, and hears what is left."""

import asyncio
from contextlib import suppress

from redis.asyncio import Redis
from redis.exceptions import RedisError

from core.budgets import Budget, Budgets
from core.outages import Outage
from subscriptions.bus import connection

SETTLE_S = 0.1
"""How long a process may know nothing of what was spent at others."""
ANSWER_TIMEOUT_S = 0.2
PAUSE_S = 1.0  # after a failure
_AT_ONCE = 500
_PREFIX = "budget:"

# Of each budget there is the moment at which it will be full, by the clock of Redis, and until
# then: nothing has to be known of a full one.
_SPEND = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local empty = {}
for i, key in ipairs(KEYS) do
  local full_at = math.max(tonumber(redis.call('GET', key) or 0), now) + ARGV[i]
  local seconds = full_at - now
  if seconds > 0 then
    redis.call('SET', key, string.format('%.6f', full_at), 'PX', math.ceil(seconds * 1000))
  end
  empty[i] = string.format('%.6f', seconds)
end
return empty
"""


class Ledger:
    """Settles what is owed, a few times a second; nobody waits for it.

    While Redis is away each process goes on with what it knows, so that a payer has the budget
    at each of them.
    """

    def __init__(self, budgets: Budgets, url: str) -> None:
        self.failures = 0
        self.budgets = budgets
        self._redis: Redis = connection(url)
        self._settling: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, even if Redis can't be reached."""
        self._settling = asyncio.create_task(self._settle_forever())

    async def stop(self) -> None:
        """Settle what is left, and disconnect."""
        if self._settling:
            self._settling.cancel()
            await asyncio.wait([self._settling])
        with suppress(RedisError, OSError, TimeoutError):
            if self.budgets.owing.is_set():
                await self._settle()
        with suppress(RedisError):
            await self._redis.aclose()

    async def _settle_forever(self) -> None:
        outage = Outage("Telling Redis what was spent")
        while True:
            await self.budgets.owing.wait()
            try:
                await self._settle()
                outage.end()
                pause = SETTLE_S
            except Exception as error:  # noqa: BLE001 - nothing may end the task
                self.failures += 1
                outage.begin(error)
                pause = PAUSE_S
            await asyncio.sleep(pause)

    async def _settle(self) -> None:
        owing = [(each, each.lend()) for each in self.budgets.take(_AT_ONCE)]
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                empty = await self._spend(owing)
        except BaseException:
            for budget, owed_s in owing:
                budget.unlend(owed_s)
            raise
        for (budget, _), empty_s in zip(owing, empty, strict=True):
            budget.hear(empty_s)

    async def _spend(self, owing: list[tuple[Budget, float]]) -> list[float]:
        """How empty the budgets are, now that this has been spent of them."""
        keys = [f"{_PREFIX}{budget.policy.payer}:{budget.who}" for budget, _ in owing]
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.eval(_SPEND, len(keys), *keys, *(f"{owed_s:.6f}" for _, owed_s in owing))
            (empty,) = await pipeline.execute()
        return [float(seconds) for seconds in empty]
