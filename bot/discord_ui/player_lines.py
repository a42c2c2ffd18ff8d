"""`/impersonate` and `/suggest`: drafts that only their member sees, with buttons to send them.

A draft lives in its own message, and what the buttons do in their ids: both work
after a restart.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.own_lines import DRAFT_UNITS, HINT_CHARACTERS, hint_of, sendable
from bot.core.phrases import ENGLISH, Paragraphs, Words, phrase, translated
from bot.core.rights import Action
from bot.core.scene import MessageId
from bot.discord_ui.actions import Actions
from bot.discord_ui.asking import asked_of
from bot.discord_ui.error_replies import acknowledge, may_open, telling
from bot.discord_ui.gate import let_in
from bot.discord_ui.pressing import LastingButton
from bot.discord_ui.staff import meet
from bot.discord_ui.wording import open_form, say, say_in_place, worded, words_for

FORGOTTEN_AFTER_S = 900.0
"""By discord.py, which only collects what was opened: the form works nevertheless."""
_HEADLINE = phrase("-# A draft of your next turn: only you see it.")
_HINT = phrase("Hint:")
_FORM = re.compile(r"draft:edited:\d{1,20}")
_TEXT = "text"
_TEXT_INPUT = 4
_CHOICES = phrase("What do you do? A button says it for you.")


@dataclass(frozen=True, slots=True)
class DraftMessage:
    """What the message of a draft holds."""

    text: str
    hint: str = ""

    @property
    def content(self) -> str:
        """As it stands in the message; `read` undoes it."""
        head = Paragraphs([_HEADLINE, _HINT, self.hint], " ") if self.hint else _HEADLINE
        return Paragraphs([head, self.text])

    @classmethod
    def read(cls, content: str, words: Words = ENGLISH) -> Self:
        """Read a message, which was written in the language of *words*."""
        headline, _, text = content.partition("\n")
        _, _, hint = headline.partition(f" {translated(_HINT, words)} ")
        return cls(text.strip(), hint.strip())


class _DraftButton(LastingButton, template=r"(?!)"):
    """A button under a draft."""

    says = ""
    acts = ""
    style = discord.ButtonStyle.secondary

    def __init__(self) -> None:
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=self.says, custom_id=self.acts, style=self.style
        )
        super().__init__(button)

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:  # noqa: ARG003  # it says no more
        return cls()


class SendButton(_DraftButton, template=r"draft:send"):
    """Sends the draft as the member's own line."""

    says, acts, style = phrase("Send"), "draft:send", discord.ButtonStyle.primary

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        async with telling(interaction):
            await _send(interaction, _draft(interaction).text)


class EditButton(_DraftButton, template=r"draft:edit"):
    """Opens the draft in a form."""

    says, acts = phrase("Edit"), "draft:edit"

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await may_open(interaction):
            return
        async with telling(interaction):
            draft = _draft(interaction)
            await open_form(interaction, DraftForm(_message(interaction), draft.text))


class AgainButton(_DraftButton, template=r"draft:again"):
    """Has another draft written in place of this one."""

    says, acts = phrase("Again"), "draft:again"

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        async with telling(interaction):
            await actions.allow(interaction, Action.DRAFT_LINE, None)
            asked = asked_of(interaction, actions.place(interaction))
            hint = _draft(interaction).hint
            text = await actions.player_lines.draft(asked, hint)
            # Somebody may have sent the one that stood there meanwhile.
            if not await actions.player_lines.is_sent(asked.place.channel, _message(interaction)):
                content = DraftMessage(text, hint).content
                await say_in_place(interaction, content)


class SuggestionButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"suggest:(?P<number>\d)"
):
    """Sends the suggested action that is written on it."""

    def __init__(self, number: int, action: str) -> None:
        super().__init__(discord.ui.Button(label=action, custom_id=f"suggest:{number}"))

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],  # noqa: ARG003  # discord.py's signature
        match: re.Match[str],
    ) -> Self:
        return cls(int(match["number"]), _label(interaction, match.string))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        async with telling(interaction):
            await _send(interaction, self.item.label or "")


