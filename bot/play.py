"""`play`: a local Discord, Valkey, a model and the bot, each a process of its own.

The bot is the same program as everywhere, started with other addresses.
"""

import asyncio
import contextlib
import fcntl
import itertools
import random
import secrets
import shutil
import signal
import socket
import sys
import time
import webbrowser
from collections.abc import Callable, Generator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.adapters.valkey import server_command, socket_url
from bot.core.errors import StartupError, first_of
from bot.playground.world import ASSETS_ID
from bot.processes import Program, last_line, running

USUAL_PORT = 8420
PORTS = 65_536
OWN_PORTS = range(20_000, 32_768)
"""Below those that kernels lend to connections: one may be lent before a program listens."""
START_TIMEOUT_S = 1800.0
"""The first start fetches the model, which may be slow."""
POLL_S = 0.05
PROGRESS_EVERY_S = 5.0
EXIT_USAGE = 2
EXIT_NOT_READY = 70
LEAST_FREE_MB = 20

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """What `play` was asked for; no port means the usual one, or any free one."""

    data: Path
    characters: Path
    port: int | None = None
    open_browser: bool = True


async def play(options: PlayOptions, *, environment: Mapping[str, str], say: Say) -> int:
    """Run everything until a signal; say one line when a message would be answered.

    Raises:
        StartupError: the port or the data folder is taken, or a part does not stay up.
    """
    started = time.monotonic()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    world = _World.prepare(options, environment)
    try:
        async with AsyncExitStack() as stack:
            stack.enter_context(_only_one(options.data))
            for program in world.programs():
                await stack.enter_async_context(running(program))
            if await _ready_or_stopped(world, stopped, say):
                say(f"Playground ready: {world.page}")
                say(f"({time.monotonic() - started:.1f} s; Ctrl-C stops, the story is kept)")
                if options.open_browser:
                    await asyncio.to_thread(webbrowser.open, world.page)  # starts a program
                await stopped.wait()
            say("Stopping …")
    except* StartupError as group:
        raise first_of(group) from None
    return 0


@dataclass(frozen=True, slots=True)
class _World:
    """Addresses and secrets of one run."""

    options: PlayOptions
    environment: Mapping[str, str]
    discord_port: int
    model_port: int
    health_port: int
    token: str
    secret: str

    @classmethod
    def prepare(cls, options: PlayOptions, environment: Mapping[str, str]) -> "_World":
        try:
            (options.data / "logs").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(options.data, error) from None
        free_mb = shutil.disk_usage(options.data).free // 1_000_000
        if free_mb < LEAST_FREE_MB:
            raise StartupError(
                f"The disk of {options.data} is full ({free_mb} of {LEAST_FREE_MB} MB needed). "
                "Make room, or choose another folder with --data.",
                exit_code=EXIT_USAGE,
            )
        page_port, model_port, health_port = free_ports(3)
        return cls(
            options=options,
            environment=environment,
            discord_port=_page_port(options.port, page_port),
            model_port=model_port,
            health_port=health_port,
            token=secrets.token_urlsafe(32),
            secret=secrets.token_urlsafe(16),
        )

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.discord_port}/?key={self.secret}"

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.health_port}/readyz"

    def programs(self) -> tuple[Program, ...]:
        """In the order of starting; they end in the reverse order."""
        data = self.options.data.absolute()
        python = (sys.executable, "-m")
        discord_url = f"http://127.0.0.1:{self.discord_port}"
        bot_settings = {
            "BOT_DISCORD__TOKEN": self.token,
            "BOT_DISCORD__API_URL": f"{discord_url}/api/v10",
            "BOT_DISCORD__GATEWAY_URL": f"ws://127.0.0.1:{self.discord_port}/gateway",
            "BOT_DISCORD__ASSET_CHANNEL": str(ASSETS_ID),
            "BOT_REDIS__URL": socket_url(data),
            "BOT_TGI__URLS": f"http://127.0.0.1:{self.model_port}",
            # Nobody is a stranger here, and the page itself says what this is.
            "BOT_GUILDS__MEMBERS_START": "true",
            "BOT_GUILDS__ASK_PLAYERS": "false",
            "BOT_GUILDS__AI_NOTICE": "false",
            "BOT_HTTP__PORT": str(self.health_port),
            "BOT_HTTP__PUBLIC_URL": "",  # one in .env is of the real bot
            "BOT_CHARACTERS": str(self.options.characters.absolute()),
        }
        return (
            self._program("the memory", server_command(data)),
            self._program(
                "the local Discord",
                [
                    *(*python, "bot.playground", "--port", str(self.discord_port)),
                    *("--data", str(data), "--parent-watch"),
                ],
                PLAYGROUND_TOKEN=self.token,
                PLAYGROUND_SECRET=self.secret,
            ),
            stand_in(data, self.model_port, self.environment),
            self._program("the bot", [*python, "bot", "run", "--parent-watch"], **bot_settings),
        )

    def _program(self, name: str, command: list[str], **extra: str) -> Program:
        environment = {**self.environment, **extra}
        return Program(name, command, environment, _log_file(self.options.data, name))


