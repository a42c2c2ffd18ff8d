"""Buttons and menus under messages. All live through restarts: their ids say what they do."""

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import discord

from bot.core.lengths import ChosenLength, Length, LengthStep
from bot.core.phrases import phrase
from bot.core.scene import TurnId
from bot.discord_ui.actions import Actions
from bot.discord_ui.error_replies import acknowledge, telling
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.wording import say, say_in_place
from bot.services.again import StoryWentOn
from bot.services.reply_buttons import RETRY_PREFIX

_TURN = r"(?P<turn>[0-9a-z]{1,40})"


class StopButton(
    PressedButton,
    template=r"stop:(?P<channel>\d+)(?::(?P<mark>[0-9r.]{1,40}))?",
):
    """Ends the reply that is being written, keeping what is there.

    The mark names the post that it stands under; an earlier version had none.
    """

    def __init__(self, channel: int, custom_id: str) -> None:
        super().__init__(discord.ui.Button(label="Stop", custom_id=custom_id))
        self.channel = channel

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(int(match["channel"]), match.string)

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        if not await actions.stop_reply(interaction):
            await say(interaction, phrase("That reply has ended already."))


class _TurnButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"(?!)"):
    """A button whose id names a turn. It is posted elsewhere; here it is only recognised."""

    def __init__(self, turn: str, custom_id: str) -> None:
        super().__init__(discord.ui.Button(custom_id=custom_id))
        self.turn = TurnId(turn)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        return cls(match["turn"], match.string)


class RetryButton(_TurnButton, template=rf"{RETRY_PREFIX}{_TURN}"):
    """Asks again for a reply that could not be written."""

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        async with telling(interaction):
            has_served = True
            try:
                # The reply, or a new notice, takes the place of this one.
                has_served = await actions.retry_reply(interaction, self.turn)
            except StoryWentOn as error:
                await say(interaction, error.sentence)
            if has_served:
                await _take_away(interaction)


class LengthSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"length:(?P<scope>scene|me|next)"
):
    """Chooses a reply length from a menu, each with what it gives on this model."""

    def __init__(
        self,
        scope: str,
        expected: Sequence[tuple[LengthStep, str]],
        chosen: ChosenLength | None = None,
    ) -> None:
        options = [
            discord.SelectOption(
                label=step.name,
                description=words or None,
                default=chosen is not None and chosen.step is step,
            )
            for step, words in expected
        ]
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=f"length:{scope}", placeholder=phrase("Choose a length"), options=options
        )
        super().__init__(select)
        self.scope = scope

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],  # noqa: ARG003  # discord.py's signature
        match: re.Match[str],
    ) -> Self:
        actions: Actions = interaction.client.actions
        # Without the words: to look them up may wait, and nobody sees this copy.
        return cls(match["scope"], [(step, "") for step in actions.scenes.lengths.choices])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        step = Length(self.item.values[0])
        async with telling(interaction):
            told = await actions.set_length(interaction, step, self.scope)
            await say_in_place(interaction, told, view=None)


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """What is sent with a message so that *items*, which live by their ids, stand below it."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()  # else discord.py has a task wait for a quarter of an hour to forget it
    return view


async def _take_away(interaction: discord.Interaction[Any]) -> None:
    """Remove the message that was pressed under."""
    try:
        await interaction.delete_original_response()
    except discord.HTTPException:
        if interaction.message is not None:  # without the interaction's token it is the bot's own
            with suppress(discord.HTTPException):
                await interaction.message.delete()


DYNAMIC_ITEMS = (StopButton, RetryButton, LengthSelect)
