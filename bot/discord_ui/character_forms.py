"""The forms in which a character is made up and changed. They outlive a restart: ids say it all.

A card has more than the five fields that Discord puts into a form, so there are
two pages; the second is opened by a button under what the first one has made.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Self

import discord

from bot.core.cards.card import Card
from bot.core.cards.card_data import LONGEST_NAME
from bot.core.characters import Rating
from bot.core.errors import StoreUnavailable
from bot.core.phrases import Paragraphs, phrase
from bot.core.plain_text import utf16_units
from bot.core.roster import MEMBERS, Entry, Visibility
from bot.core.scene import CharacterKey, MessageId
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.character_preview import portrait_of, shown_preview
from bot.discord_ui.convert import viewer_of
from bot.discord_ui.error_replies import may_open, tell, telling
from bot.discord_ui.forms import (
    LONGEST_TEXT,
    OPEN_WITHIN_S,
    Interaction,
    custom_id_of,
    filled_in,
    give_back,
    send_form,
    taken_in,
)
from bot.discord_ui.gate import let_in
from bot.discord_ui.pressing import LastingButton
from bot.discord_ui.wording import say
from bot.services.card_desk import Preview

PAGES: tuple[Mapping[str, tuple[str, str]], ...] = (
    {
        "name": (phrase("Name"), ""),
        "description": (
            phrase("Who it is"),
            phrase("Looks, nature, past: all that the model shall know"),
        ),
        "personality": (phrase("In a few words"), phrase("calm, dry, curious")),
        "scenario": (phrase("Where it begins and what is going on"), ""),
        "first_mes": (phrase("How it greets"), phrase("{{{{user}}}} stands for whoever plays")),
    },
    {
        "mes_example": (
            phrase("How it talks"),
            phrase("{{{{user}}}}: Hello.\n{{{{char}}}}: *nods* You again."),
        ),
        "creator_notes": (
            phrase("A word on it, for lists"),
            phrase("The model does not read this"),
        ),
        "tags": (phrase("Tags, with commas between"), ""),
        "system_prompt": (
            phrase("Instruction in place of the usual one"),
            phrase("{{{{original}}}} is the usual one"),
        ),
        "post_history_instructions": (phrase("What the model is reminded of before it writes"), ""),
    },
)
_ONE_LINE = ("name", "personality", "tags")
_NEW = re.compile(r"character:new:(?P<where>me|server):(?P<rating>everyone|adult)")
_EDIT = re.compile(r"character:edit:(?P<number>\d{1,20}):(?P<version>\d{1,9})")


class CharacterForm(discord.ui.Modal):
    """One page. Sent off, it goes to `submitted`."""

    def __init__(self, custom_id: str, title: str, page: int, card: Card | None = None) -> None:
        super().__init__(title=title, custom_id=custom_id, timeout=None)
        for name, (label, example) in PAGES[page].items():
            text = _text_of(card, name)
            if utf16_units(text) > LONGEST_TEXT:
                continue
            is_line = name in _ONE_LINE and "\n" not in text
            field: discord.ui.TextInput[Any] = discord.ui.TextInput(
                custom_id=name,
                style=discord.TextStyle.short if is_line else discord.TextStyle.paragraph,
                placeholder=example or None,
                default=text or None,
                required=name == "name",
                max_length=LONGEST_NAME if name == "name" else LONGEST_TEXT,
            )
            self.add_item(discord.ui.Label(text=label, component=field))


class PageButton(LastingButton, template=r"character:page:(?P<number>\d{1,20}):(?P<page>[01])"):
    """Opens a page of a character's form."""

    def __init__(self, number: int, page: int) -> None:
        custom_id = f"character:page:{number}:{page}"
        label = phrase("More about it") if page else phrase("Back to the first page")
        super().__init__(discord.ui.Button(label=label, emoji="✏️", custom_id=custom_id))
        self.key, self.page = CharacterKey(f"{MEMBERS}{number}"), page

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(int(match["number"]), int(match["page"]))

    async def callback(self, interaction: Interaction) -> None:
        if not await may_open(interaction):
            return
        async with telling(interaction):
            await open_page(interaction, self.key, self.page)


