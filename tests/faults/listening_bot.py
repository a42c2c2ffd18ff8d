"""A bot that only listens, with what it needs to miss nothing; and a process' life for it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import discord
from redis.asyncio import Redis

from bot.adapters.prometheus import PrometheusMetrics
from bot.adapters.redis_store import GatewaySessions, RedisStartGuard, fingerprint
from bot.adapters.redis_store.keys import session_key
from bot.core.errors import RoleplayError
from bot.discord_ui.client import run_until_closed
from bot.discord_ui.continuity import Continuity, ContinuousBot
from bot.services.backlog import Backlog
from tests.playground.client import INTENTS, pointed_at
from tests.playground.driver import Playground, eventually

BOT = fingerprint("the token of the bot that listens")


async def nothing(*_: object) -> None:
    """What most tests do in a hook."""


class ListeningBot(ContinuousBot):
    """Writes down what it is told.

    Attributes:
        heard: texts of messages, `text*` of edits, `-id` of deletions, and in
            parentheses what became of the connection, the hooks among it.
        gap_failures: raised by the next calls of `on_gap`.
        on_line: awaited with each text before it counts as handled.
    """

    def __init__(self, redis: Redis, owner: str = "one", **options: Any) -> None:
        self.backlog = Backlog()
        guard = options.pop("guard", None) or RedisStartGuard(redis, bot=BOT, first_s=0.01)
        super().__init__(
            Continuity(
                sessions=GatewaySessions(redis, bot=BOT, owner=owner),
                guard=guard,
                told=PrometheusMetrics().discord,
                on_gap=self._gap,
                backlog=self.backlog,
                steady_s=options.pop("steady_s", 0.05),
            ),
            on_first_ready=self._first_ready,
            command_prefix="!",
            help_command=None,
            intents=INTENTS,
            max_messages=None,
            **{"guild_ready_timeout": 0.05, **options},
        )
        self.heard: list[str] = []
        self.gap_failures: list[RoleplayError] = []
        self.on_line: Callable[[str], Awaitable[None]] = nothing

    @property
    def lines(self) -> list[str]:
        """What was heard of messages."""
        return [entry for entry in self.heard if not entry.startswith("(")]

    async def _first_ready(self) -> None:
        self.heard.append("(first ready)")

    async def _gap(self, _bot: ContinuousBot, shard: int) -> None:
        self.heard.append(f"(gap {shard})")
        if self.gap_failures:
            raise self.gap_failures.pop()

    async def on_message(self, message: discord.Message, /) -> None:
        await self.on_line(message.content)
        self.heard.append(message.content)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        self.heard.append(f"{event.message.content}*")

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        self.heard.append(f"-{event.message_id}")

    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        self.heard.append(f"-thread {event.thread_id}")

    async def on_missed_channel_delete(self, channel_id: int, _guild_id: int) -> None:
        self.heard.append(f"-channel {channel_id}")

    async def on_shard_resumed(self, _shard: int) -> None:
        self.heard.append("(resumed)")


@asynccontextmanager
async def running(world: Playground, bot: ListeningBot) -> AsyncGenerator[asyncio.Task[None], None]:
    """Run *bot* for the length of the block, and leave as a process that is told to end."""
    with pointed_at(world):
        task = asyncio.create_task(run_until_closed(bot, world.token))
        try:
            yield task
        finally:
            await bot.close()
            task.cancel()
            await asyncio.wait([task])


@asynccontextmanager
async def listening(world: Playground, bot: ListeningBot) -> AsyncGenerator[ListeningBot, None]:
    """Run *bot*, from when it listens."""
    async with running(world, bot):
        await eventually(lambda: "(first ready)" in bot.heard, 15)
        yield bot


async def seq_saved(redis: Redis) -> int:
    """Up to which event a successor would take everything as dealt with."""
    return int(await redis.hget(session_key(BOT, 0, 1), "seq") or 0)
