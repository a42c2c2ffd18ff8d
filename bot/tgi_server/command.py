"""`python -m bot tgi`: serve a model on this machine's processor."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.core.errors import StartupError

if TYPE_CHECKING:
    from bot.tgi_server.stand_in import StandInOptions

DEFAULT_PORT: Final = 8080
SMALLEST_CONTEXT: Final = 512
_NO_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType({})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    add = parser.add_argument
    add(
        "--port",
        type=_port,
        default=DEFAULT_PORT,
        help="0 takes any free one (default: %(default)s)",
    )
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add(
        "--model",
        type=Path,
        metavar="FILE.gguf",
        help="serve this model instead of the built-in one",
    )
    add(
        "--lora",
        type=Path,
        metavar="FILE.gguf",
        help="a LoRA adapter instead of the built-in model's own",
    )
    add(
        "--raw",
        action="store_true",
        help="the built-in model without its adapter, and a cache as TGI's: to test the protocol",
    )
    add(
        "--ctx",
        type=_context,
        default=8192,
        metavar="TOKENS",
        help="context of all slots together (default: %(default)s)",
    )
    add("--slots", type=_count, default=2, help="requests worked on at once (default: %(default)s)")
    add("--threads", type=_count, help="default: all cores but one")
    add(
        "--concurrent",
        type=_count,
        metavar="N",
        help="requests accepted at once (default: 16 per slot)",
    )
    add("--cache", type=Path, metavar="DIR", help="where the built-in model is kept")


def run(arguments: argparse.Namespace, environment: Mapping[str, str] = _NO_ENVIRONMENT) -> int:
    """Serve until a signal comes; return the exit code."""
    if arguments.ctx // arguments.slots < SMALLEST_CONTEXT:
        return _refuse(
            f"--ctx {arguments.ctx} leaves {arguments.ctx // arguments.slots} tokens to each of"
            f" {arguments.slots} slots; {SMALLEST_CONTEXT} is the least that makes sense."
        )
    # Imported here: all commands declare these options, and only this one serves.
    from bot.tgi_server.model_file import default_cache_dir  # noqa: PLC0415
    from bot.tgi_server.stand_in import StandInOptions  # noqa: PLC0415

    options = StandInOptions(
        cache=arguments.cache or default_cache_dir(environment),
        model=arguments.model,
        lora=arguments.lora,
        raw=arguments.raw,
        context=arguments.ctx,
        slots=arguments.slots,
        threads=arguments.threads,
        concurrent=arguments.concurrent,
        host=arguments.host,
        port=arguments.port,
    )
    try:
        asyncio.run(_serve(options))
    except StartupError as error:
        _refuse(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 0
    return 0


async def _serve(options: "StandInOptions") -> None:
    from bot.tgi_server.stand_in import open_stand_in  # noqa: PLC0415

    asked_to_end = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":  # there, Ctrl-C arrives as KeyboardInterrupt
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, asked_to_end.set)
    async with open_stand_in(options, _say) as stand_in:
        _say(f"Model server ready: {stand_in.url} ({stand_in.model_id})")
        await asked_to_end.wait()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # this is what the command answers


def _refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)  # noqa: T201  # this is what the command answers
    return 2


def _port(text: str) -> int:
    return _between(text, 0, 65535)


def _count(text: str) -> int:
    return _between(text, 1, 1024)


def _context(text: str) -> int:
    return _between(text, SMALLEST_CONTEXT, 1 << 20)


def _between(text: str, least: int, most: int) -> int:
    if not text.isdecimal() or not least <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text} is not a number from {least} to {most}")
    return int(text)
