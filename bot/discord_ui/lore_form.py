"""The form in which an entry of a lorebook is changed."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import discord

from bot.core.cards.decorators import written
from bot.core.errors import StoreUnavailable, UserError
from bot.core.lore_entries import EntryChange, keys_text, line_of, read_keys
from bot.core.lorebook import LoreEntry
from bot.core.phrases import phrase
from bot.core.plain_text import utf16_units
from bot.discord_ui.actions import Actions
from bot.discord_ui.error_replies import tell
from bot.discord_ui.forms import (
    LONGEST_TEXT,
    OPEN_WITHIN_S,
    Filled,
    Interaction,
    custom_id_of,
    filled_in,
    give_back,
    send_form,
    taken_in,
)
from bot.discord_ui.gate import let_in
from bot.discord_ui.wording import say
from bot.services.lorebooks import EntryRef, Where

Allow = Callable[[Interaction, Where], Awaitable[object]]
"""Raises UserError unless whoever asks may change lore there."""
_FORM = re.compile(r"lore:edit:(?P<ref>.{1,90})", re.DOTALL)
TEXT, KEYS, ALSO, NAME, WAYS = "text", "keys", "also", "name", "ways"
ALWAYS, OFF = "always", "off"
TOO_LONG = phrase(
    "This entry has more than {most:,} characters, which have no place in a form. "
    "Change what else there is of it with the options of /lore edit, or import its book anew.",
    most=LONGEST_TEXT,
)


class LoreForm(discord.ui.Modal):
    """Holds what an entry says and what brings it up. Sent off, it goes to `submitted`."""

    def __init__(self, ref: EntryRef, entry: LoreEntry) -> None:
        title = phrase("Lore: {entry}", entry=line_of(entry, ref.index))
        super().__init__(title=title, custom_id=f"lore:edit:{ref}", timeout=None)
        self._add(phrase("What the reply is told"), TEXT, text_of(entry), is_required=True)
        self._add(
            phrase("Keys: the words that bring it up"),
            KEYS,
            keys_text(entry.keys),
            note=phrase("With commas between, or one a line; /…/ is a regular expression"),
        )
        self._add(
            phrase("Of these, one has to be there, too"),
            ALSO,
            keys_text(entry.secondary_keys),
            note=phrase("Leave it empty where the keys are enough"),
        )
        self._add(phrase("What you call it"), NAME, entry.name, is_line=True, most=80)
        self.add_item(_ways_of(entry))

    def _add(
        self,
        label: str,
        name: str,
        text: str,
        *,
        note: str | None = None,
        is_line: bool = False,
        is_required: bool = False,
        most: int = LONGEST_TEXT,
    ) -> None:
        style = discord.TextStyle.short if is_line else discord.TextStyle.paragraph
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id=name,
            style=style,
            default=text or None,
            required=is_required,
            max_length=most,
        )
        self.add_item(discord.ui.Label(text=label, description=note, component=field))


async def open_form(interaction: Interaction, finding: Awaitable[EntryRef]) -> None:
    """Answer *interaction* with the form for the entry that *finding* comes to.

    Raises:
        UserError: it is gone, or too long for a form, or not for whoever asks.
    """
    actions: Actions = interaction.client.actions
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            ref = await finding
            entry = await actions.lorebooks.look(actions.place(interaction), ref)
    except TimeoutError:
        raise StoreUnavailable("no answer in time for a form") from None
    keys = keys_text(entry.keys), keys_text(entry.secondary_keys)
    if any(utf16_units(text) > LONGEST_TEXT for text in (text_of(entry), *keys)):
        raise UserError(TOO_LONG)
    await send_form(interaction, LoreForm(ref, entry))


def ref_of(interaction: Interaction) -> EntryRef | None:
    """Which entry a form that was sent off is about; None if it is none of these."""
    form = _FORM.fullmatch(custom_id_of(interaction))
    return None if form is None else EntryRef.read(form["ref"])


async def submitted(interaction: Interaction, ref: EntryRef, *, allow: Allow) -> None:
    """Change an entry as the form says, if *allow* lets whoever sent it off."""
    if not await taken_in(interaction):
        return
    actions: Actions = interaction.client.actions
    fields, place = filled_in(interaction), actions.place(interaction)
    try:
        await let_in(interaction)
        await allow(interaction, ref.where)
        entry = await actions.lorebooks.look(place, ref)
        change = change_of(entry, fields)
        if change != EntryChange():
            await actions.lorebooks.edit(place, ref, change)
        await say(interaction, phrase("The entry is changed."))
    except Exception as error:  # noqa: BLE001  # the boundary of a form, as Tree.on_error is of a command
        await tell(interaction, error)
        await give_back(interaction, fields)


def text_of(entry: LoreEntry) -> str:
    """The text of *entry* as it is written, with its decorators."""
    return written(entry.decorators, entry.content)


def change_of(entry: LoreEntry, fields: Filled) -> EntryChange:
    """What is to be different of *entry*; what stands as it stood stays as it was."""
    said = {name: fields.get(name, "") for name in (TEXT, KEYS, ALSO, NAME)}
    ways = fields.get(WAYS, "").split()
    keys, also = read_keys(said[KEYS]), read_keys(said[ALSO])
    return EntryChange(
        text=None if said[TEXT].strip() == text_of(entry).strip() else said[TEXT],
        keys=None if said[KEYS].strip() == keys_text(entry.keys) else keys,
        secondary=None if said[ALSO].strip() == keys_text(entry.secondary_keys) else also,
        name=None if said[NAME].strip() == entry.name else said[NAME],
        always=None if (ALWAYS in ways) == entry.constant else ALWAYS in ways,
        enabled=None if (OFF not in ways) == entry.enabled else OFF not in ways,
    )


def _ways_of(entry: LoreEntry) -> discord.ui.Label[Any]:
    select: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=WAYS,
        placeholder=phrase("Told when its keys come up"),
        min_values=0,
        max_values=2,
        required=False,
        options=[
            discord.SelectOption(
                label=phrase("Told with every reply, whatever is said"),
                value=ALWAYS,
                default=entry.constant,
            ),
            discord.SelectOption(
                label=phrase("Switched off: kept, and not told"),
                value=OFF,
                default=not entry.enabled,
            ),
        ],
    )
    return discord.ui.Label(text=phrase("When it is told"), component=select)
