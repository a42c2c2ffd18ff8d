"""Processes that are forked from one which has imported everything: they start at once.

Importing takes a bot longer than all else it does to start, and reading the characters
longer than the rest; tests start many. As a program this forks a process for each order
that it reads, and says how each has ended; both are one JSON object a line.
"""

import asyncio
import atexit
import functools
import importlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.adapters import character_yaml, plain_yaml
from bot.adapters.word_files import LANGUAGES, words_in
from bot.discord_ui import client

_ROOT = Path(__file__).resolve().parents[2]
USUAL = "bot.__main__:main"

_IMPORTED = ("bot.__main__", "bot.app", "bot.log_format", "bot.processes")
_WAIT_EVERY_S = 0.01
_READ_BYTES = 1 << 16
_BORN_WITHIN_S = 30
_ALL_GUILDS_AFTER_S = 0.1


@dataclass
class Nursling:
    """A forked process, as much of `asyncio.subprocess.Process` as tests use."""

    pid: int
    returncode: int | None = None

    async def wait(self) -> int:
        """Its exit code."""
        while self.returncode is None:
            await asyncio.sleep(_WAIT_EVERY_S)
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


class Nursery:
    """Forks processes; whatever it has forked ends with this one."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._children: dict[int, Nursling] = {}
        self._born: queue.Queue[Nursling] = queue.Queue()
        self._orders = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    async def fork(
        self,
        arguments: Sequence[str],
        *,
        main: str = USUAL,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
    ) -> Nursling:
        """Call *main*, a module and a function of it, in a process of its own.

        Args:
            arguments: what it is given, as one list.
            log: the file that takes what it prints.
        """
        order = {
            "main": main,
            "arguments": arguments,
            "cwd": str(cwd),
            "env": {**env},
            "log": str(log),
        }
        return await asyncio.to_thread(self._fork, json.dumps(order).encode() + b"\n")

    def _fork(self, order: bytes) -> Nursling:
        with self._orders:
            assert self._process.stdin is not None
            self._process.stdin.write(order)
            self._process.stdin.flush()
            return self._born.get(timeout=_BORN_WITHIN_S)

    def _listen(self) -> None:
        """Learn of births and deaths."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "born" in told:
                child = self._children[told["born"]] = Nursling(told["born"])
                self._born.put(child)
            else:
                self._children.pop(told["ended"]).returncode = told["code"]

    def close(self) -> None:
        """End it, and all that it has forked."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(_BORN_WITHIN_S)


@functools.cache
def nursery() -> Nursery:
    """The one of this process."""
    made = Nursery()
    atexit.register(made.close)
    return made


def _serve() -> None:
    """Fork for each order, until nobody can give any more."""
    children: set[int] = set()
    unread = b""
    deaths, told = os.pipe()
    os.set_blocking(told, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(told)
    while True:
        for pid, status in _ended(children):
            children.remove(pid)
            _tell(ended=pid, code=os.waitstatus_to_exitcode(status))
        ready, _, _ = select.select([0, deaths], [], [])
        if deaths in ready:
            os.read(deaths, _READ_BYTES)
        if 0 not in ready:
            continue
        data = os.read(0, _READ_BYTES)
        if not data:
            break
        *orders, unread = (unread + data).split(b"\n")
        for order in orders:
            pid = os.fork()
            if pid == 0:
                _forget_the_nursery(deaths, told)
                _become(json.loads(order))
            children.add(pid)
            _tell(born=pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _forget_the_nursery(*pipe: int) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for end in pipe:
        os.close(end)


def _ended(children: set[int]) -> list[tuple[int, int]]:
    found = [os.waitpid(pid, os.WNOHANG) for pid in children]
    return [(pid, status) for pid, status in found if pid]


def _become(order: Mapping[str, Any]) -> None:
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(log, number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    module, _, name = order["main"].partition(":")
    code = 70
    try:
        code = getattr(importlib.import_module(module), name)(order["arguments"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _tell(**told: int) -> None:
    print(json.dumps(told), flush=True)  # noqa: T201  # this is how it speaks


def _hurry() -> None:
    """Read for all what each bot reads, and have it wait as little as a Discord so near allows."""
    vars(client)["ALL_GUILDS_AFTER_S"] = _ALL_GUILDS_AFTER_S
    read_nodes = functools.cache(plain_yaml.read_nodes)
    vars(character_yaml)["read_nodes"] = read_nodes
    for path in (_ROOT / "characters").glob("*.yaml"):
        read_nodes(path.read_bytes().decode())
    for locale in LANGUAGES:
        words_in(locale)


if __name__ == "__main__":
    for needed in _IMPORTED:
        importlib.import_module(needed)
    _hurry()
    _serve()
