"""`/narrate`, `/time`, `/roll`, `/note`, `/scenario`, `/ooc`: told about the story, or to it."""

import re
from typing import Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.directions import (
    DEEPEST_NOTE,
    INSTRUCTION_CHARACTERS,
    NARRATED_CHARACTERS,
    NOTE_CHARACTERS,
    REASON_CHARACTERS,
    SCENARIO_CHARACTERS,
    TIME_CHARACTERS,
)
from bot.core.phrases import counted, phrase
from bot.core.rights import Action
from bot.core.scene import NOTE_DEPTH, ChannelId, SceneHead
from bot.discord_ui.actions import Actions
from bot.discord_ui.asking import asked_of
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.wording import say, say_in_place

FORMULA_CHARACTERS = 100
SCOPES = [
    app_commands.Choice(name="every reply", value="always"),
    app_commands.Choice(name="the next reply", value="next"),
]
_everywhere = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
_in_servers = app_commands.allowed_installs(guilds=True, users=False)


class ClearButton(PressedButton, template=r"clear:(?P<what>note|instruction)"):
    """Takes back what stands beside the story."""

    def __init__(self, what: str) -> None:
        super().__init__(discord.ui.Button(label=phrase("Clear"), custom_id=f"clear:{what}"))
        self.what = what

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["what"])

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        channel = actions.place(interaction).channel
        if self.what == "note":
            await actions.allow(interaction, Action.SET_NOTE, await actions.director.head(channel))
            await actions.director.forget_note(channel)
            told = phrase("There is no author's note any more.")
        else:
            await actions.allow(interaction, Action.INSTRUCT, None)
            await actions.director.forget_instruction(channel)
            told = phrase("Nothing is asked of the next reply any more.")
        await say_in_place(interaction, told, view=None)


class DirectingCog(commands.Cog):
    """What members tell beside their lines. Every answer is seen by nobody else."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command()
    @app_commands.describe(text="What happens, as a narrator tells it")
    @_everywhere
    @_in_servers
    async def narrate(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, NARRATED_CHARACTERS],
    ) -> None:
        """Tell what happens: everybody sees it, and the character knows it."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.NARRATE, None)
        asked = asked_of(interaction, self._actions.place(interaction))
        await self._actions.director.narrate(asked, text)
        await say(interaction, phrase("It is told."))

    @app_commands.command()
    @app_commands.describe(text="When the story goes on, like: three days later")
    @_everywhere
    @_in_servers
    async def time(
        self, interaction: discord.Interaction, text: app_commands.Range[str, 1, TIME_CHARACTERS]
    ) -> None:
        """Let time pass: everybody sees it, and the character knows it."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.NARRATE, None)
        asked = asked_of(interaction, self._actions.place(interaction))
        await self._actions.director.let_time_pass(asked, text)
        await say(interaction, phrase("Time has passed."))

    @app_commands.command()
    @app_commands.describe(
        dice="Like 1d20+3, 4d6 or 2d20kh1", reason="What it is for, like: Stealth"
    )
    @_everywhere
    @_in_servers
    async def roll(
        self,
        interaction: discord.Interaction,
        dice: app_commands.Range[str, 1, FORMULA_CHARACTERS],
        reason: app_commands.Range[str, 1, REASON_CHARACTERS] | None = None,
    ) -> None:
        """Roll dice: everybody sees the result, and the character knows it."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.NARRATE, None)
        asked = asked_of(interaction, self._actions.place(interaction))
        await self._actions.director.roll(asked, dice, reason or "")
        await say(interaction, phrase("The dice are cast."))

    @app_commands.command()
    @app_commands.describe(
        text="What the model is to keep in mind; without it, the note is shown",
        scope="For how long: every reply (usual), or only the next one",
        depth=f"So many lines before the end it stands ({NOTE_DEPTH} unless you say otherwise)",
    )
    @app_commands.rename(scope="for")
    @app_commands.choices(scope=SCOPES)
    @_everywhere
    @_in_servers
    async def note(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, NOTE_CHARACTERS] | None = None,
        scope: str = "always",
        depth: app_commands.Range[int, 0, DEEPEST_NOTE] = NOTE_DEPTH,
    ) -> None:
        """Show or set the author's note, which the model reads and nobody says."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        head = await self._actions.director.head(channel)
        await self._actions.allow(interaction, Action.SET_NOTE, head)
        if text is not None:
            once = scope == "next"
            head = await self._actions.director.note(channel, text, once=once, depth=depth)
        await _show(interaction, _note(head), "note" if head.note else "")

    @app_commands.command()
    @app_commands.describe(text="What is going on; without it, the scenario is shown")
    @_everywhere
    @_in_servers
    async def scenario(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, SCENARIO_CHARACTERS] | None = None,
    ) -> None:
        """Show or set what is going on in this scene."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        head = await self._actions.director.head(channel)
        if text is not None:
            await self._actions.allow(interaction, Action.SET_SCENARIO, head)
            await self._actions.director.set_scenario(channel, text)
        scenario = await self._actions.director.scenario(channel)
        told = (
            phrase("**Scenario:** {scenario}", scenario=scenario)
            if scenario
            else phrase("This scene has no scenario.")
        )
        await _show(interaction, told)

    @app_commands.command()
    @app_commands.describe(text="What you ask of the next reply, like: keep it short, no fighting")
    @_everywhere
    @_in_servers
    async def ooc(
        self,
        interaction: discord.Interaction,
        text: app_commands.Range[str, 1, INSTRUCTION_CHARACTERS] | None = None,
    ) -> None:
        """Ask something of the next reply, beside the story; without a text, show what is asked."""
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.INSTRUCT, None)
        channel: ChannelId = self._actions.place(interaction).channel
        director = self._actions.director
        head = await (director.instruct(channel, text) if text else director.head(channel))
        if head.instruction:
            await _show(
                interaction,
                phrase("**For the next reply:** {instruction}", instruction=head.instruction),
                "instruction",
            )
        else:
            await _show(interaction, phrase("Nothing is asked of the next reply."))


async def _show(interaction: discord.Interaction, told: str, clears: str = "") -> None:
    """Answer with *told*; what can be taken back has a button for that."""
    if not clears:
        await say(interaction, told)
        return
    view = discord.ui.View(timeout=None)
    view.add_item(ClearButton(clears))
    await say(interaction, told, view=view)


def _note(head: SceneHead) -> str:
    if not head.note:
        return phrase("There is no author's note. `/note text:` sets one.")
    scope = phrase("for the next reply") if head.note_once else phrase("for every reply")
    depth = head.note_depth
    lines = counted(depth, phrase("1 line"), phrase("{count} lines", count=depth))
    return phrase(
        "**Author's note** ({scope}, {lines} before the end): {note}",
        scope=scope,
        lines=lines,
        note=head.note,
    )
