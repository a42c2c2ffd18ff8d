"""Llama.cpp in a child process, kept running.

`open_engine` starts the child and owns it: a child that dies is started again,
with longer pauses the more often it does, and requests fail meanwhile.
"""

import asyncio
import json
import logging
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from bot.core.errors import GenerationUnreachable, RoleplayError, StartupError

log = logging.getLogger(__name__)

EXIT_INPUT: Final = 2
EXIT_CONFIG: Final = 78
START_WITHIN_S: Final = 120.0
END_WITHIN_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 10.0
STEADY_AFTER_S: Final = 60.0
LONGEST_EVENT_BYTES: Final = 1 << 20


class EngineFailed(RoleplayError):
    """Llama.cpp refused or broke off a request; `str()` is its own sentence."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the child is started with.

    Attributes:
        context: tokens of all slots together.
        slots: requests that are worked on at the same time.
        cache_mib: memory for the state of chats that have no slot at the moment.
        reuses_moved: text that moved within the prompt is not read again, which is
            quick and a little wrong; otherwise only common beginnings are reused, as by TGI.
    """

    model: Path
    lora: Path | None = None
    context: int = 8192
    slots: int = 2
    threads: int = 1
    cache_mib: int = 512
    reuses_moved: bool = True

    @property
    def slot_context(self) -> int:
        """Tokens that one request can have, prompt and reply together."""
        return self.context // self.slots


@dataclass(frozen=True, slots=True)
class _Child:
    process: asyncio.subprocess.Process
    url: str
    key: str


@asynccontextmanager
async def open_engine(options: EngineOptions) -> AsyncIterator["Engine"]:
    """Start llama.cpp, keep it running inside the block, end it with the block.

    Raises:
        StartupError: a file is missing or damaged, or the processor is too old.
    """
    _refuse_missing(options)
    # Kept-alive connections to llama.cpp's server break now and then; new ones are cheap here.
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with aiohttp.ClientSession(
        connector=connector, timeout=aiohttp.ClientTimeout(total=None, sock_connect=5)
    ) as session:
        engine = Engine(options, session)
        failure: Exception | None = None
        try:
            await engine.start()
            async with asyncio.TaskGroup() as tasks:
                keeper = tasks.create_task(engine.keep_running())
                try:
                    yield engine
                except Exception as error:  # noqa: BLE001  # leaves below, not as a group
                    failure = error
                finally:
                    keeper.cancel()
        finally:
            await engine.stop()
        if failure is not None:
            raise failure


class Engine:
    """One llama.cpp server; made by `open_engine`."""

    def __init__(self, options: EngineOptions, session: aiohttp.ClientSession) -> None:
        self.options = options
        self._session = session
        self._child: _Child | None = None

    @property
    def is_up(self) -> bool:
        """Whether requests have somebody to go to."""
        return self._child is not None and self._child.process.returncode is None

    async def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One JSON answer; a GET where there is no *body*.

        Raises:
            EngineFailed: llama.cpp refuses the request.
            GenerationUnreachable: the child is not there, or died.
        """
        child = self._running()
        method = "GET" if body is None else "POST"
        with _child_errors():
            async with self._session.request(
                method, child.url + path, json=body, headers=_authorization(child)
            ) as response:
                answer = await response.json()
        _refuse_error(answer)
        return answer

    async def stream(self, body: Mapping[str, Any]) -> AsyncGenerator[dict[str, Any], None]:
        """The events of `/completion`. Closing the iterator frees the slot.

        Raises:
            EngineFailed: llama.cpp refuses the request or broke it off.
            GenerationUnreachable: the child is not there, or died.
        """
        child = self._running()
        response: aiohttp.ClientResponse | None = None
        try:
            with _child_errors():
                response = await self._session.post(
                    child.url + "/completion",
                    json={**body, "stream": True},
                    headers=_authorization(child),
                    read_bufsize=LONGEST_EVENT_BYTES,
                )
            while True:
                with _child_errors():
                    line = await response.content.readline()
                if not line.endswith(b"\n"):  # the end, or half a line
                    break
                event = _event(line)
                if event is None:
                    continue
                _refuse_error(event)
                yield event
                if event.get("stop"):
                    return
            raise GenerationUnreachable("the model process broke off")
        finally:
            if response is not None:
                response.close()

    async def start(self) -> None:
        """Start the child and wait until its model is loaded.

        Raises:
            StartupError: it cannot be started, and trying again would not help.
        """
        key = secrets.token_urlsafe(24)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot.tgi_server.engine_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
        try:
            url = await _handshake(process, self.options, key)
        except BaseException:
            await _end(process)
            raise
        self._child = _Child(process, url, key)

    async def keep_running(self) -> None:
        """Start the child again whenever it dies; runs until cancelled."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while True:
            began = loop.time()
            if self._child is not None:
                code = await self._child.process.wait()
                self._child = None
                log.warning("model process ended", extra={"exit_code": code})
            if loop.time() - began > STEADY_AFTER_S:
                pause = FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
            try:
                await self.start()
            except StartupError as error:
                log.warning("model process did not start", extra={"reason": str(error)})
            else:
                log.info("model process started again")

    async def stop(self) -> None:
        """End the child, at the latest by force."""
        if self._child is not None:
            await _end(self._child.process)
            self._child = None

    @property
    def process_id(self) -> int | None:
        """Of the child, while there is one."""
        return self._child.process.pid if self._child else None

    def _running(self) -> _Child:
        if self._child is None or not self.is_up:
            raise GenerationUnreachable("the model process is being started again")
        return self._child


