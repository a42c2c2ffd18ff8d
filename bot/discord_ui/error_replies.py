"""Whatever goes wrong behind a command or a button is said to the member who used it."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord
from discord import app_commands

from bot.core.error_sentences import is_bug, sentence_for

log = logging.getLogger(__name__)


@asynccontextmanager
async def telling(interaction: discord.Interaction[Any]) -> AsyncGenerator[None, None]:
    """Run the block; what goes wrong in it is said to the member who asked."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # the boundary of a button press, as Tree.on_error is of a command
        await tell(interaction, error)


async def tell(interaction: discord.Interaction[Any], error: BaseException) -> None:
    """Answer *interaction*, acknowledged or not, with the sentence for *error*."""
    if isinstance(error, app_commands.CommandInvokeError):
        error = error.original
    if isinstance(error, app_commands.CheckFailure):
        sentence = "You cannot use this command here."
    else:
        sentence = sentence_for(error)
        if is_bug(error):
            log.error("an interaction failed", exc_info=error)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(sentence, ephemeral=True)
        else:
            await interaction.response.send_message(sentence, ephemeral=True)
    except discord.HTTPException as failure:
        log.info("the member could not be told", extra={"status": failure.status})
