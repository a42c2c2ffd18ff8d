"""`play` as a newcomer runs it, and its processes."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.wire.running import ROOT, surroundings

START_WITHIN_S = 180.0
"""The first run on a machine fetches the model."""


@dataclass
class Play:
    """A running `play`; `url` opens its page."""

    process: asyncio.subprocess.Process
    url: str
    output: Path

    @property
    def children(self) -> dict[str, int]:
        """What it runs, by a word of the command, with the process's id."""
        words = {"valkey-server": "memory", "bot.playground": "discord", "tgi": "model"}
        found = {}
        for pid in children_of(self.process.pid):
            command = command_of(pid)
            name = next((words[word] for word in words if word in command), None)
            found[name or ("bot" if " run " in command else command)] = pid
        return found

    def everything(self) -> set[int]:
        """Every process below it, and itself."""
        return descendants(self.process.pid)


@asynccontextmanager
async def played(data: Path, *arguments: str, **settings: str) -> AsyncGenerator[Play, None]:
    """Run `play` on *data* until the block is left."""
    data.mkdir(exist_ok=True)
    output = data / "output"
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "play", "--no-browser", "--port", "0"),
            *("--data", str(data), *arguments),
            cwd=ROOT,
            env=surroundings(**settings),
            stdout=written,
            stderr=written,
        )
    try:
        yield Play(process, await _address(process, output), output)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            with suppress(TimeoutError):
                async with asyncio.timeout(20):
                    await process.wait()
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _address(process: asyncio.subprocess.Process, output: Path) -> str:
    async with asyncio.timeout(START_WITHIN_S):
        while True:
            found = re.search(r"Playground ready: (http://\S+)", output.read_text())
            if found:
                return found[1]
            assert process.returncode is None, output.read_text()
            await asyncio.sleep(0.05)


def command_of(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode()


def children_of(pid: int) -> set[int]:
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with suppress(OSError, IndexError):
                state = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(state[1]) == pid and state[0] != "Z":
                    found.add(int(folder.name))
    return found


def descendants(pid: int) -> set[int]:
    found = {pid}
    for child in children_of(pid):
        found |= descendants(child)
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
