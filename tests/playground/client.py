"""Stock discord.py clients, pointed at a local Discord."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.playground.driver import Playground

INTENTS = discord.Intents(
    guilds=True,
    guild_messages=True,
    guild_reactions=True,
    dm_messages=True,
    message_content=True,
    webhooks=True,
)


@contextmanager
def pointed_at(world: Playground) -> Iterator[None]:
    """Have discord.py talk to *world* for the length of the block."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = world.address.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(world.address.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


def new_bot(intents: discord.Intents = INTENTS) -> commands.AutoShardedBot:
    """Make a bot that says nothing."""
    # The client waits this long for more guilds; there is one, and it comes at once.
    return commands.AutoShardedBot(
        commands.when_mentioned, intents=intents, help_command=None, guild_ready_timeout=0.05
    )


@asynccontextmanager
async def online(
    world: Playground, bot: commands.AutoShardedBot
) -> AsyncIterator[commands.AutoShardedBot]:
    """Run *bot* in *world*, its commands registered, for the length of the block."""
    with pointed_at(world):
        async with bot:
            await bot.login(world.token)
            if bot.tree.get_commands():
                await bot.tree.sync()
            runner = asyncio.create_task(bot.connect())
            try:
                async with asyncio.timeout(15):
                    await bot.wait_until_ready()
                yield bot
            finally:
                await bot.close()
                runner.cancel()
                await asyncio.wait([runner])