async def open_new(interaction: Interaction, where: Visibility, rating: Rating) -> None:
    """Answer *interaction* with the form for a new character."""
    await send_form(
        interaction, CharacterForm(f"character:new:{where}:{rating}", phrase("A new character"), 0)
    )


async def open_page(interaction: Interaction, wanted: str, page: int) -> None:
    """Answer *interaction* with a page of the form for a character of whoever asks.

    Raises:
        UserError: it is not theirs.
    """
    actions: Actions = interaction.client.actions
    viewer = viewer_of(interaction)
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            key = (await actions.roster.pick(viewer, wanted)).key
            stored = await actions.desk.own(viewer, key)
            card = await actions.roster.card(stored)
    except TimeoutError:
        raise StoreUnavailable("no answer in time for a form") from None
    custom_id = f"character:edit:{key.removeprefix(MEMBERS)}:{stored.entry.version}"
    await send_form(
        interaction, CharacterForm(custom_id, phrase("Edit {name}", name=card.name), page, card)
    )


async def submitted(interaction: Interaction) -> None:
    """A form was sent off; one that is not ours is left alone."""
    custom_id = custom_id_of(interaction)
    new, edit = _NEW.fullmatch(custom_id), _EDIT.fullmatch(custom_id)
    if not (new or edit) or not await taken_in(interaction):
        return
    known, said = {name for page in PAGES for name in page}, filled_in(interaction)
    fields = {name: text for name, text in said.items() if name in known}
    try:
        await let_in(interaction)
        preview = await (
            _created(interaction, fields, new)
            if new is not None
            else _changed(interaction, fields, custom_id)
        )
        await say(
            interaction,
            _told(preview, is_new=new is not None),
            embed=shown_preview(preview),
            files=portrait_of(preview.card.picture),
            view=_further(preview.entry, fields),
        )
    except Exception as error:  # noqa: BLE001  # the boundary of a form, as Tree.on_error is of a command
        await tell(interaction, error)
        await give_back(interaction, fields)


async def _created(
    interaction: Interaction, fields: Mapping[str, str], form: re.Match[str]
) -> Preview:
    actions: Actions = interaction.client.actions
    return await actions.desk.create(
        viewer_of(interaction),
        MessageId(interaction.id),
        fields,
        Visibility(form["where"]),
        Rating(form["rating"]),
    )


async def _changed(interaction: Interaction, fields: Mapping[str, str], custom_id: str) -> Preview:
    actions: Actions = interaction.client.actions
    number, _, version = custom_id.removeprefix("character:edit:").partition(":")
    return await actions.desk.change(
        viewer_of(interaction),
        CharacterKey(f"{MEMBERS}{number}"),
        fields,
        version=int(version),
    )


def _told(preview: Preview, *, is_new: bool) -> str:
    name = discord.utils.escape_markdown(preview.entry.name)
    lines = [
        phrase(
            "**{name}** is changed. Scenes that play with it know from the next reply on.",
            name=name,
        )
    ]
    if is_new:
        lines = [
            phrase(
                "**{name}** is yours now. `/roleplay start character:{name}` plays it.", name=name
            )
        ]
    lines += [
        phrase(
            "`{name}` is too long for a form: export the card, change it, and import it again.",
            name=name,
        )
        for page in PAGES
        for name in page
        if utf16_units(_text_of(preview.card, name)) > LONGEST_TEXT
    ]
    return Paragraphs(lines)


def _further(entry: Entry, fields: Mapping[str, str]) -> discord.ui.View:

    page = 1 if "name" in fields else 0
    return view_of(PageButton(int(entry.key.removeprefix(MEMBERS)), page))


def _text_of(card: Card | None, name: str) -> str:
    if card is None:
        return ""
    return ", ".join(card.tags) if name == "tags" else str(getattr(card, name))
