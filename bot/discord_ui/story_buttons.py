"""The buttons under the newest reply, what ⋯ offers, and Redo."""

import re
from abc import abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import discord

from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.rights import Action
from bot.core.scene import Role, Scene, Turn, TurnId
from bot.core.story_acts import TooOldForButtons, newest_reply, turn_in
from bot.discord_ui import retelling
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.edit_form import open_form
from bot.discord_ui.error_replies import acknowledge, may_open, telling
from bot.discord_ui.inspection import explained
from bot.discord_ui.pressing import Interaction, LastingButton, PressedButton
from bot.discord_ui.report import report_turn
from bot.discord_ui.retelling import Asked, actions_of, channel_of
from bot.discord_ui.wording import say, say_in_place
from bot.services.again import StoryWentOn
from bot.services.reply_buttons import (
    CONTINUE_PREFIX,
    MORE_PREFIX,
    NEW_PREFIX,
    NEXT_PREFIX,
    PREVIOUS_PREFIX,
)

TURN = r"(?P<turn>[0-9a-z]{1,60})"
ACT_PREFIX = "act:"
REDO_PREFIX = "redo:"
UNDER_WAY = phrase("That reply is being written already.")

Press = Callable[[Asked, TurnId], Awaitable[object]]


class _RowButton(LastingButton, template=r"(?!)"):
    """A button under a reply, whose id names the turn. It is posted elsewhere."""

    def __init__(self, turn: str, custom_id: str) -> None:
        super().__init__(discord.ui.Button(custom_id=custom_id))
        self.turn = TurnId(turn)

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["turn"], match.string)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        async with telling(interaction), _without_old_rows(interaction):
            if not await self.press(interaction):
                await say(interaction, UNDER_WAY)

    @abstractmethod
    async def press(self, interaction: Asked) -> bool:
        """Do what the button is for; False if that is being done already."""


class PreviousButton(_RowButton, template=rf"{PREVIOUS_PREFIX}{TURN}"):
    """Shows the swipe before."""

    async def press(self, interaction: Asked) -> bool:
        await retelling.show_previous(interaction, self.turn)
        return True


class NextButton(_RowButton, template=rf"{NEXT_PREFIX}{TURN}"):
    """Shows the next swipe; behind the last one it has another one written."""

    async def press(self, interaction: Asked) -> bool:
        return await retelling.show_next(interaction, self.turn)


class NewSwipeButton(_RowButton, template=rf"{NEW_PREFIX}{TURN}"):
    """Has another swipe written."""

    async def press(self, interaction: Asked) -> bool:
        return await retelling.write_swipe(interaction, self.turn)


class ContinueButton(_RowButton, template=rf"{CONTINUE_PREFIX}{TURN}"):
    """Has the reply written on, in its own message."""

    async def press(self, interaction: Asked) -> bool:
        return await retelling.go_on(interaction, self.turn)


class MoreButton(_RowButton, template=rf"{MORE_PREFIX}{TURN}(?:\.\d{{1,3}})?"):
    """Offers what else can be done; only to whoever presses."""

    async def press(self, interaction: Asked) -> bool:
        newest_reply(
            await actions_of(interaction).rewriting.live(channel_of(interaction)), self.turn
        )
        await offer(interaction, self.turn)
        return True


