"""Budgets: what is spent in one process is missing in all of them, and comes back with time."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
from processes import SECONDS
from redis.asyncio import Redis

from core import budgets
from core.budgets import WINDOW_S, Budget, Budgets, Payer
from core.errors import RateLimited
from models import new_id
from server.embedded import Valkey
from subscriptions import budgets as ledgers
from subscriptions.budgets import Ledger

LIMIT = 60_000
A_SECOND = LIMIT // WINDOW_S


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        """What it shows."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of all budgets of the test."""
    clock = Clock()
    monkeypatch.setattr(budgets, "time", clock)
    return clock


@pytest.fixture
def budget() -> Budget:
    """A person's budget, which is full."""
    return some().of(Payer.PERSON, new_id())


def some() -> Budgets:
    """The budgets of a process."""
    return Budgets(dict.fromkeys(Payer, LIMIT))


def wait(budget: Budget, points: int) -> int:
    """For how many seconds to wait for so many points, which are not there."""
    with pytest.raises(RateLimited) as failure:
        budget.take(points)
    extensions = failure.value.extensions
    assert extensions["limit"] == f"points a minute, of a {budget.policy.payer}"
    assert extensions["allowed"] == LIMIT
    seconds: int = extensions["retryAfter"]
    return seconds


def test_what_is_spent_comes_back_little_by_little(budget: Budget, clock: Clock) -> None:
    budget.take(LIMIT - 1)
    assert budget.left == 1
    assert wait(budget, 2) == 1
    clock.now += 2
    assert budget.left == 1 + 2 * A_SECOND
    clock.now += 10 * WINDOW_S
    assert budget.left == LIMIT


def test_who_waits_as_long_as_told_is_not_refused_again(budget: Budget, clock: Clock) -> None:
    budget.take(LIMIT)
    seconds = wait(budget, 5 * A_SECOND)
    assert seconds == 5
    clock.now += seconds - 1
    assert wait(budget, 5 * A_SECOND) == 1
    clock.now += 1
    budget.take(5 * A_SECOND)
    assert (budget.left, budget.policy.refused) == (0, 2)


def test_what_is_refused_takes_nothing(budget: Budget, clock: Clock) -> None:
    del clock
    budget.take(LIMIT - 10)
    wait(budget, 11)
    assert (budget.left, budget.policy.spent) == (10, LIMIT - 10)
    budget.take(10)


def test_what_was_not_there_is_missing_later(budget: Budget, clock: Clock) -> None:
    budget.spend(2 * LIMIT)
    assert budget.left == 0
    assert wait(budget, 1) == WINDOW_S + 1
    clock.now += WINDOW_S
    assert budget.left == 0


def test_what_has_come_back_meanwhile_is_not_owed(budget: Budget, clock: Clock) -> None:
    budget.take(LIMIT)
    clock.now += WINDOW_S / 2
    assert budget.lend() == pytest.approx(WINDOW_S / 2)
    budget.take(A_SECOND)
    clock.now += 2 * WINDOW_S
    assert budget.lend() == 0


