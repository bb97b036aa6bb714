"""Passwords: hashed with argon2id in threads, a few at a time, and never on the event loop."""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

_AT_ONCE = 2  # each takes a core, and 46 MiB
_IN_LINE = 40  # about a second's work
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)  # as OWASP advises
_NICE = 15  # there is always somebody who guesses: others go before them


def _let_others_go_first() -> None:
    """Have this thread work while no other wants the processor, where threads can be told to."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


_threads = ThreadPoolExecutor(_AT_ONCE, "passwords", _let_others_go_first)
_line: set[asyncio.Future[Any]] = set()


async def hashed(password: str) -> str:
    """What is stored of a password."""
    return await _in_thread(_HASHER.hash, _plain(password))


async def verify(password: str, known: str | None) -> bool:
    """Whether it is the password with this hash; it takes as long if there is none."""
    return await _in_thread(_verify, _plain(password), known)


def _verify(password: str, known: str | None) -> bool:
    try:
        _HASHER.verify(known or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of those who have none")


async def _in_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    if len(_line) >= _IN_LINE:
        raise Unavailable("Many people sign in right now: try again in a second.")
    working = asyncio.get_running_loop().run_in_executor(
        _threads, lambda: function(*args, **kwargs)
    )
    _line.add(working)
    working.add_done_callback(_line.discard)
    return await working


def _plain(password: str) -> str:
    """The same for all keyboards: an é is one character or two, as they like."""
    return unicodedata.normalize("NFKC", password)
