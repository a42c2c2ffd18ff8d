"""`/scene guard|reply|banter|verify`: what is set for a whole scene, and set right in it."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.cast import MOST_BANTER
from bot.core.scene import GuardLevel, ReplyMode
from bot.discord_ui import cast
from bot.discord_ui.actions import Actions
from bot.discord_ui.wording import say

LEVELS = [app_commands.Choice(name=level, value=level) for level in GuardLevel]
MODES = [
    app_commands.Choice(name=f"{mode}: {told}", value=mode) for mode, told in cast.CHOICES.items()
]


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class SceneCog(
    commands.GroupCog, group_name="scene", group_description="How this channel's scene is played"
):
    """How this channel's scene is played."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command()
    @app_commands.describe(
        level="normal ends a reply at a player's line, strict also where it tells what one does"
    )
    @app_commands.choices(level=LEVELS)
    async def guard(self, interaction: discord.Interaction, level: str) -> None:
        """Choose how closely the replies are watched for the players' parts."""
        await interaction.response.defer(ephemeral=True)
        told = await self._actions.set_guard(interaction, GuardLevel(level))
        await say(interaction, told)

    @app_commands.command()
    @app_commands.describe(mode="Which lines are answered")
    @app_commands.choices(mode=MODES)
    async def reply(self, interaction: discord.Interaction, mode: str) -> None:
        """Choose which lines the characters answer."""
        await interaction.response.defer(ephemeral=True)
        told = await cast.set_reply_mode(self._actions, interaction, ReplyMode(mode))
        await say(interaction, told)

    @app_commands.command()
    @app_commands.rename(most="max")
    @app_commands.describe(most="Replies in a row that characters give each other; 0 for none")
    async def banter(
        self, interaction: discord.Interaction, most: app_commands.Range[int, 0, MOST_BANTER]
    ) -> None:
        """Choose how long characters go on answering each other by themselves."""
        await interaction.response.defer(ephemeral=True)
        told = await cast.set_banter(self._actions, interaction, most)
        await say(interaction, told)

    @app_commands.command()
    async def verify(self, interaction: discord.Interaction) -> None:
        """Compare what I remember with the last messages here, and set it right."""
        await interaction.response.defer(ephemeral=True)
        told = await self._actions.verify(interaction)
        await say(interaction, told)