def test_only_the_latest_are_known(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    del clock
    monkeypatch.setattr(budgets, "_KEPT", 2)
    process = some()
    first, second, third = (new_id() for _ in range(3))
    for who in (first, second, first, third):
        process.of(Payer.PERSON, who).take(LIMIT // 2)
    left = [process.of(Payer.PERSON, who).left for who in (first, third, second)]
    assert left == [0, LIMIT // 2, LIMIT]
    assert len(process.take(100)) == 3, "what is owed is told, known or not"


def test_a_person_and_a_key_do_not_share(clock: Clock) -> None:
    del clock
    process, who = some(), new_id()
    process.of(Payer.PERSON, who).take(LIMIT)
    assert process.of(Payer.KEY, who).left == LIMIT


class Process:
    """The budgets of a process that tells Redis of them."""

    def __init__(self, url: str) -> None:
        self.budgets = some()
        self.ledger = Ledger(self.budgets, url)

    def of(self, who: object) -> Budget:
        """The budget of a person there."""
        return self.budgets.of(Payer.PERSON, str(who))


@asynccontextmanager
async def process(url: str) -> AsyncIterator[Process]:
    """Such a process, until the end of the block."""
    made = Process(url)
    made.ledger.start()
    yield made
    await made.ledger.stop()


@pytest.fixture
async def here(valkey: Valkey) -> AsyncIterator[Process]:
    """A process."""
    async with process(valkey.start().url) as made:
        yield made
    valkey.start()


@pytest.fixture
async def there(valkey: Valkey) -> AsyncIterator[Process]:
    """Another process."""
    async with process(valkey.start().url) as made:
        yield made


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "SETTLE_S", 0.01)
    monkeypatch.setattr(ledgers, "PAUSE_S", 0.01)


async def until(so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(SECONDS):
        while not so():  # noqa: ASYNC110 - it is looked up each time
            await asyncio.sleep(0)


def missing(budget: Budget, seconds: float = WINDOW_S / 2) -> bool:
    """Whether so much was spent, by whomever; to spend nothing is to ask for it."""
    budget.spend(0)
    return budget.empty_s >= seconds


async def test_what_is_spent_at_one_process_is_missing_at_the_others(
    here: Process, there: Process
) -> None:
    who = new_id()
    here.of(who).take(LIMIT)
    await until(partial(missing, there.of(who)))
    assert there.of(new_id()).left == LIMIT


async def test_what_processes_let_through_at_once_is_paid_back_by_all(
    here: Process, there: Process
) -> None:
    who = new_id()
    for each in (here, there):
        each.of(who).take(LIMIT)
    for each in (here, there):
        await until(partial(missing, each.of(who), 1.5 * WINDOW_S))
        assert wait(each.of(who), 1) > WINDOW_S / 2


async def test_redis_keeps_what_is_not_full_and_no_more(here: Process, valkey: Valkey) -> None:
    who = new_id()
    async with Redis.from_url(valkey.url) as redis:
        here.of(who).take(LIMIT // 2)
        key = f"budget:person:{who}"
        async with asyncio.timeout(SECONDS):
            while (left := await redis.pttl(key)) < 0:
                pass
        assert left <= WINDOW_S / 2 * 1000
        soon = new_id()
        here.of(soon).take(1)
        await until(lambda: not here.budgets.owing.is_set())
        async with asyncio.timeout(SECONDS):
            while await redis.exists(f"budget:person:{soon}"):
                pass


async def test_many_are_told_in_turn(
    here: Process, there: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "_AT_ONCE", 2)
    everybody = [new_id() for _ in range(5)]
    for who in everybody:
        here.of(who).take(LIMIT)
    for who in everybody:
        await until(partial(missing, there.of(who)))


async def test_without_redis_each_process_goes_on_alone(
    here: Process, there: Process, valkey: Valkey
) -> None:
    who = new_id()
    valkey.stop()
    here.of(who).take(LIMIT)
    await until(lambda: here.ledger.failures > 2)
    wait(here.of(who), LIMIT // 2)
    there.of(who).take(LIMIT // 10)
    await until(lambda: there.ledger.failures > 2)
    assert there.of(who).left > LIMIT // 2
    valkey.start()
    await until(partial(missing, there.of(who)))


async def test_redis_that_hangs_is_told_later_and_nobody_waits(
    here: Process, there: Process, valkey: Valkey
) -> None:
    async with Redis.from_url(valkey.url) as redis:
        pid = (await redis.info("server"))["process_id"]
    who = new_id()
    os.kill(pid, signal.SIGSTOP)
    try:
        here.of(who).take(LIMIT)
        await until(lambda: here.ledger.failures > 2)
    finally:
        os.kill(pid, signal.SIGCONT)
    await until(partial(missing, there.of(who)))


async def test_what_is_owed_at_the_end_is_told(valkey: Valkey, there: Process) -> None:
    who = new_id()
    async with process(valkey.url) as ending:
        ending.of(who).take(LIMIT)
    await until(partial(missing, there.of(who)))
