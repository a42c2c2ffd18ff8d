"""The form in which a reply is edited. It outlives a restart: its id says what it edits."""

import asyncio
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import discord

from bot.core.errors import StoreUnavailable
from bot.core.phrases import phrase
from bot.core.scene import Turn, TurnId
from bot.core.story_acts import EDIT_UNITS, text_stamp
from bot.discord_ui.error_replies import is_over, tell
from bot.discord_ui.gate import let_in
from bot.discord_ui.retelling import Asked, actions_of, channel_of, turn_under
from bot.discord_ui.wording import open_form as answer_with
from bot.discord_ui.wording import say, say_in_place

OPEN_WITHIN_S = 2.0
"""A form is the first answer to a click, which Discord wants within three seconds."""
_FORM = re.compile(r"edit:(?P<turn>[0-9r]{1,60}):(?P<stamp>[0-9a-f]{8})")
_TEXT = "text"
_TEXT_INPUT = 4


class EditForm(discord.ui.Modal, title=phrase("Edit reply")):
    """Holds the whole reply, however many messages show it. Sent off, it goes to `submitted`."""

    def __init__(self, turn: Turn) -> None:
        custom_id = f"edit:{turn.id}:{text_stamp(turn.text)}"
        super().__init__(custom_id=custom_id, timeout=None)
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id=_TEXT,
            default=turn.text,
            max_length=EDIT_UNITS,
        )
        self.add_item(discord.ui.Label(text=phrase("The whole reply"), component=field))


async def open_form(interaction: Asked, of: TurnId | discord.Message) -> None:
    """Answer *interaction* with the form for a turn, or for the one that a message shows.

    Raises:
        UserError: it cannot be edited, or not by whoever asks.
    """
    try:
        async with asyncio.timeout(OPEN_WITHIN_S):
            turn = of if isinstance(of, str) else (await turn_under(interaction, of)).id
            found = await actions_of(interaction).rewriting.opened(
                channel_of(interaction), await actions_of(interaction).member(interaction), turn
            )
    except TimeoutError:
        raise StoreUnavailable("no answer in time for a form") from None
    form = EditForm(found)
    await answer_with(interaction, form)
    form.stop()  # discord.py would keep it until it comes back, which it may never do


async def submitted(interaction: Asked) -> None:
    """A form was sent off; one that is not ours is left alone.

    discord.py would know only forms that this process has opened.
    """
    data: Mapping[str, Any] = interaction.data or {}
    form = _FORM.fullmatch(str(data.get("custom_id", "")))
    if interaction.type is not discord.InteractionType.modal_submit or form is None:
        return
    text = next(_texts(data.get("components", ())), "")
    try:
        if interaction.message is None:
            await interaction.response.defer(ephemeral=True, thinking=True)
        else:
            await interaction.response.defer()
    except discord.HTTPException as error:
        if not is_over(error):
            raise
        return
    try:
        await let_in(interaction)
        await actions_of(interaction).rewriting.edit(
            channel_of(interaction),
            await actions_of(interaction).member(interaction),
            TurnId(form["turn"]),
            text,
            stamp=form["stamp"],
            by=interaction.user.display_name,
        )
        await say_in_place(interaction, phrase("The reply is changed."), view=None)
    except Exception as error:  # noqa: BLE001  # the boundary of a form, as Tree.on_error is of a command
        await tell(interaction, error)
        await _give_back(interaction, text)


async def _give_back(interaction: Asked, text: str) -> None:
    """What somebody has typed is not lost with the form."""
    file = discord.File(io.BytesIO(text.encode("utf-8", "replace")), "your-text.txt")
    try:
        await say(interaction, phrase("Here is what you wrote:"), file=file)
    except discord.HTTPException as error:
        if not is_over(error):
            raise


def _texts(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What stands in the form's field, whatever it is wrapped in."""
    for each in components:
        if each.get("type") == _TEXT_INPUT and each.get("custom_id") == _TEXT:
            yield str(each.get("value", ""))
        inner = each.get("component")
        yield from _texts((*each.get("components", ()), *([inner] if inner else [])))
