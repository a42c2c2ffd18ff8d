"""The program as a person at a terminal runs it."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.wire.running import ROOT, surroundings

NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    code: int
    printed: bytes
    complaint: str


@asynccontextmanager
async def started(
    folder: Path, *arguments: str, stdout: int = asyncio.subprocess.PIPE, **settings: str
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    """The program with *settings* and no others; killed at the end if it still runs."""
    given = {"BOT_TGI__URLS": NOWHERE, "BOT_DATA": str(folder / "data"), **settings}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,  # away from any .env
        env=surroundings(PYTHONPATH=str(ROOT), **given),
        stdin=asyncio.subprocess.PIPE,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: asyncio.subprocess.Process, typed: bytes = b"") -> Ended:
    """Wait for the end of *process*, which reads *typed*."""
    async with asyncio.timeout(30):
        printed, complaint = await process.communicate(typed)
    assert process.returncode is not None
    return Ended(process.returncode, printed or b"", complaint.decode())


async def run(folder: Path, *arguments: str, typed: bytes = b"", **settings: str) -> Ended:
    """Run the program to its end."""
    async with started(folder, *arguments, stdout=asyncio.subprocess.PIPE, **settings) as process:
        return await ended(process, typed)
