"""Who is kept out of a server's stories reaches nothing of them, whatever they use for it."""

import asyncio
from contextlib import suppress
from typing import Any

import discord

from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.scene import GuildId, UserId
from bot.discord_ui.actions import Actions

LOOK_WITHIN_S = 1.5
"""A command wants its first answer within three seconds."""


async def let_in(interaction: discord.Interaction[Any]) -> None:
    """Raise UserError unless whoever asked is answered here."""
    if why := await why_not(interaction):
        raise UserError(why)


async def why_not(interaction: discord.Interaction[Any]) -> str:
    """Why whoever asked is not answered here, or not so soon; empty if they are.

    It counts: asked once for each interaction.
    """
    return too_soon(interaction) or await kept_out(interaction)


def too_soon(interaction: discord.Interaction[Any]) -> str:
    """Why it comes too soon after others; empty if it does not, and then it counts."""
    actions: Actions = interaction.client.actions
    guild = None if interaction.guild_id is None else GuildId(interaction.guild_id)
    return actions.limits.why_no_use(UserId(interaction.user.id), guild)


async def kept_out(interaction: discord.Interaction[Any]) -> str:
    """Why whoever asked is not answered here; empty if they are, or if that cannot be known.

    What they then do to a story asks once more, with more patience.
    """
    with suppress(StoreUnavailable, StoreRefusesWrites, TimeoutError):
        async with asyncio.timeout(LOOK_WITHIN_S):
            barred: str = (await interaction.client.actions.member(interaction)).barred
            return barred
    return ""
