"""Who is kept out of a server's stories reaches nothing of them, whatever they use for it."""

import asyncio
from contextlib import suppress
from typing import Any

import discord

from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError

LOOK_WITHIN_S = 1.5
"""A command wants its first answer within three seconds."""


async def let_in(interaction: discord.Interaction[Any]) -> None:
    """Raise UserError unless whoever asked is answered here."""
    if why := await why_not(interaction):
        raise UserError(why)


async def why_not(interaction: discord.Interaction[Any]) -> str:
    """Why whoever asked is not answered here; empty if they are, or if that cannot be known.

    What they then do to a story asks once more, with more patience.
    """
    with suppress(StoreUnavailable, StoreRefusesWrites, TimeoutError):
        async with asyncio.timeout(LOOK_WITHIN_S):
            barred: str = (await interaction.client.actions.member(interaction)).barred
            return barred
    return ""
