"""Programs that are run to their end."""

import asyncio
import os
from pathlib import Path

from processes import SECONDS

PATIENCE = 6 * SECONDS
"""How long a compiler, or a start of our own, may take on a machine that is busy."""


async def run(
    folder: Path, *command: str | Path, **environment: str
) -> tuple[int | None, str, str]:
    """The exit status of a command that is run there, and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()
