"""`/help`: what can be done here, for whoever asks."""

from collections.abc import Iterator
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.help import TOPICS, find_topic, overview, page
from bot.core.phrases import Words, phrase, translated
from bot.core.scene import SceneHead
from bot.discord_ui.actions import Actions
from bot.discord_ui.convert import member_of
from bot.discord_ui.wording import say
from bot.services.guild_desk import Standing

UNKNOWN = Standing(can_administer=False, can_start=True, barred="")


class HelpCog(commands.Cog):
    """Answers are ephemeral."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command(name="help")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.describe(topic="What about; without one you see what there is")
    async def show(
        self,
        interaction: discord.Interaction[Any],
        topic: app_commands.Range[str, 1, 50] | None = None,
    ) -> None:
        """See what I can do, and what you may do with me here."""
        await interaction.response.defer(ephemeral=True)
        words: Words = interaction.client.words_in(interaction.locale.value)
        try:
            member = await self._actions.member(interaction)
        except (StoreUnavailable, StoreRefusesWrites):  # help does not fail for want of it
            member = member_of(interaction, UNKNOWN)
        if topic is None:
            told = overview(member)
        else:
            found = find_topic(topic)
            if found is None:
                raise UserError(phrase("I know no such topic. /help alone lists all."))
            described = dict(_described(interaction.client.tree, words))
            told = page(found, described, member, await self._scene(interaction))
        await say(interaction, translated(told, words))

    @show.autocomplete("topic")
    async def _topics(
        self, interaction: discord.Interaction[Any], current: str
    ) -> list[app_commands.Choice[str]]:
        words: Words = interaction.client.words_in(interaction.locale.value)
        typed = current.strip().lower()
        return [
            app_commands.Choice(name=f"{topic.name}: {title}", value=topic.name)
            for topic in TOPICS
            if typed in f"{topic.name}: {(title := translated(topic.title, words))}".lower()
        ]

    async def _scene(self, interaction: discord.Interaction[Any]) -> SceneHead | None:
        try:
            place = self._actions.place(interaction)
            return await self._actions.scenes.head(place.channel)
        except (UserError, StoreUnavailable, StoreRefusesWrites):
            return None


def _described(tree: app_commands.CommandTree[Any], words: Words) -> Iterator[tuple[str, str]]:
    for command in tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command.qualified_name, words.get(command.description, command.description)
    for menu in tree.walk_commands(type=discord.AppCommandType.message):
        yield menu.name, ""