class RedoButton(PressedButton, template=rf"{REDO_PREFIX}(?P<name>\d{{1,20}})"):
    """Brings back what was taken back. It stands where only whoever took it back sees it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            discord.ui.Button(label=phrase("Redo"), emoji="↪️", custom_id=f"{REDO_PREFIX}{name}")
        )
        self.name = name

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["name"])

    async def pressed(self, interaction: Interaction, _actions: Actions) -> None:
        told = await retelling.bring_back(interaction, self.name)
        await say_in_place(interaction, told, view=None)


class ActSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=rf"{ACT_PREFIX}{TURN}"):
    """What can be done to one turn."""

    def __init__(self, turn: str, options: list[discord.SelectOption]) -> None:
        super().__init__(
            discord.ui.Select(
                custom_id=f"{ACT_PREFIX}{turn}", placeholder=phrase("What to do"), options=options
            )
        )
        self.turn = TurnId(turn)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        return cls(match["turn"], [discord.SelectOption(label=name) for name in ACTS])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        chosen = self.item.values[0]
        if chosen == EDIT:
            if not await may_open(interaction):
                return
            async with telling(interaction):
                await open_form(interaction, self.turn)
            return
        if not await acknowledge(interaction):
            return
        async with telling(interaction):
            told = await ACTS[chosen](interaction, self.turn)
            await say_in_place(interaction, told, view=None)


async def offer(interaction: Asked, turn: TurnId) -> None:
    """Show what can be done to *turn*. The interaction is acknowledged already."""
    scene = await actions_of(interaction).rewriting.live(channel_of(interaction))
    view = view_of(ActSelect(turn, options_for(scene, turn_in(scene, turn))))
    await say(interaction, view=view)


def options_for(scene: Scene, turn: Turn) -> list[discord.SelectOption]:
    """What can be done to *turn*, as it stands in *scene*."""
    is_reply = turn.role is Role.CHARACTER
    is_newest = scene.turns[-1] is turn and is_reply
    offered = (
        (SHORTER, is_newest, phrase("Write it once more, one step shorter")),
        (LONGER, is_newest, phrase("Write it once more, one step longer")),
        (EDIT, is_reply, phrase("Change its text yourself")),
        (BRANCH, True, phrase("Tell another story from here on, in a thread")),
        (PIN, not turn.pinned, phrase("The model reads it, however old it gets")),
        (UNPIN, turn.pinned, phrase("It may leave the prompt when it gets old")),
        (HIDE, not turn.hidden, phrase("It stays on the screen, and the model does not read it")),
        (SHOW, turn.hidden, phrase("The model reads it again")),
        (DELETE, True, phrase("Take it out of the story")),
        (WHY, is_reply, phrase("How it came about")),
        (REPORT, is_reply, phrase("Tell whoever hosts me which message it is")),
    )
    return [
        discord.SelectOption(label=name, description=words)
        for name, is_on, words in offered
        if is_on
    ]


async def _why(interaction: Asked, turn: TurnId) -> str:
    actions, channel = actions_of(interaction), channel_of(interaction)
    await actions.allow(interaction, Action.ASK_WHY, None)
    found = turn_in(await actions.rewriting.live(channel), turn)
    if not found.messages:
        raise UserError(phrase("No message shows it."))
    return explained(await actions.inspection.why(channel, found.messages[0], None))


SHORTER, LONGER = phrase("Shorter"), phrase("Longer")
EDIT, BRANCH = phrase("Edit"), phrase("Branch")
PIN, UNPIN, HIDE, SHOW = phrase("Pin"), phrase("Unpin"), phrase("Hide"), phrase("Unhide")
DELETE, WHY, REPORT = phrase("Delete"), phrase("Why?"), phrase("Report")
ACTS: dict[str, Callable[[Asked, TurnId], Awaitable[str]]] = {
    SHORTER: lambda asked, turn: retelling.write_of_length(asked, turn, -1),
    LONGER: lambda asked, turn: retelling.write_of_length(asked, turn, 1),
    BRANCH: retelling.branch,
    PIN: lambda asked, turn: retelling.pin(asked, turn, pinned=True),
    UNPIN: lambda asked, turn: retelling.pin(asked, turn, pinned=False),
    HIDE: lambda asked, turn: retelling.hide(asked, turn, hidden=True),
    SHOW: lambda asked, turn: retelling.hide(asked, turn, hidden=False),
    DELETE: retelling.delete,
    WHY: _why,
    REPORT: report_turn,
}


@asynccontextmanager
async def _without_old_rows(interaction: Asked) -> AsyncGenerator[None, None]:
    """A row that was left under an old reply goes once somebody has pressed in it."""
    try:
        yield
    except (TooOldForButtons, StoryWentOn):
        with suppress(discord.HTTPException):
            await say_in_place(interaction, view=None)
        raise TooOldForButtons from None


STORY_ITEMS = (
    PreviousButton,
    NextButton,
    NewSwipeButton,
    ContinueButton,
    MoreButton,
    RedoButton,
    ActSelect,
)
