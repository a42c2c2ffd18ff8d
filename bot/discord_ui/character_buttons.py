"""Buttons under what is told of a character. All live through restarts."""

import re
from typing import Any, Self

import discord
from discord.utils import escape_markdown

from bot.core.phrases import phrase
from bot.core.roster import MEMBERS
from bot.core.scene import CharacterKey
from bot.discord_ui.actions import Actions
from bot.discord_ui.character_forms import PageButton
from bot.discord_ui.convert import viewer_of
from bot.discord_ui.pressing import PressedButton
from bot.discord_ui.wording import say_in_place

Interaction = discord.Interaction[Any]
LABELS = {
    "save": phrase("Save"),
    "cancel": phrase("Cancel"),
    "delete": phrase("Delete"),
    "keep": phrase("Keep"),
}


class _Choice(PressedButton, template=r"(?!)"):
    """Does something with a character, or does not.

    Attributes:
        does: the word for doing it.
    """

    does: str
    style: discord.ButtonStyle

    def __init__(self, what: str, number: int) -> None:
        style = self.style if what == self.does else discord.ButtonStyle.secondary
        custom_id = f"character:{what}:{number}"
        super().__init__(discord.ui.Button(label=LABELS[what], style=style, custom_id=custom_id))
        self.what = what
        self.key = CharacterKey(f"{MEMBERS}{number}")

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["what"], int(match["number"]))


class ImportButton(_Choice, template=r"character:(?P<what>save|cancel):(?P<number>\d{1,20})"):
    """Keeps a character that was read from a file, or does not."""

    does = "save"
    style = discord.ButtonStyle.success

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        viewer = viewer_of(interaction)
        if self.what == self.does:
            entry = await actions.desk.save(viewer, self.key)
            name = escape_markdown(entry.name)
            told = phrase(
                "**{name}** is yours now. `/roleplay start character:{name}` plays it.", name=name
            )
            await say_in_place(interaction, told, view=None)
            return
        await actions.desk.cancel(viewer, self.key)
        await say_in_place(
            interaction, phrase("Nothing was kept."), view=None, embeds=[], attachments=[]
        )


class DeleteButton(_Choice, template=r"character:(?P<what>delete|keep):(?P<number>\d{1,20})"):
    """Deletes a character, or does not."""

    does = "delete"
    style = discord.ButtonStyle.danger

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        told = phrase("Nothing was deleted.")
        if self.what == self.does:
            viewer = viewer_of(interaction)
            choice = await actions.roster.pick(viewer, self.key)
            member = await actions.member(interaction)
            told = await actions.desk.delete(viewer, choice, is_admin=member.can_administer)
        await say_in_place(interaction, told, view=None)


CHARACTER_ITEMS = (ImportButton, DeleteButton, PageButton)
