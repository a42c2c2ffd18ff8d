"""Run the local Discord as a program of its own.

    python -m bot.playground --port 8400 --data .play --token T --secret S

Prints one line when it listens. SIGTERM ends it within a second; with
`--parent-watch` it also ends when its parent does.
"""

import argparse
import asyncio
import ctypes
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.playground.server import serve
from bot.playground.site import Config

_EXIT_USAGE = 2
_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=options.log_level, format="%(levelname)s %(name)s: %(message)s")
    config = Config(
        token=options.token,
        secret=options.secret,
        data=options.data,
        message_content=not options.no_message_content,
        enforce_limits=options.limits,
    )
    if options.parent_watch:
        _die_with_parent()
    try:
        asyncio.run(_run(config, options.port, watch_parent=options.parent_watch))
    except OSError as error:
        sys.stderr.write(f"Port {options.port} cannot be used: {error.strerror}.\n")
        return _EXIT_USAGE
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.playground", description="A local Discord")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--data", type=Path, help="folder to keep the world in; else in memory")
    # A secret on the command line can be read by every user of the machine.
    given = os.environ  # noqa: TID251
    parser.add_argument(
        "--token",
        default=given.get("PLAYGROUND_TOKEN", "local-token"),
        help="the bot's token (or PLAYGROUND_TOKEN)",
    )
    parser.add_argument(
        "--secret",
        default=given.get("PLAYGROUND_SECRET", "local"),
        help="opens the page (or PLAYGROUND_SECRET)",
    )
    parser.add_argument("--limits", action="store_true", help="enforce Discord's rate limits")
    parser.add_argument(
        "--no-message-content", action="store_true", help="the portal's switch is off"
    )
    parser.add_argument("--parent-watch", action="store_true", help="end when the parent ends")
    parser.add_argument("--log-level", default="WARNING")
    return parser


async def _run(config: Config, port: int, *, watch_parent: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform != "win32":  # whose loop takes no handlers; Ctrl+C still raises there
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    if watch_parent:
        loop.add_reader(sys.stdin, _on_stdin, stop)
    async with serve(config, port=port) as address:
        sys.stdout.write(f"Local Discord ready: {address.page_url}\n")
        sys.stdout.flush()
        await stop.wait()


def _on_stdin(stop: asyncio.Event) -> None:
    # The parent never writes; readable means that its end of the pipe is closed.
    if not os.read(sys.stdin.fileno(), 1):
        asyncio.get_running_loop().remove_reader(sys.stdin)
        stop.set()


def _die_with_parent() -> None:
    """On Linux, have the kernel end us with the parent, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
