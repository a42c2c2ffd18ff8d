"""The bot's words in other languages, from the files in `bot/locales`."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from bot.core.phrases import ENGLISH, Words

LANGUAGES = {
    "de": "de",
    "es-ES": "es",
    "es-419": "es",
    "fr": "fr",
    "pt-BR": "pt",
    "ja": "ja",
}
"""Discord's locales (https://docs.discord.com/developers/reference#locales) and our files."""


@cache
def words_in(locale: str) -> Words:
    """The catalogue for one of Discord's locales; empty, which is English, for all others."""
    language = LANGUAGES.get(locale)
    if language is None:
        return ENGLISH
    text = (files("bot.locales") / f"{language}.json").read_text(encoding="utf-8")
    words: Mapping[str, str] = json.loads(text)
    return words
