"""The whole stand-in: model file, engine and HTTP server, opened and closed as one."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.core.errors import StartupError
from bot.tgi_server.completions import Completions
from bot.tgi_server.engine import EXIT_INPUT, EngineOptions, open_engine
from bot.tgi_server.gate import Gate
from bot.tgi_server.generation import Writer
from bot.tgi_server.model_file import ensure_model
from bot.tgi_server.server import Server

BUILT_IN_NAME: Final = "SmolLM2-135M stand-in"
SHUTDOWN_S: Final = 0.5
WAITING_PER_SLOT: Final = 16
ADAPTER: Final = Path(__file__).with_name("stand_in.gguf")
"""Teaches the built-in model LimaRP's format and lengths; `recipe/stand_in` made it."""


@dataclass(frozen=True, slots=True)
class StandInOptions:
    """What to serve, and where.

    Attributes:
        cache: where the built-in model is kept.
        model: a GGUF file instead of the built-in model.
        lora: an adapter instead of the built-in model's own.
        raw: no adapter for the built-in model, and a cache that works as TGI's does.
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
    adapted = model is None and options.lora is None and not options.raw
    if model is None:
        # Fetching blocks for as long as the network takes.
        model = await asyncio.to_thread(ensure_model, options.cache, say)
    engine_options = EngineOptions(
        model=model,
        lora=ADAPTER if adapted else options.lora,
        context=options.context,
        slots=options.slots,
        threads=options.threads or max(1, (os.cpu_count() or 1) - 1),
        reuses_moved=not options.raw,
    )
    name = BUILT_IN_NAME if options.model is None else options.model.stem
    async with open_engine(engine_options) as engine:
        gate = Gate(options.concurrent or WAITING_PER_SLOT * options.slots)
        server = Server(Writer(engine, adapted), gate, model_id=name)
        async with _listening(server, options) as url:
            yield StandIn(url, name)


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


def _sentence(error: OSError, options: StandInOptions) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {options.port} is in use: choose another with --port, or 0 for any."
    return f"The server cannot listen on {options.host}:{options.port}: {error.strerror}."
