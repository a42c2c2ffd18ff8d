"""The bot's own words in the language of whoever reads them.

What discord.py is handed may hold phrases in any place; they are translated, and
cut to what Discord takes, right before it is sent.
"""

from typing import Any

import discord

from bot.core.phrases import Words, translated

ANSWER_CHARACTERS = 2_000
BUTTON_CHARACTERS = 80
OPTION_CHARACTERS = 100
PLACEHOLDER_CHARACTERS = 150
FORM_CHARACTERS = 45
"""Of its title, and of the label of a field."""
EXAMPLE_CHARACTERS = 100
"""Of what stands in an empty field."""

Interaction = discord.Interaction[Any]


def words_for(interaction: Interaction) -> Words:
    """The catalogue of the member behind *interaction*."""
    words: Words = interaction.client.words_in(str(interaction.locale))
    return words


def worded(interaction: Interaction, text: str) -> str:
    """*text* in the language of the member behind *interaction*."""
    return translated(text, words_for(interaction))


async def say(interaction: Interaction, text: str = "", **options: Any) -> None:
    """Answer *interaction* in its member's language, seen by them alone.

    Args:
        options: as `discord.Webhook.send` takes them.
    """
    sent = _worded(interaction, text, options)
    if interaction.response.is_done():
        await interaction.followup.send(ephemeral=True, **sent)
    else:
        await interaction.response.send_message(ephemeral=True, **sent)


async def say_in_place(interaction: Interaction, text: str = "", **options: Any) -> None:
    """Say it in place of the message that was answered, or pressed under.

    Args:
        options: as `discord.Interaction.edit_original_response` takes them.
    """
    await interaction.edit_original_response(**_worded(interaction, text, options))


async def open_form(interaction: Interaction, form: discord.ui.Modal) -> None:
    """Answer with *form*."""
    words = words_for(interaction)
    form.title = _fitting(form.title, words, FORM_CHARACTERS)
    for item in form.walk_children():
        _translate(item, words)
    await interaction.response.send_modal(form)


def _worded(interaction: Interaction, text: str, options: dict[str, Any]) -> dict[str, Any]:
    words = words_for(interaction)
    view, embed = options.get("view"), options.get("embed")
    if isinstance(view, discord.ui.View):
        for item in view.walk_children():
            _translate(item, words)
    if isinstance(embed, discord.Embed):
        options["embed"] = _translated(embed, words)
    if "embeds" in options:
        options["embeds"] = [_translated(each, words) for each in options["embeds"]]
    if text:
        options["content"] = _fitting(text, words, ANSWER_CHARACTERS)
    return options


def _translate(item: discord.ui.Item[Any], words: Words) -> None:
    if isinstance(item, discord.ui.DynamicItem):
        item = item.item
    if isinstance(item, discord.ui.Button) and item.label:
        item.label = _fitting(item.label, words, BUTTON_CHARACTERS)
    elif isinstance(item, discord.ui.Select):
        if item.placeholder:
            item.placeholder = _fitting(item.placeholder, words, PLACEHOLDER_CHARACTERS)
        for option in item.options:
            option.label = _fitting(option.label, words, OPTION_CHARACTERS)
            if option.description:
                option.description = _fitting(option.description, words, OPTION_CHARACTERS)
    elif isinstance(item, discord.ui.Label):
        item.text = _fitting(item.text, words, FORM_CHARACTERS)
        if item.description:
            item.description = _fitting(item.description, words, OPTION_CHARACTERS)
    elif isinstance(item, discord.ui.TextInput) and item.placeholder:
        item.placeholder = _fitting(item.placeholder, words, EXAMPLE_CHARACTERS)


def _translated(embed: discord.Embed, words: Words) -> discord.Embed:
    fields = embed.fields  # a copy of an embed has the very list that it copies
    found = embed.copy()
    found.title = embed.title and translated(embed.title, words)
    found.description = embed.description and translated(embed.description, words)
    fields = embed.fields  # before they are cleared: a copy shares them with its original
    found.clear_fields()
    for field in fields:
        name, value = translated(field.name or "", words), translated(field.value or "", words)
        found.add_field(name=name, value=value, inline=field.inline)
    return found


def _fitting(text: str, words: Words, most: int) -> str:
    said = translated(text, words)
    return said if len(said) <= most else said[: most - 1] + "…"
