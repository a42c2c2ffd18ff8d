"""Puts together what keeps memory as the screen is."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import discord

from bot.adapters.redis_store import RedisSceneStore
from bot.core.ports import Voice
from bot.core.roster_ports import CharacterStore
from bot.core.scene import GuildId
from bot.discord_ui.client import Events
from bot.discord_ui.gaps import Gaps, places_of
from bot.discord_ui.screen import DiscordScreen
from bot.services.age_watch import AgeWatch
from bot.services.catch_up import CatchUp
from bot.services.debts import Debts
from bot.services.departures import Departures
from bot.services.doubts import Doubts
from bot.services.guild_desk import GuildDesk
from bot.services.intake import Reads
from bot.services.lorebooks import Lorebooks
from bot.services.mirror import Mirror
from bot.services.newcomers import ConsentStore, Newcomers
from bot.services.refusals import Refusals
from bot.services.scenes import Scenes
from bot.services.turns import TurnPipeline
from bot.services.verify import Verifier
from bot.services.welcome import Welcome, WelcomeStore


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The parts that others ask for."""

    verifier: Verifier
    events: Events
    debts: Debts
    refusals: Refusals
    newcomers: Newcomers
    seal_old: Callable[[], Coroutine[Any, Any, None]]

    async def look_up(self, guilds: Iterable[discord.Guild], shard: int) -> None:
        """Nobody tells what happened in those of *guilds* that *shard* hears of.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        places = places_of(shard, guilds)
        await self.events.catch_up.begin(places)
        self.events.gaps.session_is_ready(shard, places)

    async def begin(self, present: Callable[[], Awaitable[None]]) -> None:
        """Connected for the first time, and all that Discord had to tell is handled.

        Args:
            present: posts what an earlier process has left unposted. It is done
                before anybody is answered, and when it is known how far each
                scene was followed: posts of ours hide nothing that was missed.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        await self.events.departures.compare()
        # Some of it may have been told to a process that did not live to store it.
        await self.events.catch_up.prepare()
        await present()
        await self.events.catch_up.begin()
        await self.debts.recover()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None, None]:
        """Look at what is doubtful, and do away with what is due, while the block lasts."""
        async with asyncio.TaskGroup() as tasks:
            ours = [
                tasks.create_task(self.events.catch_up.run(), name="catching up"),
                tasks.create_task(self.events.departures.run(), name="forgetting"),
                tasks.create_task(self.debts.run(), name="clearing the screen"),
                tasks.create_task(self.refusals.run(), name="looking who refuses"),
                tasks.create_task(self.newcomers.run(), name="telling newcomers"),
                tasks.create_task(self.seal_old(), name="encrypting what was stored before"),
            ]
            try:
                yield
            finally:
                for task in ours:
                    task.cancel()


def upkeep_of(
    store: RedisSceneStore,
    pipeline: TurnPipeline,
    scenes: Scenes,
    doubts: Doubts,
    debts: Debts,
    *,
    kept: CharacterStore,
    screen: DiscordScreen,
    ages: AgeWatch,
    lorebooks: Lorebooks,
    guild_desk: GuildDesk,
    welcomes: WelcomeStore,
    voice: Voice,
    refusals: Refusals,
    consents: ConsentStore,
    newcomers: Newcomers,
    reads: Reads,
    now_ms: Callable[[], int],
    clock_s: Callable[[], float],
    seal_old: Callable[[], Coroutine[Any, Any, None]],
) -> Upkeep:
    """Everything that mirrors Discord, for one process.

    Args:
        doubts: of which the pipeline knows, too.
        seal_old: encrypts what was stored readable.
    """
    verifier = Verifier(store=store, screen=screen, memory=pipeline)
    catch_up = CatchUp(
        store=store,
        screen=screen,
        verifier=verifier,
        memory=pipeline,
        doubts=doubts,
        forget=scenes.forget,
        take_up=pipeline.take_up,
    )

    async def forget_guild(guild: GuildId) -> None:
        await kept.leave_guild(guild)
        await lorebooks.forget_guild(guild)
        await guild_desk.forget(guild)
        await welcomes.forget_welcome(guild)
        await consents.forget_guild(guild)
        await refusals.forget_guild(guild)
        await store.drop_guild_key(guild)

    departures = Departures(
        store=store,
        doubts=doubts,
        present=screen.guilds,
        forget=scenes.forget,
        forget_guild=forget_guild,
        ended=pipeline.ended,
        now_ms=now_ms,
    )
    mirror = Mirror(
        memory=pipeline,
        doubts=doubts,
        clock_s=clock_s,
        may_keep=refusals.is_heard,
        reads=reads,
    )
    events = Events(mirror, departures, catch_up, Gaps(doubts), ages, Welcome(welcomes, voice))
    return Upkeep(verifier, events, debts, refusals, newcomers, seal_old)
