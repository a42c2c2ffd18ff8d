"""The whole stand-in: model file, engine and HTTP server, opened and closed as one."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.core.errors import GenerationUnreachable, StartupError
from bot.tgi_server.completions import Completions
from bot.tgi_server.engine import EXIT_INPUT, Engine, EngineFailed, EngineOptions, open_engine
from bot.tgi_server.gate import Gate
from bot.tgi_server.generation import Writer
from bot.tgi_server.model_file import ensure_model
from bot.tgi_server.server import Server
from bot.tgi_server.small_model import warm_prompts

BUILT_IN_NAME: Final = "SmolLM2-135M stand-in"
SHUTDOWN_S: Final = 0.5
WAITING_PER_SLOT: Final = 16
QUIET_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class StandInOptions:
    """What to serve, and where.

    Attributes:
        cache: where the built-in model is kept.
        model: a GGUF file instead of the built-in model; gets no help.
        lora: an adapter; it knows LimaRP's format itself, so it gets no help either.
        raw: no help for the bare built-in model, and a cache that works as TGI's does.
        threads: None leaves one core to everybody else.
        concurrent: requests taken at once; None is sixteen per slot.
        port: 0 takes any free one.
    """

    cache: Path
    model: Path | None = None
    lora: Path | None = None
    raw: bool = False
    context: int = 8192
    slots: int = 2
    threads: int | None = None
    concurrent: int | None = None
    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class StandIn:
    """A model server that answers."""

    url: str
    model_id: str
    engine: Engine
    gate: Gate


@asynccontextmanager
async def open_stand_in(
    options: StandInOptions, say: Callable[[str], None]
) -> AsyncIterator[StandIn]:
    """Serve inside the block; *say* is told what takes long.

    Raises:
        StartupError: the model cannot be had or loaded, or the port is taken.
    """
    if options.lora is not None and not options.lora.is_file():
        raise StartupError(f"There is no file {options.lora}.", exit_code=EXIT_INPUT)
    model = options.model
    if model is None:
        # Fetching blocks for as long as the network takes.
        model = await asyncio.to_thread(ensure_model, options.cache, say)
    engine_options = EngineOptions(
        model=model,
        lora=options.lora,
        context=options.context,
        slots=options.slots,
        threads=options.threads or max(1, (os.cpu_count() or 1) - 1),
        reuses_moved=not options.raw,
    )
    helps = options.model is None and options.lora is None and not options.raw
    name = BUILT_IN_NAME if options.model is None else options.model.stem
    async with open_engine(engine_options) as engine:
        gate = Gate(options.concurrent or WAITING_PER_SLOT * options.slots)
        server = Server(Writer(engine, helps), gate, model_id=name)
        async with _listening(server, options) as url:
            stand_in = StandIn(url, name, engine, gate)
            if not helps:
                yield stand_in
                return
            async with _warming(engine, gate):
                yield stand_in


@asynccontextmanager
async def _listening(server: Server, options: StandInOptions) -> AsyncIterator[str]:
    app = server.application()
    Completions(server).add_to(app)
    # A handler whose client left is cancelled; that is how its slot becomes free.
    runner = web.AppRunner(
        app, handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_S
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, options.host, options.port).start()
        except OSError as error:
            raise StartupError(_sentence(error, options), exit_code=EXIT_INPUT) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _warming(engine: Engine, gate: Gate) -> AsyncIterator[None]:
    """Read what new chats begin with while nobody waits."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        warmer = tasks.create_task(_warm(engine, gate))
        try:
            yield
        except Exception as error:  # noqa: BLE001  # leaves below, not as a group
            failure = error
        finally:
            warmer.cancel()
    if failure is not None:
        raise failure


async def _warm(engine: Engine, gate: Gate) -> None:
    waiting = list(warm_prompts())
    while waiting:
        await gate.idle.wait()
        served = gate.counts["tgi_request_count"]
        if served:
            # Reading ahead takes the place of a chat; one that is under way needs it more.
            await asyncio.sleep(QUIET_S)
            if gate.counts["tgi_request_count"] != served:
                continue
        try:
            if await _read_ahead(engine, gate, waiting[0]):
                waiting.pop(0)
        except (EngineFailed, GenerationUnreachable):
            return  # only speed is lost


async def _read_ahead(engine: Engine, gate: Gate, prompt: str) -> bool:
    """Let the engine read *prompt*; leave, and say so, when somebody needs it."""
    body = {"prompt": prompt, "n_predict": 1, "return_progress": True, "cache_prompt": True}
    async with aclosing(engine.stream(body)) as events:
        async for _ in events:
            if not gate.idle.is_set():
                return False
    return True


def _sentence(error: OSError, options: StandInOptions) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {options.port} is in use: choose another with --port, or 0 for any."
    return f"The server cannot listen on {options.host}:{options.port}: {error.strerror}."