def stand_in(data: Path, port: int, environment: Mapping[str, str]) -> Program:
    """The small model on this CPU, behind TGI's protocol."""
    command = [sys.executable, "-m", "bot", "tgi", "--port", str(port), "--parent-watch"]
    return Program("the model", command, environment, _log_file(data, "the model"))


def _log_file(data: Path, name: str) -> Path:
    folder = data.absolute() / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name.rsplit(maxsplit=1)[-1].lower()}.log"


async def _ready_or_stopped(world: _World, stopped: asyncio.Event, say: Say) -> bool:
    """Poll the bot until it would answer; False if a signal came first."""
    reasons: Mapping[str, str] = {}
    told_at = time.monotonic()
    async with aiohttp.ClientSession() as http:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not stopped.is_set():
                    with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                        answer = await http.get(world.health, timeout=aiohttp.ClientTimeout(2))
                        reasons = (await answer.json())["reasons"]
                        if not reasons:
                            return True
                    if time.monotonic() - told_at > PROGRESS_EVERY_S:
                        told_at = time.monotonic()
                        say(f"Waiting: {_what_for(reasons, world.options.data)}")
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            why = " ".join(reasons.values()) or last_line(world.options.data / "logs" / "bot.log")
            raise StartupError(
                f"Not ready after {START_TIMEOUT_S:.0f} s: {why} "
                f"(logs: {world.options.data / 'logs'})",
                exit_code=EXIT_NOT_READY,
            ) from None
    return False


def _what_for(reasons: Mapping[str, str], data: Path) -> str:
    if set(reasons) == {"model"}:
        return f"the model. {last_line(_log_file(data, 'the model'))}"  # it may be fetched
    return " ".join(reasons.values()) or "the bot starts."


def _page_port(wanted: int | None, free: int) -> int:
    """The port asked for, else the usual one, else the *free* one."""
    if wanted is not None:
        if wanted and not _is_free(wanted):
            what = "is taken" if 0 < wanted < PORTS else "does not exist"
            raise StartupError(
                f"Port {wanted} {what}. Choose another with --port (0 finds a free one).",
                exit_code=EXIT_USAGE,
            )
        return wanted or free
    return USUAL_PORT if _is_free(USUAL_PORT) else free


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True


def free_ports(count: int) -> list[int]:
    """So many ports of the loopback interface that nobody uses now."""
    by_chance = random.sample(OWN_PORTS, k=len(OWN_PORTS))
    return list(itertools.islice(filter(_is_free, by_chance), count))


@contextlib.contextmanager
def _only_one(data: Path) -> Generator[None, None, None]:
    """Hold the data folder for this run; the kernel lets go of it however we end."""
    try:
        file = (data / "lock").open("a")
    except OSError as error:
        raise _unusable(data, error) from None
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartupError(
                f"Another playground uses {data}. Stop it, or choose another folder with --data.",
                exit_code=EXIT_USAGE,
            ) from None
        yield


def _unusable(data: Path, error: OSError) -> StartupError:
    return StartupError(
        f"{data} cannot be used as data folder: {error.strerror}. Choose another with --data.",
        exit_code=EXIT_USAGE,
    )
