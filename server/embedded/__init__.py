"""Real PostgreSQL and Valkey from wheels, run as children of this process (Linux, macOS)."""

from server.embedded.postgres import Postgres as Postgres
from server.embedded.process import Unavailable as Unavailable
from server.embedded.valkey import Valkey as Valkey