@contextmanager
def _child_errors() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise GenerationUnreachable("the model process is gone") from error


def _authorization(child: _Child) -> dict[str, str]:
    return {"Authorization": f"Bearer {child.key}"}


def _event(line: bytes) -> dict[str, Any] | None:
    """What a line of the stream says; None for blank lines and pings."""
    if line.startswith(b"data: "):
        event: dict[str, Any] = json.loads(line.removeprefix(b"data: "))
        return event
    if line.startswith((b"error: ", b"{")):  # a refusal is not a stream at all
        return {"error": json.loads(line.removeprefix(b"error: "))}
    return None


def _refuse_error(answer: Any) -> None:
    if not isinstance(answer, dict) or "error" not in answer:
        return
    error = answer["error"]
    while isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    raise EngineFailed(str(error.get("message", "no reason given")))


async def _handshake(process: asyncio.subprocess.Process, options: EngineOptions, key: str) -> str:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the child was started without pipes")
    settings = {
        "model": str(options.model.resolve()),
        "lora": str(options.lora.resolve()) if options.lora else "",
        "context": options.context,
        "slots": options.slots,
        "threads": options.threads,
        "cache_mib": options.cache_mib,
        "reuses_moved": options.reuses_moved,
        "key": key,
    }
    try:
        async with asyncio.timeout(START_WITHIN_S):
            process.stdin.write(json.dumps(settings).encode() + b"\n")
            line = await process.stdout.readline()
            if not line:
                await process.wait()
    except TimeoutError:
        raise StartupError(
            f"The model was not loaded within {START_WITHIN_S:.0f} s. Is the machine very busy?",
            exit_code=EXIT_CONFIG,
        ) from None
    except ConnectionError:
        line = b""
        await process.wait()
    if not line:
        raise _died(process.returncode)
    answer: dict[str, str] = json.loads(line)
    if "error" in answer:
        raise StartupError(_unusable(options), exit_code=EXIT_INPUT)
    return answer["url"]


def _died(code: int | None) -> StartupError:
    if code == -signal.SIGILL:
        return StartupError(
            "This processor lacks AVX2, which the built-in model server needs:"
            " point TGI_URL at a model server on another machine.",
            exit_code=EXIT_CONFIG,
        )
    return StartupError(
        f"The model process ended while starting (exit code {code}).", exit_code=EXIT_CONFIG
    )


def _unusable(options: EngineOptions) -> str:
    if options.lora:
        return (
            f"{options.model} and {options.lora} cannot be loaded together:"
            " one is damaged, or the adapter belongs to another model."
        )
    return f"{options.model} cannot be loaded: it is damaged, or not a GGUF model."


def _refuse_missing(options: EngineOptions) -> None:
    for path in (options.model, options.lora):
        if path is not None and not path.is_file():
            raise StartupError(f"There is no file {path}.", exit_code=EXIT_INPUT)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(END_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
