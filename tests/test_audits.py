"""The audits of graphql-http, the reference implementation, against a running server.

https://github.com/graphql/graphql-http#audits
"""

import asyncio
import shutil
from pathlib import Path

import orjson
import pytest
from factories import Agency
from processes import SECONDS, token
from watched import Watched

AUDIT = Path(__file__).parent / "clients" / "http" / "audit.mjs"
NODE = shutil.which("node")


@pytest.mark.skipif(
    NODE is None or not (AUDIT.parent.parent / "node_modules" / "graphql-http").exists(),
    reason="graphql-http is not there: `npm ci` in tests/clients installs it",
)
async def test_all_audits_are_passed(agency: Agency, server: Watched) -> None:
    url = f"http://{server.address}/graphql"
    process = await asyncio.create_subprocess_exec(
        *(NODE, AUDIT, url, token(agency.admin)),  # type: ignore[arg-type] # not None, see above
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(SECONDS):
        printed, _ = await process.communicate()
    audits = [orjson.loads(line) for line in printed.splitlines()]
    assert [each for each in audits if each["status"] != "ok"] == []
    assert len(audits) == 61
