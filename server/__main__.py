"""`python -m server`; see `server.commands`."""

import signal

# Ctrl-C ends the imports, which take seconds, without a word. After them there is much to end.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from server.commands import cli  # noqa: E402 - see above

signal.signal(signal.SIGINT, signal.default_int_handler)

if __name__ == "__main__":
    cli()
