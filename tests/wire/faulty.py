"""The running bot in a local Discord that has faults."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Playground, playground
from tests.ports import free_port
from tests.wire.running import ROOT, BotProcess


@dataclass
class Faulty:
    world: Playground
    faults: DiscordFaults
    tgi: ScriptedTgi
    bot: BotProcess

    def times(self, start: str) -> int:
        """How often a call that begins like this has come."""
        return sum(call.startswith(start) for call in self.faults.asked)

    async def metrics(self) -> str:
        url = f"http://127.0.0.1:{self.bot.settings['BOT_HTTP__PORT']}/metrics"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            return await answer.text()


@asynccontextmanager
async def faulty(redis_url: str, folder: Path, **settings: str) -> AsyncGenerator[Faulty, None]:
    """A bot that answers in the local Discord; its log must hold no traceback at the end."""
    faults = DiscordFaults(seed=1)
    async with (
        playground(faults=[faults.strike]) as world,
        ScriptedTgi().running() as tgi,
    ):
        bot = BotProcess(
            {
                "BOT_DISCORD__TOKEN": world.token,
                "BOT_DISCORD__API_URL": world.address.api_url,
                "BOT_DISCORD__GATEWAY_URL": world.address.gateway_url,
                "BOT_REDIS__URL": redis_url,
                "BOT_TGI__URLS": tgi.url,
                "BOT_HTTP__PORT": str(free_port()),
                "BOT_CHARACTERS": str(ROOT / "characters"),
                "BOT_GUILDS__MEMBERS_START": "true",
                "BOT_GUILDS__ASK_PLAYERS": "false",
                "BOT_GUILDS__AI_NOTICE": "false",
                "BOT_LIMITS__MEMBER_USES": "100000",
                "BOT_LIMITS__SERVER_USES": "100000",
                "BOT_LIMITS__UPLOADS": "100000",
                "BOT_TURNS__MERGE_PAUSE_S": "0.1",
                **settings,
            },
            folder,
        )
        await bot.start()
        try:
            await bot.wait_ready()
            yield Faulty(world, faults, tgi, bot)
        finally:
            _, printed = await bot.stop()
        assert "Traceback" not in printed
