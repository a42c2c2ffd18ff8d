"""`/talk`: a character speaks without a new line of anybody."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.phrases import phrase
from bot.core.rights import Action
from bot.core.scene import NO_CHARACTER, MessageId, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.cast import cast_choices
from bot.discord_ui.wording import say


class TalkCog(commands.Cog):
    """Asking for a reply without writing."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command()
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.rename(speaker="as")
    @app_commands.describe(speaker="Who speaks, if several characters play; else whose turn it is")
    async def talk(
        self,
        interaction: discord.Interaction,
        speaker: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Have a character speak without writing a line yourself."""
        await interaction.response.defer(ephemeral=True)
        actions, channel = self._actions, self._actions.place(interaction).channel
        await actions.allow(interaction, Action.TALK, None)
        head = await actions.scenes.live_head(channel)
        key = NO_CHARACTER if speaker is None else actions.company.who(head, speaker)
        begun = await actions.pipeline.talk(
            channel, UserId(interaction.user.id), MessageId(interaction.id), key
        )
        told = (
            phrase("A reply is on its way.")
            if begun
            else phrase("A reply is being written already.")
        )
        await say(interaction, told)

    @talk.autocomplete("speaker")
    async def _speakers(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await cast_choices(self._actions, interaction, current)
