"""The bot's own words in the language of whoever reads them."""

from typing import Any

import discord

from bot.core.phrases import Words, translated


def worded(interaction: discord.Interaction[Any], text: str) -> str:
    """*text* in the language of the member behind *interaction*."""
    words: Words = interaction.client.words_in(str(interaction.locale))
    return translated(text, words)


async def say(interaction: discord.Interaction[Any], text: str, **options: Any) -> None:
    """Answer an acknowledged *interaction* in its member's language, seen by them alone.

    Args:
        options: as `discord.Webhook.send` takes them.
    """
    await interaction.followup.send(worded(interaction, text), ephemeral=True, **options)
