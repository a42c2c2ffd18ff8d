"""`/safety`: stops a story at once, and keeps things out of it. For everybody who plays along."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.boundaries import BOUNDARY_CHARACTERS, MOST_BOUNDARIES, Kind
from bot.core.phrases import Paragraphs, phrase
from bot.core.scene import SceneHead
from bot.discord_ui.actions import Actions
from bot.discord_ui.wording import say

TAKEN = phrase("It is stopped, and what was told last is taken back. Nobody is told who asked.")
ENDED = phrase("It is stopped. There was nothing to take back. Nobody is told who asked.")
NONE = phrase("No lines and veils here. `/safety line` and `/safety veil` draw some.")

Text = app_commands.Range[str, 1, BOUNDARY_CHARACTERS]


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class SafetyCog(
    commands.GroupCog, group_name="safety", group_description="Stop at once; lines and veils"
):
    """Answers are ephemeral."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command()
    async def x(self, interaction: discord.Interaction) -> None:
        """Stop at once and take the last turn back; nobody asks why, nor is told who it was."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        member = await self._actions.member(interaction)
        name = str(interaction.id)
        taken = await self._actions.safety.stop(channel, member, name=name)
        await say(interaction, TAKEN if taken else ENDED)

    @app_commands.command()
    @app_commands.describe(text="What must never be part of this story, in a few words")
    async def line(self, interaction: discord.Interaction, text: Text) -> None:
        """Keep something out of this story."""
        await self._bound(interaction, Kind.LINE, text)

    @app_commands.command()
    @app_commands.describe(text="What may happen unseen, in a few words")
    async def veil(self, interaction: discord.Interaction, text: Text) -> None:
        """Have something only hinted at in this story, never described."""
        await self._bound(interaction, Kind.VEIL, text)

    @app_commands.command(name="list")
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show this story's lines and veils."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        member = await self._actions.member(interaction)
        await say(interaction, _listed(await self._actions.safety.head(channel, member)))

    @app_commands.command()
    @app_commands.describe(number="As /safety list has it")
    async def remove(
        self, interaction: discord.Interaction, number: app_commands.Range[int, 1, MOST_BOUNDARIES]
    ) -> None:
        """Take a line or veil away."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        member = await self._actions.member(interaction)
        await say(interaction, _listed(await self._actions.safety.unbound(channel, member, number)))

    async def _bound(self, interaction: discord.Interaction, kind: Kind, text: str) -> None:
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        member = await self._actions.member(interaction)
        head = await self._actions.safety.bound(channel, member, kind, text)
        await say(interaction, _listed(head))


def _listed(head: SceneHead) -> str:
    if not head.boundaries:
        return NONE
    lines = []
    for number, each in enumerate(head.boundaries, start=1):
        kind, _, words = each.partition(" ")
        said = discord.utils.escape_markdown(words)
        if kind == Kind.LINE:
            lines.append(phrase("{number}. Never: {words}", number=number, words=said))
        else:
            lines.append(phrase("{number}. Only hinted at: {words}", number=number, words=said))
    return Paragraphs(lines)
