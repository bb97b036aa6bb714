"""As whom a child process runs, and with whom it ends: what happens between fork and exec."""

import ctypes
import os
import pwd
import struct
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
SECBIT_NO_SETUID_FIXUP = 1 << 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522


class Account(NamedTuple):
    """A user of this machine."""

    uid: int
    gid: int


def servant() -> Account | None:
    """The user that servers run as: nobody when this process is root, else its own (None)."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def give(path: Path) -> None:
    """Hands a path to the user that servers run as."""
    if account := servant():
        os.chown(path, *account)


def closed(path: Path) -> bool:
    """True if a folder above the path lets no other user pass, as a home folder of mode 0700."""
    return not all(folder.stat().st_mode & 0o001 for folder in path.parents)


def before_exec(paths: Iterable[Path], farewell: int) -> Callable[[], None]:
    """What a child that needs these paths does before exec; `farewell` is its signal at our end."""
    parent, account = os.getpid(), servant()
    linux = Linux() if sys.platform == "linux" else None
    key = linux if account and any(map(closed, paths)) else None

    def run() -> None:
        if key:
            key.keep_capabilities()
        if account:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        if key:
            key.keep_only(CAP_DAC_OVERRIDE)
        if linux:
            linux.follow(parent, farewell)

    return run


class Linux:
    """The system calls that Python has no name for; OSError if one is refused."""

    def __init__(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._prctl, self._capset = libc.prctl, libc.capset
        self._prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
        self._capset.argtypes = [ctypes.c_char_p] * 2

    def keep_capabilities(self) -> None:
        """Keeps what root may do through the change of user."""
        # Not PR_SET_KEEPCAPS: under that access(2), which initdb asks, ignores capabilities.
        self._check(self._prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))

    def keep_only(self, capability: int) -> None:
        """Gives up all capabilities but one, which stays through exec."""
        header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
        bit = 1 << capability
        self._check(self._capset(header, struct.pack("=6I", bit, bit, bit, 0, 0, 0)))
        self._check(self._prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))

    def follow(self, parent: int, farewell: int) -> None:
        """Has this process told by a signal when the thread that forked it ends."""
        # After the change of user, which clears it.
        self._check(self._prctl(PR_SET_PDEATHSIG, farewell, 0, 0, 0))
        if os.getppid() != parent:
            os._exit(1)  # it ended before it could be followed

    @staticmethod
    def _check(result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
