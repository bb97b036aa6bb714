"""Passwords: what is stored of them, and how much of that is done at a time."""

import asyncio
import threading
from collections.abc import Awaitable

import pytest

from core import passwords
from core.errors import Unavailable

PASSWORD = "correct horse battery"  # noqa: S105 - it opens nothing


async def test_a_password_is_known_by_its_hash_alone() -> None:
    one, two = await passwords.hashed(PASSWORD), await passwords.hashed(PASSWORD)
    assert one != two
    assert one.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert await passwords.verify(PASSWORD, one)
    assert not await passwords.verify(f"{PASSWORD} ", one)
    assert not await passwords.verify(PASSWORD, None)
    assert not await passwords.verify(PASSWORD, "junk")


async def test_nobody_waits_in_a_long_line_and_the_event_loop_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go, at_once, most = threading.Event(), [0], [0]
    lock, entered = threading.Lock(), threading.Semaphore(0)

    def slow(_password: str, _known: str | None) -> bool:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        entered.release()
        assert go.wait(10)
        with lock:
            at_once[0] -= 1
        return True

    monkeypatch.setattr(passwords, "_verify", slow)
    waiting: list[Awaitable[bool]] = [
        asyncio.create_task(passwords.verify(PASSWORD, None))
        for _ in range(passwords._IN_LINE)  # noqa: SLF001 - the limit
    ]
    for _ in range(passwords._AT_ONCE):  # noqa: SLF001 - the limit
        assert await asyncio.to_thread(entered.acquire, timeout=10)
    with pytest.raises(Unavailable):
        await passwords.verify(PASSWORD, None)
    go.set()
    assert all(await asyncio.gather(*waiting))
    assert most[0] == passwords._AT_ONCE  # noqa: SLF001 - the limit
    assert await passwords.verify(PASSWORD, None)
