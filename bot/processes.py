"""Child processes that end when we do, and are started again when they fail.

A child of ours calls `watch_parent`: on Linux the kernel then sends it SIGTERM
when its parent dies, however that dies; elsewhere it notices that its standard
input has closed.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.errors import StartupError

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_STOP_TIMEOUT_S = 5.0
_FAST_FAILURES = 4
_FAST_S = 20.0
_BACKOFF_S = (0.1, 0.5, 1.0, 2.0)
EXIT_FAILED_CHILD = 70


def end_with_parent() -> None:
    """Have the kernel end this process when its parent dies (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def watch_parent() -> None:
    """End this process with SIGTERM once its parent is gone, wherever we run.

    The parent holds our standard input open and never writes to it.
    """
    end_with_parent()

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1024):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    # A daemon thread: the read cannot be cancelled and must not keep us alive.
    threading.Thread(target=wait, name="parent watch", daemon=True).start()


@dataclass(frozen=True, slots=True)
class Program:
    """A child to run.

    Attributes:
        name: for the log file and for sentences to the user.
        environment: the whole environment of the child.
        log_file: receives what it prints, both streams.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_file: Path


@dataclass(slots=True)
class Child:
    """A program that is kept running."""

    program: Program
    restarts: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def pid(self) -> int | None:
        """The present process, if one runs."""
        return self._process.pid if self._process else None

    async def keep_running(self) -> None:
        """Start it, and again whenever it ends, until cancelled; then end it.

        Raises:
            StartupError: it ends at once every time; the sentence holds its last line.
        """
        loop = asyncio.get_running_loop()
        fast_failures = 0
        while True:
            started = loop.time()
            await self._run_once()
            self.restarts += 1
            fast_failures = fast_failures + 1 if loop.time() - started < _FAST_S else 1
            if fast_failures > _FAST_FAILURES:
                raise StartupError(
                    f"{self.program.name} does not stay up: {last_line(self.program.log_file)} "
                    f"(the whole log: {self.program.log_file})",
                    exit_code=EXIT_FAILED_CHILD,
                )
            log.warning("%s ended and is started again", self.program.name)
            await asyncio.sleep(_BACKOFF_S[fast_failures - 1])

    async def _run_once(self) -> None:
        program = self.program
        with program.log_file.open("ab") as output:
            process = self._process = await asyncio.create_subprocess_exec(
                *program.command,
                stdin=asyncio.subprocess.PIPE,  # never written to: its end tells the child of ours
                stdout=output,
                stderr=output,
                env=dict(program.environment),
                start_new_session=True,  # a Ctrl-C is for us; we end them in order
            )
        try:
            await process.wait()
        finally:
            await self._end(process)
            self._process = None

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def last_line(log_file: Path) -> str:
    """The last thing a program printed, for a sentence to the user."""
    try:
        tail = log_file.read_bytes()[-2000:].decode(errors="replace").split("\n")
    except OSError:
        return "it printed nothing"
    return next((line.strip() for line in reversed(tail) if line.strip()), "it printed nothing")


@asynccontextmanager
async def running(program: Program) -> AsyncGenerator[Child, None]:
    """Keep *program* running for the length of the block.

    Raises:
        ExceptionGroup of StartupError: it does not stay up.
    """
    child = Child(program)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(child.keep_running(), name=program.name)
        try:
            yield child
        finally:
            task.cancel()
