"""Descriptions of commands and names of choices in the languages that we speak.

Names of commands stay as they are: documentation, and what members tell each
other, would not fit otherwise.
"""

from collections.abc import Callable

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as At

from bot.core.phrases import Words

WordsIn = Callable[[str], Words]
"""The catalogue of one of Discord's locales; empty for English."""

_TRANSLATED = {
    At.command_description,
    At.group_description,
    At.parameter_description,
    At.choice_name,
}


class CommandWords(app_commands.Translator):
    """Looks our descriptions up."""

    def __init__(self, words_in: WordsIn) -> None:
        self._words_in = words_in

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """What Discord shows to members of *locale*; None for English."""
        if context.location not in _TRANSLATED:
            return None
        return self._words_in(locale.value).get(string.message)