class DraftForm(discord.ui.Modal, title=phrase("Your next turn")):
    """Holds a draft. Sent off, it goes to `PlayerLinesCog.on_interaction`."""

    def __init__(self, message: MessageId, text: str) -> None:
        super().__init__(custom_id=f"draft:edited:{message}", timeout=FORGOTTEN_AFTER_S)
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id=_TEXT,
            default=text,
            max_length=DRAFT_UNITS,
        )
        self.add_item(discord.ui.Label(text=phrase("What you say or do"), component=field))


class PlayerLinesCog(commands.Cog):
    """Lines that the model drafts for a player."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command()
    @app_commands.describe(hint="What your character is about to do or say")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def impersonate(
        self,
        interaction: discord.Interaction,
        hint: app_commands.Range[str, 1, HINT_CHARACTERS] | None = None,
    ) -> None:
        """Have your own next turn drafted: you see it first, and send it, edit it or try again."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.DRAFT_LINE, None)
        asked = asked_of(interaction, self._actions.place(interaction))
        text = await self._actions.player_lines.draft(asked, hint or "")
        view = discord.ui.View(timeout=None)
        for button in (SendButton(), EditButton(), AgainButton()):
            view.add_item(button)
        content = DraftMessage(text, hint_of(hint or "")).content
        await say(interaction, content, view=view)

    @app_commands.command()
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def suggest(self, interaction: discord.Interaction) -> None:
        """Get three ideas for what you could do next, as buttons that say them for you."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.DRAFT_LINE, None)
        asked = asked_of(interaction, self._actions.place(interaction))
        found = await self._actions.player_lines.suggest(asked)
        view = discord.ui.View(timeout=None)
        for number, action in enumerate(found):
            view.add_item(SuggestionButton(number, action))
        listed = "\n".join(f"{number}. {action}" for number, action in enumerate(found, start=1))
        await say(interaction, Paragraphs([_CHOICES, listed]), view=view)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A form was sent off: discord.py knows only those that this process has opened."""
        data: Mapping[str, Any] = interaction.data or {}
        is_form = interaction.type is discord.InteractionType.modal_submit
        if not is_form or _FORM.fullmatch(str(data.get("custom_id", ""))) is None:
            return
        async with telling(interaction):
            await let_in(interaction)
            text = sendable(next(_texts(data.get("components", ())), ""))
            hint = _draft(interaction).hint
            content = DraftMessage(text, hint).content
            await interaction.response.edit_message(content=worded(interaction, content))


DYNAMIC_ITEMS = (SendButton, EditButton, AgainButton, SuggestionButton)


async def _send(interaction: discord.Interaction[Any], text: str) -> None:
    actions: Actions = interaction.client.actions
    await actions.allow(interaction, Action.DRAFT_LINE, None)
    await meet(actions.personas.staff, interaction)
    asked = asked_of(interaction, actions.place(interaction))
    await actions.player_lines.send(asked, text, draft=_message(interaction))
    await say_in_place(interaction, phrase("Sent."), view=None)


def _message(interaction: discord.Interaction[Any]) -> MessageId:
    return MessageId(interaction.message.id if interaction.message is not None else 0)


def _content(interaction: discord.Interaction[Any]) -> str:
    return interaction.message.content if interaction.message is not None else ""


def _draft(interaction: discord.Interaction[Any]) -> DraftMessage:
    return DraftMessage.read(_content(interaction), words_for(interaction))


def _label(interaction: discord.Interaction[Any], custom_id: str) -> str:
    """What is written on the button that was pressed."""
    rows = interaction.message.components if interaction.message is not None else ()
    for row in rows:
        for cell in row.children if isinstance(row, discord.ActionRow) else ():
            if isinstance(cell, discord.Button) and cell.custom_id == custom_id:
                return cell.label or ""
    return ""


def _texts(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What stands in the form's field, whatever it is wrapped in."""
    for each in components:
        if each.get("type") == _TEXT_INPUT and each.get("custom_id") == _TEXT:
            yield str(each.get("value", ""))
        inner = each.get("component")
        yield from _texts((*each.get("components", ()), *([inner] if inner else [])))
