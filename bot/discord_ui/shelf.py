"""`/roleplay restart|branch|save|load|delete-save|scenes`: stories as a whole."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.phrases import Paragraphs, phrase
from bot.core.plain_text import shortened
from bot.core.store_answers import Saved
from bot.discord_ui import shelf_actions
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.shelf_buttons import (
    BEGUN_ANEW,
    LOADED,
    ShelfSelect,
    picked_from,
    told_of,
)
from bot.discord_ui.wording import say
from bot.services.roster import CHOICES_SHOWN
from bot.services.scene_list import ListedScene
from bot.services.shelf import NAME_CHARACTERS, clean_name

SCENES_SHOWN = 12
"""With their lines and links they fit into one message."""
LOOKED_UP = 10
"""Channels that Discord is asked for, as archived threads are not known without."""
LOOK_UP_WITHIN_S = 5.0
MESSAGE_CHARACTERS = 2_000

Name = app_commands.Range[str, 1, NAME_CHARACTERS]


class ShelfCommands(commands.Cog):
    """The part of `/roleplay` that deals with stories as a whole."""

    _actions: Actions

    @app_commands.command()
    async def restart(self, interaction: discord.Interaction) -> None:
        """Begin the story anew, with its greeting; Undo brings the old one back."""
        await interaction.response.defer(ephemeral=True)
        was = await shelf_actions.restart(self._actions, interaction)
        told, view = told_of(BEGUN_ANEW, was)
        await say(interaction, told, view=view)

    @app_commands.command()
    async def branch(self, interaction: discord.Interaction) -> None:
        """Tell the story on in a thread, another way; here it stays as it is."""
        await interaction.response.defer(ephemeral=True)
        told = await shelf_actions.branch_here(self._actions, interaction)
        await say(interaction, told)

    @app_commands.command()
    @app_commands.describe(name="What the copy is called; one of that name is replaced")
    async def save(self, interaction: discord.Interaction, name: Name) -> None:
        """Put a copy of the story aside, for /roleplay load."""
        await interaction.response.defer(ephemeral=True)
        turns = await shelf_actions.save(self._actions, interaction, name)
        await say(
            interaction,
            phrase(
                "Saved as **{name}**, {turns} turns. `/roleplay load` goes on from there.",
                name=clean_name(name),
                turns=turns,
            ),
        )

    @app_commands.command()
    @app_commands.describe(name="Which copy; choose from the list")
    async def load(self, interaction: discord.Interaction, name: Name) -> None:
        """Go on with a story that was saved here; Undo brings this one back."""
        await interaction.response.defer(ephemeral=True)
        was = await shelf_actions.load(self._actions, interaction, name)
        told, view = told_of(LOADED, was)
        await say(interaction, told, view=view)

    @app_commands.command(name="delete-save")
    @app_commands.describe(name="Which copy; choose from the list")
    async def delete_save(self, interaction: discord.Interaction, name: Name) -> None:
        """Delete a story that was saved here; the scene itself stays."""
        await interaction.response.defer(ephemeral=True)
        await shelf_actions.drop_save(self._actions, interaction, name)
        told = phrase("**{name}** is deleted. The scene itself goes on.", name=clean_name(name))
        await say(interaction, told)

    @save.autocomplete("name")
    @load.autocomplete("name")
    @delete_save.autocomplete("name")
    async def _names(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        saves = await self._actions.shelf.saves(self._actions.place(interaction).channel)
        return [
            app_commands.Choice(name=save.name, value=save.name)
            for save in saves
            if current.strip().casefold() in save.name.casefold()
        ][:CHOICES_SHOWN]

    @app_commands.command()
    async def scenes(self, interaction: discord.Interaction) -> None:
        """List this server's scenes that you can see, and what is saved here."""
        await interaction.response.defer(ephemeral=True)
        here = self._actions.place(interaction)
        found = await self._actions.shelf.scenes(here.guild, here.channel)
        visible = await _visible(interaction, found)
        saves = await self._actions.shelf.saves(here.channel)
        options = picked_from(visible, saves)
        view = view_of(ShelfSelect(options)) if options else view_of()
        text = _told(visible, saves)
        await say(interaction, text, view=view, allowed_mentions=discord.AllowedMentions.none())


async def _visible(
    interaction: discord.Interaction, scenes: Sequence[ListedScene]
) -> Sequence[ListedScene]:
    """Those of *scenes* whose channel the member sees."""
    if interaction.guild is None:
        return scenes
    visible: list[ListedScene] = []
    may_ask = LOOKED_UP
    for scene in scenes:
        channel: object = interaction.guild.get_channel_or_thread(scene.place.channel)
        if channel is None and may_ask:
            may_ask -= 1
            channel = await _looked_up(interaction.guild, scene)
        if _sees(interaction, channel):
            visible.append(scene)
        if len(visible) == SCENES_SHOWN:
            break
    return visible


async def _looked_up(guild: discord.Guild, scene: ListedScene) -> object:
    with suppress(discord.HTTPException, TimeoutError):
        async with asyncio.timeout(LOOK_UP_WITHIN_S):
            return await guild.fetch_channel(scene.place.channel)
    return None


def _sees(interaction: discord.Interaction, channel: object) -> bool:
    if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
        return False
    if channel.id == interaction.channel_id:
        return True
    if not isinstance(interaction.user, discord.Member):
        return False
    granted = channel.permissions_for(interaction.user)
    if isinstance(channel, discord.Thread) and channel.is_private():
        return granted.manage_threads  # who is in it, nobody tells us
    return granted.view_channel and granted.read_message_history


def _told(scenes: Sequence[ListedScene], saves: Sequence[Saved]) -> str:
    lines = (
        [phrase("**Scenes**"), *map(_line, scenes)]
        if scenes
        else [phrase("There are no scenes here yet.")]
    )
    if saves:
        lines.append(phrase("**Saved in this channel**"))
        lines += [
            phrase(
                "- {name}: {character_name}, {turns} turns, <t:{at_ms}:R>",
                name=save.name,
                character_name=save.character_name,
                turns=save.turns,
                at_ms=save.at_ms // 1000,
            )
            for save in saves
        ]
    while len("\n".join(lines)) > MESSAGE_CHARACTERS:
        lines.pop()
    return Paragraphs(lines)


def _line(scene: ListedScene) -> str:
    said = f": {shortened(discord.utils.escape_markdown(scene.last), 100)}" if scene.last else ""
    when = f"<t:{scene.at_ms // 1000}:R>"
    facts = {
        "name": scene.character_name,
        "channel": scene.place.channel,
        "when": when,
        "said": said,
    }
    if scene.is_live:
        return phrase("- **{name}** in <#{channel}>, {when}{said}", **facts)
    return phrase("- **{name}** in <#{channel}> (stopped), {when}{said}", **facts)
