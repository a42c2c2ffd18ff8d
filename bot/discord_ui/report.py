"""`/report`, and Report behind ⋯ and More…: something that whoever hosts the bot should see."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.scene import TurnId, UserId
from bot.core.story_acts import turn_in
from bot.discord_ui.actions import Actions
from bot.discord_ui.retelling import Asked, actions_of, channel_of
from bot.discord_ui.wording import say
from bot.services.reports import Reason, named

REPORTED = phrase(
    "It is reported to whoever hosts me: which message it is and who reports it, not what it says."
)


class ReportCog(commands.Cog):
    """For everybody, kept out or not."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command()
    @app_commands.describe(message="The link of the message", reason="Why")
    @app_commands.choices(
        reason=[app_commands.Choice(name=each, value=each) for each in Reason if each != "not said"]
    )
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def report(
        self,
        interaction: discord.Interaction,
        message: app_commands.Range[str, 1, 200],
        reason: str = Reason.UNSAID,
    ) -> None:
        """Report a message of a story to whoever hosts me."""
        await interaction.response.defer(ephemeral=True)
        place, key = named(self._actions.place(interaction), message)
        by = UserId(interaction.user.id)
        await self._actions.reports.report(place, key, by, Reason(reason))
        await say(interaction, REPORTED)


async def report_turn(interaction: Asked, turn: TurnId) -> str:
    """Report a turn of the story here; returns what to tell."""
    actions = actions_of(interaction)
    found = turn_in(await actions.rewriting.live(channel_of(interaction)), turn)
    if not found.messages:
        raise UserError(phrase("No message shows it."))
    place, by = actions.place(interaction), UserId(interaction.user.id)
    await actions.reports.report(place, found.messages[0], by)
    return REPORTED
