"""Bots that are forked from a process which has imported everything: they start at once.

Importing takes a bot longer than all else it does to start, and tests that kill
start many. As a program this forks a bot for each order that it reads, and says
how each has ended; both are one JSON object a line.
"""

import asyncio
import json
import os
import select
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.wire.running import ROOT, surroundings

_LOOK_EVERY_S = 0.01
_READ_BYTES = 1 << 16


@dataclass
class Nursling:
    """A forked process, as much of `asyncio.subprocess.Process` as tests use."""

    pid: int
    returncode: int | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> int:
        """Its exit code."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without a word."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Tell it to stop."""
        self.send_signal(signal.SIGTERM)

    def end(self, code: int) -> None:
        """Its end is known."""
        self.returncode = code
        self._ended.set()


class Nursery:
    """Forks bots that run `tests.faults.crashing_bot.main`."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._children: dict[int, Nursling] = {}
        self._born: asyncio.Queue[Nursling] = asyncio.Queue(1)

    async def fork(
        self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path
    ) -> Nursling:
        """Start a bot."""
        assert self._process.stdin is not None
        order = {"arguments": arguments, "cwd": str(cwd), "env": env, "log": str(log)}
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        async with asyncio.timeout(20):
            return await self._born.get()

    async def listen(self) -> None:
        """Learn of births and deaths."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            told = json.loads(line)
            if "born" in told:
                child = self._children[told["born"]] = Nursling(told["born"])
                await self._born.put(child)
            else:
                self._children.pop(told["ended"]).end(told["code"])


@asynccontextmanager
async def nursery() -> AsyncGenerator[Nursery, None]:
    """Have one for the length of the block; what it forked ends with it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__), env=surroundings(PYTHONPATH=str(ROOT)), stdin=PIPE, stdout=PIPE
    )
    here = Nursery(process)
    listening = asyncio.create_task(here.listen())
    try:
        yield here
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening


def _serve(main: Callable[[str], int]) -> None:
    """Fork for each order, until nobody can give any more."""
    children: set[int] = set()
    unread = b""
    while True:
        for pid, status in _ended(children):
            children.remove(pid)
            _tell(ended=pid, code=os.waitstatus_to_exitcode(status))
        if not select.select([0], [], [], _LOOK_EVERY_S)[0]:
            continue
        data = os.read(0, _READ_BYTES)
        if not data:
            break
        *orders, unread = (unread + data).split(b"\n")
        for order in orders:
            pid = os.fork()
            if pid == 0:
                _become_a_bot(json.loads(order), main)
            children.add(pid)
            _tell(born=pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _ended(children: set[int]) -> list[tuple[int, int]]:
    found = [os.waitpid(pid, os.WNOHANG) for pid in children]
    return [(pid, status) for pid, status in found if pid]


def _become_a_bot(order: Mapping[str, object], main: Callable[[str], int]) -> None:
    log = os.open(str(order["log"]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(log, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(str(order["cwd"]))
    os.environ.clear()
    os.environ.update(order["env"])  # type: ignore[call-overload]  # names and values
    code = 70
    try:
        code = main(*order["arguments"])  # type: ignore[misc]  # a list of texts
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(**told: int) -> None:
    print(json.dumps(told), flush=True)  # noqa: T201  # this is how it speaks


if __name__ == "__main__":
    from tests.faults.crashing_bot import main as bot_main

    _serve(bot_main)
