"""The bot in the test's own process: what it has heard and what it is at can be looked up."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.app import open_app
from bot.core.scene import ChannelId
from bot.discord_ui.client import RoleplayBot
from bot.playground.site import Site
from bot.services.turns import TurnPipeline
from bot.serving import Stops, serve
from bot.settings import Settings
from tests.playground.driver import eventually

_POLL_S = 0.002
_QUIET_WITHIN_S = 20.0
_EVENTS = ("discord.py: ", "discord-ui-", "CommandTree-invoker")
_CALM_LOOKS = 3
"""In a row: what a task has just begun shows at the next look."""


@dataclass
class InnerBot:
    """A connected bot."""

    bot: RoleplayBot
    pipeline: TurnPipeline
    site: Site

    async def quiet(self) -> None:
        """Wait until it has heard everything, and has nothing more to do."""
        calm = 0
        try:
            async with asyncio.timeout(_QUIET_WITHIN_S):
                while calm < _CALM_LOOKS:
                    calm = 0 if self.is_busy else calm + 1
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise AssertionError(f"busy for {_QUIET_WITHIN_S} s: {self._at_work()}") from None

    @property
    def is_busy(self) -> bool:
        """Whether an event is under way to it, or being worked on."""
        return bool(self._at_work())

    def _at_work(self) -> list[str]:
        told = [
            session.seq for session in self.site.gateway._sessions.values() if session.is_online
        ]
        heard = [shard._parent.ws.sequence for shard in self.bot.shards.values()]
        unheard = [] if told == heard else [f"of {told} events {heard} are heard"]
        writing = [
            f"writes in {key}"
            for key in self.site.world.channels
            if self.pipeline.is_writing(ChannelId(key))
        ]
        return [*unheard, *writing, *_events()]


@asynccontextmanager
async def inner_bot(settings: Mapping[str, str], site: Site) -> AsyncGenerator[InnerBot, None]:
    """Run the bot for the length of the block; it ends as on SIGTERM."""
    chosen = _settings(settings)
    stops = Stops()
    token = chosen.discord.token
    assert token is not None
    async with open_app(chosen, stops) as (bot, pipeline, place), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(bot, pipeline, place, stops, token=token.get_secret_value(), turns=chosen.turns)
        )
        try:
            await eventually(lambda: bot.is_ready() or serving.done(), 20)
            await eventually(lambda: not _events(), 20)
            yield InnerBot(bot, pipeline, site)
        finally:
            stops.asked.set()


def _settings(given: Mapping[str, str]) -> Settings:
    """The settings that these variables make, whatever the environment holds."""
    groups: dict[str, Any] = {}
    for name, value in given.items():
        group, _, field = name.removeprefix("BOT_").lower().partition("__")
        if field:
            groups.setdefault(group, {})[field] = value
        else:
            groups[group] = value
    return Settings(_env_file=None, **groups)


def _events() -> list[str]:
    """Events, commands and buttons that are being worked on, as discord.py calls their tasks."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(_EVENTS)]
