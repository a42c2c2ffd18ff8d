"""What all forms have in common. They outlive a restart: their ids say what they are about."""

import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import discord

from bot.core.phrases import phrase
from bot.discord_ui.error_replies import is_over
from bot.discord_ui.wording import open_form, say

LONGEST_TEXT = 4_000
"""Of a field, in UTF-16 units; a longer text has no place in a form."""
OPEN_WITHIN_S = 2.0
"""A form is the first answer to a click, which Discord wants within three seconds."""
_TEXT_INPUT = 4
_STRING_SELECT = 3

Interaction = discord.Interaction[Any]
Filled = Mapping[str, str]
"""What stands in the fields by their ids; of a list, what was chosen with spaces between."""


async def send_form(interaction: Interaction, form: discord.ui.Modal) -> None:
    """Answer *interaction* with *form*."""
    await open_form(interaction, form)
    form.stop()  # discord.py would keep it until it comes back, which it may never do


def custom_id_of(interaction: Interaction) -> str:
    """The id of the form that was sent off; empty if none was."""
    if interaction.type is not discord.InteractionType.modal_submit:
        return ""
    data: Mapping[str, Any] = interaction.data or {}
    return str(data.get("custom_id", ""))


def filled_in(interaction: Interaction) -> Filled:
    """What was filled into a form, whatever its fields are wrapped in."""
    data: Mapping[str, Any] = interaction.data or {}
    return dict(_fields(data.get("components", ())))


async def taken_in(interaction: Interaction) -> bool:
    """Acknowledge a form; False if nobody can be answered any more."""
    try:
        await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.HTTPException as error:
        if not is_over(error):
            raise
        return False
    return True


async def give_back(interaction: Interaction, fields: Filled) -> None:
    """What somebody has typed is not lost with the form."""
    text = "\n\n".join(f"{name}:\n{value}" for name, value in fields.items() if value)
    file = discord.File(io.BytesIO(text.encode("utf-8", "replace")), "your-text.txt")
    try:
        await say(interaction, phrase("Here is what you wrote:"), file=file)
    except discord.HTTPException as error:
        if not is_over(error):
            raise


def _fields(components: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for each in components:
        if each.get("type") == _TEXT_INPUT:
            yield str(each.get("custom_id")), str(each.get("value") or "")
        elif each.get("type") == _STRING_SELECT:
            yield str(each.get("custom_id")), " ".join(map(str, each.get("values") or ()))
        inner = each.get("component")
        yield from _fields((*each.get("components", ()), *([inner] if inner else [])))
