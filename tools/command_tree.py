"""The bot's commands as Discord is told of them, without a bot that runs."""

import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot import discord_ui
from bot.adapters.profile_files import load_profile

Command = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group


def command_tree() -> Sequence[Command]:
    """Every command, group and menu there is, in the order of their names."""
    return asyncio.run(_collected())


async def _collected() -> Sequence[Command]:
    bot = commands.Bot(command_prefix="!", intents=discord.Intents.none(), help_command=None)
    # What a cog asks for while it is made; all else is asked when a command is used.
    actions = SimpleNamespace(scenes=SimpleNamespace(lengths=load_profile("zephrp").lengths))
    for kind in _cogs():
        wanted = inspect.signature(kind.__init__).parameters
        given = {"bot": bot, "actions": actions}
        await bot.add_cog(kind(**{name: given[name] for name in wanted if name in given}))
    return sorted(bot.tree.get_commands(), key=lambda each: each.name.casefold())


def _cogs() -> list[type[commands.Cog]]:
    found = set()
    for module in pkgutil.iter_modules(discord_ui.__path__, "bot.discord_ui."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(kind, commands.Cog) and kind.__module__ == module.name:
                found.add(kind)
    # Parts of a larger group are no cogs of their own.
    whole = {kind for kind in found if not any(kind in other.__bases__ for other in found)}
    return sorted(whole, key=lambda kind: kind.__name__)
