"""Examines what the bot stands on: its memory, its model servers and its clock."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from bot.core.doctor import Finding, MemoryFacts, State, judge_clock, judge_memory, judge_model
from bot.core.errors import (
    GenerationError,
    GenerationTimedOut,
    StoreRefusesWrites,
    StoreUnavailable,
)
from bot.core.generation import ModelLimits
from bot.core.guild_rules import ChannelRule, GuildRules
from bot.core.phrases import phrase
from bot.core.ports import GuildStore, SceneStore
from bot.core.profiles import ModelProfile
from bot.core.scene import ChannelId, GuildId

EXAMINED_WITHIN_S = 8.0
"""For each part; whoever asked waits for the slowest."""


Places = Callable[[GuildId], Awaitable[Collection[ChannelId]]]


class Book(SceneStore, GuildStore, Protocol):
    """Scenes, and the guilds in which they play."""


class Memory(Protocol):
    """The servers that stories lie on."""

    async def facts(self) -> Sequence[MemoryFacts]:
        """How they are. Raises StoreUnavailable or StoreRefusesWrites."""
        ...

    async def why_not_written(self) -> str:
        """Why they take nothing new; empty if they do. Raises StoreUnavailable."""
        ...


class Models(Protocol):
    """The model servers."""

    async def each_limits(self) -> Sequence[ModelLimits | GenerationError]:
        """What each accepts, in the settings' order, or why it cannot be used."""
        ...


class Doctor:
    """Borrows all it is given. Changes nothing.

    Args:
        ahead_s: how far the host's clock is ahead of Discord's, as far as that is known.
        places: the channels of a server that have scenes, or may have.
    """

    def __init__(
        self,
        *,
        memory: Memory,
        models: Models,
        profile: ModelProfile,
        ahead_s: Callable[[], float],
        places: Places,
    ) -> None:
        self.places = places
        self._memory = memory
        self._models = models
        self._profile = profile
        self._ahead_s = ahead_s

    async def examine(self) -> list[Finding]:
        """A finding or more of each part. Raises nothing for want of one."""
        async with asyncio.TaskGroup() as tasks:
            memory = tasks.create_task(self._of_memory())
            models = tasks.create_task(self._of_models())
        return [*memory.result(), *models.result(), judge_clock("bot", self._ahead_s())]

    async def _of_memory(self) -> list[Finding]:
        findings: list[Finding] = []
        try:
            async with asyncio.timeout(EXAMINED_WITHIN_S):
                if why := await self._memory.why_not_written():
                    do = phrase("Until that is put right, nothing new is remembered.")
                    findings.append(Finding("redis", State.BROKEN, why, do))
                servers = await self._memory.facts()
        except StoreRefusesWrites as error:
            what = phrase("Redis does not let me look: {error}", error=str(error))
            return [*findings, Finding("redis", State.ADVICE, what)]
        except (StoreUnavailable, TimeoutError):
            what = phrase("Redis does not answer.")
            do = phrase("Start it, or correct BOT_REDIS__URL.")
            return [Finding("redis", State.BROKEN, what, do)]
        return findings + [finding for facts in servers for finding in judge_memory(facts)]

    async def _of_models(self) -> list[Finding]:
        try:
            async with asyncio.timeout(EXAMINED_WITHIN_S):
                servers = await self._models.each_limits()
        except TimeoutError:
            servers = [GenerationTimedOut("no answer")]
        names = [phrase("The model server")] if len(servers) == 1 else []
        names = names or [
            phrase("Model server {number}", number=number) for number in range(1, len(servers) + 1)
        ]
        return [
            finding
            for name, limits in zip(names, servers, strict=True)
            for finding in judge_model(name, limits, self._profile)
        ]


async def places_that_matter(book: Book, rules: GuildRules, guild: GuildId) -> set[ChannelId]:
    """The channels of *guild* that have scenes, or may have; threads count as their channel.

    Raises:
        StoreUnavailable, StoreRefusesWrites.
    """
    settled = {
        channel for channel, rule in rules.channels.items() if rule is not ChannelRule.DENIED
    }
    surveys = await book.survey(await book.channels_in(guild))
    played = {survey.head.place.parent or survey.head.place.channel for survey in surveys}
    return settled | played
