"""The real bot as a process of its own, between a local Discord and a scripted model."""

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from bot.playground.world import ASSETS_ID
from bot.settings import known_names
from tests import canaries
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Playground, playground
from tests.ports import free_port
from tests.wire.nursery import nursery

ROOT = Path(__file__).resolve().parents[2]
PLAIN = ("DISCORD_TOKEN", "REDIS_URL", "TGI_URL")


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a bot that is told only *settings*."""
    names = {*known_names(), *PLAIN}
    return {name: value for name, value in os.environ.items() if name not in names} | settings


class RunningProcess(Protocol):
    """As much of `asyncio.subprocess.Process` as is needed here."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...

    def terminate(self) -> None: ...


class Begin(Protocol):
    """Starts a bot in a folder, and writes what it prints to a file."""

    async def __call__(self, *, cwd: Path, env: Mapping[str, str], log: Path) -> RunningProcess: ...


@dataclass
class BotProcess:
    """The bot as `python -m bot run` is, with its settings; may be killed and started again.

    Attributes:
        launcher: stands before the command, and may change the process it starts.
        begin: starts it in another way.
        is_fresh: it is started by the command itself, else forked to save time.
    """

    settings: dict[str, str]
    folder: Path
    arguments: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()
    begin: Begin | None = None
    is_fresh: bool = False
    process: RunningProcess | None = None
    printed: list[str] = field(default_factory=list)
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        # A pipe that nobody reads would stop a bot that has much to say.
        self.log = self.folder / f"bot-{secrets.token_hex(4)}.log"

    async def start(self) -> None:
        env = surroundings(PYTHONPATH=str(ROOT), **self.settings)
        self.log.write_bytes(b"")
        begin = self.begin
        if begin is None and not self.launcher and not self.is_fresh:
            begin = partial(nursery().fork, ["run", *self.arguments])
        if begin is not None:
            self.process = await begin(cwd=self.folder, env=env, log=self.log)
            return
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(*self.launcher, sys.executable, "-m", "bot", "run", *self.arguments),
                cwd=self.folder,  # away from any .env
                env=env,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )

    @property
    def said(self) -> str:
        """What it has printed since it was started last."""
        return self.log.read_text()

    async def wait(self, within_s: float = 20) -> tuple[int, str]:
        """Its exit code and all it printed."""
        assert self.process is not None
        try:
            async with asyncio.timeout(within_s):
                code = await self.process.wait()
        except TimeoutError:
            raise AssertionError(f"it does not end within {within_s} s:\n{self.said}") from None
        self.printed.append(self.said)
        assert canaries.caught(self.said) == [], self.said
        print(self.said)  # noqa: T201  # pytest shows it beside a failure
        return code, self.said

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.wait()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def end(self) -> None:
        """Kill it, if it runs."""
        if self.is_running:
            await self.kill()

    async def stop(self) -> tuple[int, str]:
        """End it in order, if it runs."""
        if self.process is None:
            return 0, ""
        if self.process.returncode is None:
            self.process.terminate()
            return await self.wait()
        return self.process.returncode, "".join(self.printed)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def status(self, page: str) -> int:
        """How its web server answers for *page*; 0 if it does not."""
        url = f"http://127.0.0.1:{self.settings['BOT_HTTP__PORT']}{page}"
        patience = aiohttp.ClientTimeout(total=5)
        try:
            async with aiohttp.ClientSession(timeout=patience) as http, http.get(url) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def ready(self) -> Mapping[str, Any]:
        """What `/readyz` says."""
        url = f"http://127.0.0.1:{self.settings['BOT_HTTP__PORT']}/readyz"
        try:
            async with aiohttp.ClientSession() as http, http.get(url) as answer:
                found: Mapping[str, Any] = json.loads(await answer.text())
                return found
        except aiohttp.ClientError:
            return {"ready": False, "reasons": {"bot": "does not listen"}}

    async def wait_ready(self, within_s: float = 20) -> None:
        deadline = asyncio.get_running_loop().time() + within_s
        while not (found := await self.ready())["ready"]:
            assert asyncio.get_running_loop().time() < deadline, found["reasons"]
            await asyncio.sleep(0.05)


def settings_for(world: Playground, *, redis_url: str, tgi_url: str) -> dict[str, str]:
    """Of a bot in *world*, at a tenth of the usual pauses."""
    return {
        "BOT_DISCORD__TOKEN": world.token,
        "BOT_DISCORD__API_URL": world.address.api_url,
        "BOT_DISCORD__GATEWAY_URL": world.address.gateway_url,
        "BOT_DISCORD__ASSET_CHANNEL": str(ASSETS_ID),
        "BOT_REDIS__URL": canaries.with_password(redis_url),
        "BOT_TGI__URLS": tgi_url,
        "BOT_GUILDS__MEMBERS_START": "true",
        "BOT_GUILDS__ASK_PLAYERS": "false",
        "BOT_GUILDS__AI_NOTICE": "false",
        "BOT_LIMITS__MEMBER_USES": "100000",
        "BOT_LIMITS__SERVER_USES": "100000",
        "BOT_LIMITS__UPLOADS": "100000",
        "BOT_HTTP__PORT": str(free_port()),
        "BOT_LOG_LEVEL": "DEBUG",
        "BOT_CHARACTERS": str(ROOT / "characters"),
        "BOT_DISCORD__STEADY_S": "0.05",
        "BOT_TURNS__MERGE_PAUSE_S": "0.1",
        "BOT_STREAM__EDIT_EVERY_S": "0.125",
        "BOT_STREAM__EDIT_AT_MOST_S": "0.25",
    }


@dataclass
class Running:
    """Everything there is."""

    world: Playground
    tgi: ScriptedTgi
    bot: BotProcess


@asynccontextmanager
async def running(
    redis_url: str, folder: Path, *, start: bool = True, **settings: str
) -> AsyncGenerator[Running, None]:
    """A bot that answers in the local Discord."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(playground())
        tgi = await stack.enter_async_context(ScriptedTgi(said=canaries.note_text).running())
        given = {**settings_for(world, redis_url=redis_url, tgi_url=tgi.url), **settings}
        bot = BotProcess(given, folder)
        stack.push_async_callback(bot.stop)
        if start:
            await bot.start()
            await bot.wait_ready()
        yield Running(world, tgi, bot)
