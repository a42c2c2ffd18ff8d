"""I8: a bot that ran in this process and has ended leaves no task and no socket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import CodeType
from typing import Any

_POLL_S = 0.02
_FILES = Path("/proc/self/fd")
_OF_SERVERS = "aiohttp/web_protocol.py"
"""A connection that may be used again has its task."""


@asynccontextmanager
async def leaving_nothing(within_s: float = 5.0) -> AsyncGenerator[None, None]:
    """Fail unless tasks and sockets that the block begins end, at the latest soon after it."""
    tasks, sockets = asyncio.all_tasks(), open_sockets()
    yield
    deadline = asyncio.get_running_loop().time() + within_s
    while (left := [*_new(tasks), *sorted(open_sockets() - sockets)]) and (
        asyncio.get_running_loop().time() < deadline
    ):
        await asyncio.sleep(_POLL_S)
    assert left == [], f"I8 left behind: {left}"


def open_sockets() -> set[str]:
    """The sockets of this process; empty where the system does not tell."""
    found = set()
    if _FILES.is_dir():
        for file in _FILES.iterdir():
            with suppress(OSError):
                found.add(str(file.readlink()))
    return {target for target in found if target.startswith("socket:")}


def _new(before: set["asyncio.Task[Any]"]) -> list[str]:
    tasks = [task for task in asyncio.all_tasks() - before if not task.done()]
    return [str(task) for task in tasks if not _file_of(task).endswith(_OF_SERVERS)]


def _file_of(task: "asyncio.Task[Any]") -> str:
    code: CodeType = vars(type(task.get_coro()))["cr_code"].__get__(task.get_coro())
    return code.co_filename
