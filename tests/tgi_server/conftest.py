"""The real stand-in as a process of its own, on a free port."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.tgi_server.model_file import default_cache_dir, ensure_model

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class RunningServer:
    """A server process that has said where it is."""

    process: subprocess.Popen[str]
    url: str
    line: str

    def engine_ids(self) -> list[int]:
        """Process ids of its children that are alive."""
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in listing.read_text().split() if is_alive(int(pid))]


def is_alive(process_id: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{process_id}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def eventually(is_so: Callable[[], bool], within_s: float) -> bool:
    """Ask again and again until it is so, or time is up."""
    deadline = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot.tgi_server", "--port", "0", *arguments]


@contextmanager
def serving(*arguments: str) -> Iterator[RunningServer]:
    """Start a server, wait until it answers, end it with the block."""
    process = subprocess.Popen(
        command(*arguments), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Model server ready: http://127.0.0.1:")
        try:
            yield RunningServer(process, line.split()[3], line)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=10)


@pytest.fixture(scope="session")
def model_file() -> Path:
    """The built-in model, fetched if this machine has never had it."""
    return ensure_model(default_cache_dir(os.environ), print)


@pytest.fixture(scope="session")
def stand_in(model_file: Path) -> Iterator[RunningServer]:
    """The server as people start it: the built-in model under its adapter."""
    with serving("--cache", str(model_file.parent)) as server:
        yield server


@pytest.fixture(scope="session")
def raw_server(model_file: Path) -> Iterator[RunningServer]:
    """The built-in model without the adapter, for tests of the protocol."""
    with serving("--cache", str(model_file.parent), "--raw") as server:
        yield server
