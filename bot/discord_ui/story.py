"""`/undo`, `/continue`, and the menu of a message: Edit reply, Continue, Rewind to here, More."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.phrases import phrase
from bot.discord_ui import retelling
from bot.discord_ui.buttons import view_of
from bot.discord_ui.edit_form import open_form, submitted
from bot.discord_ui.story_buttons import RedoButton, offer
from bot.discord_ui.wording import say
from bot.services.undone import Undone

MOST_UNDONE = 10
HINT_LIMIT = 500
GOES_ON = phrase("The reply goes on.")
UNDER_WAY = phrase("That reply is being continued already.")

OnMessage = Callable[[discord.Interaction[Any], discord.Message], Awaitable[None]]


class StoryCog(commands.Cog):
    """Changing what was said. Its answers are ephemeral."""

    def __init__(self, bot: commands.AutoShardedBot) -> None:
        self._bot = bot
        # discord.py takes no menus from a cog's body.
        self._menus = [
            _menu("Edit reply", self._edit),
            _menu("Continue", self._continue),
            _menu("Rewind to here", self._rewind),
            _menu("More…", self._more),
        ]

    async def cog_load(self) -> None:
        for menu in self._menus:
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command()
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(turns="How many replies, each with the lines it answers; usually one")
    async def undo(
        self,
        interaction: discord.Interaction,
        turns: app_commands.Range[int, 1, MOST_UNDONE] = 1,
    ) -> None:
        """Take the last reply back, with the line it answers; Redo brings both back."""
        await interaction.response.defer(ephemeral=True)
        await _tell(interaction, await retelling.take_back(interaction, turns))

    @app_commands.command(name="continue")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(hint="What shall happen in it; the character is told for this once")
    async def go_on(
        self,
        interaction: discord.Interaction,
        hint: app_commands.Range[str, 1, HINT_LIMIT] | None = None,
    ) -> None:
        """Have the newest reply written on, in its own message."""
        await interaction.response.defer(ephemeral=True)
        begun = await retelling.go_on(interaction, hint=hint or "")
        await say(interaction, GOES_ON if begun else UNDER_WAY)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take in a form, whichever process has opened it."""
        await submitted(interaction)

    async def _edit(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await open_form(interaction, message)

    async def _continue(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        turn = await retelling.turn_under(interaction, message)
        begun = await retelling.go_on(interaction, turn.id)
        await say(interaction, GOES_ON if begun else UNDER_WAY)

    async def _rewind(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        await _tell(interaction, await retelling.rewind(interaction, message))

    async def _more(self, interaction: discord.Interaction[Any], message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True)
        turn = await retelling.turn_under(interaction, message)
        await offer(interaction, turn.id)


async def _tell(interaction: discord.Interaction[Any], done: Undone) -> None:
    view = view_of(RedoButton(done.name)) if done.name else discord.utils.MISSING
    await say(interaction, retelling.undone_text(done), view=view)


def _menu(name: str, callback: OnMessage) -> app_commands.ContextMenu:
    return app_commands.ContextMenu(
        name=name,
        callback=callback,  # type: ignore[arg-type]  # a coroutine function, as all methods here
        allowed_contexts=app_commands.AppCommandContext(
            guild=True, dm_channel=True, private_channel=False
        ),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    )
