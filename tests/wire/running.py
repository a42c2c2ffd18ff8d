"""The real bot as a process of its own, between a local Discord and a scripted model."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.world import ASSETS_ID
from bot.settings import known_names
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Playground, eventually, playground

ROOT = Path(__file__).resolve().parents[2]
PLAIN = ("DISCORD_TOKEN", "REDIS_URL", "TGI_URL")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(**settings: str) -> dict[str, str]:
    """The environment of a bot that is told only *settings*."""
    names = {*known_names(), *PLAIN}
    return {name: value for name, value in os.environ.items() if name not in names} | settings


@dataclass
class BotProcess:
    """`python -m bot run` with its settings; may be killed and started again.

    Attributes:
        launcher: stands before the command, and may change the process it starts.
    """

    settings: dict[str, str]
    folder: Path
    arguments: tuple[str, ...] = ()
    launcher: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None
    printed: list[str] = field(default_factory=list)

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(*self.launcher, sys.executable, "-m", "bot", "run", *self.arguments),
            cwd=self.folder,  # away from any .env
            env=surroundings(PYTHONPATH=str(ROOT), **self.settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def wait(self, within_s: float = 20) -> tuple[int, str]:
        """Its exit code and all it printed."""
        assert self.process is not None
        async with asyncio.timeout(within_s):
            output, _ = await self.process.communicate()
        assert self.process.returncode is not None
        self.printed.append(output.decode())
        print(output.decode())  # noqa: T201  # pytest shows it beside a failure
        return self.process.returncode, output.decode()

    async def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        await self.wait()

    async def stop(self) -> tuple[int, str]:
        """End it in order, if it runs."""
        if self.process is None:
            return 0, ""
        if self.process.returncode is None:
            self.process.terminate()
            return await self.wait()
        return self.process.returncode, "".join(self.printed)

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
        async def is_ready() -> bool:
            return bool((await self.ready())["ready"])

        await eventually(is_ready, within_s)


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
    """A bot that answers in the local Discord, at a tenth of the usual pauses."""
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(playground())
        tgi = await stack.enter_async_context(ScriptedTgi().running())
        given = {
            "BOT_DISCORD__TOKEN": world.token,
            "BOT_DISCORD__API_URL": world.address.api_url,
            "BOT_DISCORD__GATEWAY_URL": world.address.gateway_url,
            "BOT_DISCORD__ASSET_CHANNEL": str(ASSETS_ID),
            "BOT_REDIS__URL": redis_url,
            "BOT_TGI__URLS": tgi.url,
            "BOT_HTTP__PORT": str(free_port()),
            "BOT_CHARACTERS": str(ROOT / "characters"),
            "BOT_DISCORD__STEADY_S": "0.05",
            "BOT_TURNS__MERGE_PAUSE_S": "0.1",
            "BOT_STREAM__EDIT_EVERY_S": "0.125",
            "BOT_STREAM__EDIT_AT_MOST_S": "0.25",
            **settings,
        }
        bot = BotProcess(given, folder)
        stack.push_async_callback(bot.stop)
        if start:
            await bot.start()
            await bot.wait_ready()
        yield Running(world, tgi, bot)
