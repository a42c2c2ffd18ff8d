"""`/roleplay export|import`: stories as files."""

import asyncio
import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, Self

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.core.characters import Character
from bot.core.chat_export import ChatFormat
from bot.core.chat_files import Chat
from bot.core.directions import NOTE_CHARACTERS
from bot.core.errors import NoLiveScene, UserError
from bot.core.phrases import Paragraphs, phrase
from bot.core.plain_text import shortened
from bot.core.rights import Action
from bot.core.roster import named
from bot.core.scene import MessageId, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import is_age_restricted, milliseconds, viewer_of
from bot.discord_ui.error_replies import acknowledge, telling
from bot.discord_ui.shelf_buttons import told_of
from bot.discord_ui.wording import say, say_in_place
from bot.services.chats import Imported, check_size
from bot.services.scenes import Opening

FETCHED_WITHIN_S = 20.0
TOLD_CHARACTERS = 1_600
NAME_CHARACTERS = 60


class ChatFileCommands(commands.Cog):
    """The part of `/roleplay` that deals with files."""

    _actions: Actions

    @app_commands.command()
    @app_commands.describe(chosen="For reading, as a page to keep, or for SillyTavern")
    @app_commands.rename(chosen="format")
    @app_commands.choices(
        chosen=[app_commands.Choice(name=each, value=each) for each in ChatFormat]
    )
    async def export(self, interaction: discord.Interaction, chosen: str) -> None:
        """Get the whole story as a file, hidden lines and swipes included."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        scene = await self._actions.scenes.read(channel)
        if scene is None:
            raise NoLiveScene(phrase("There is no scene here. Start one with /roleplay start."))
        await self._actions.allow(interaction, Action.EXPORT, scene.head)
        made = await self._actions.chats.export(
            scene, ChatFormat(chosen), most_bytes=interaction.filesize_limit
        )
        await say(
            interaction,
            phrase(
                "The story with **{character_name}**, {count} lines.",
                character_name=scene.head.character_name,
                count=len(scene.turns),
            ),
            file=discord.File(BytesIO(made.content), made.name),
        )

    @app_commands.command(name="import")
    @app_commands.describe(
        file="A chat of SillyTavern (.jsonl), or of another program",
        character="Who plays the chat's character, if not one of that name",
    )
    async def import_(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        character: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Go on here with a story from a file; Undo brings back what was here."""
        await interaction.response.defer(ephemeral=True)
        actions = self._actions
        await _allow(actions, interaction)
        check_size(file.size)
        actions.limits.admit_upload(UserId(interaction.user.id))
        content = await _fetched(file)
        chat = await actions.chats.read(content, file.filename)
        viewer = viewer_of(interaction)
        wanted = named(chat.character_name, await actions.roster.choices(viewer))
        if character is None and wanted is not None:
            character = wanted.key
        if character is None:
            await _ask_who(
                actions, interaction, chat, discord.File(BytesIO(content), file.filename)
            )
            return
        found = await actions.roster.choose(viewer, character)
        told, view = await _begun(actions, interaction, chat, found)
        await say(interaction, told, view=view)

    @import_.autocomplete("character")
    async def _players(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._actions.choices(interaction, current)


class WhoSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"import:who"):
    """Chooses who plays the character of a file; the file hangs on the same message."""

    def __init__(self, options: Sequence[discord.SelectOption]) -> None:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id="import:who", placeholder=phrase("Choose a character"), options=[*options]
        )
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
    ) -> Self:
        return cls(item.options if isinstance(item, discord.ui.Select) else [])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        async with telling(interaction):
            await _allow(actions, interaction)
            files = interaction.message.attachments if interaction.message is not None else []
            if not files:
                raise UserError(
                    phrase("The file is not there any more. Use /roleplay import again.")
                )
            chat = await actions.chats.read(await _fetched(files[0]), files[0].filename)
            found = await actions.roster.choose(viewer_of(interaction), self.item.values[0])
            told, view = await _begun(actions, interaction, chat, found)
            await say_in_place(interaction, told, view=view, attachments=[])


async def _allow(actions: Actions, interaction: discord.Interaction) -> None:
    """Raise UserError unless whoever asked may begin a scene here, in place of a live one too."""
    await actions.allow(interaction, Action.START_SCENE, None)
    actions.require_own_rights(interaction)
    head = await actions.scenes.head(actions.place(interaction).channel)
    if head is not None and head.live:
        await actions.allow(interaction, Action.IMPORT, head)


async def _fetched(file: discord.Attachment) -> bytes:
    try:
        async with asyncio.timeout(FETCHED_WITHIN_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UserError(phrase("Discord did not hand the file out. Please try again.")) from error


async def _ask_who(
    actions: Actions, interaction: discord.Interaction, chat: Chat, file: discord.File
) -> None:
    options = [
        discord.SelectOption(label=each.name, value=str(each.value))
        for each in await actions.choices(interaction, "")
    ]
    name = discord.utils.escape_markdown(shortened(chat.character_name, NAME_CHARACTERS))
    await say(
        interaction,
        phrase(
            "The character of this chat is **{name}**, and none of mine is called "
            "so. Who plays it?",
            name=name,
        ),
        view=view_of(WhoSelect(options)),
        file=file,
    )


async def _begun(
    actions: Actions, interaction: discord.Interaction, chat: Chat, character: Character
) -> tuple[str, discord.ui.View]:
    """Begin the story; returns what to say of it, and the button below."""
    opening = Opening(
        event=MessageId(interaction.id),
        place=actions.place(interaction),
        owner=UserId(interaction.user.id),
        owner_name=interaction.user.display_name,
        character=character.key,
        at_ms=milliseconds(interaction.created_at),
        is_age_restricted=is_age_restricted(interaction.channel),
    )
    imported = await actions.chats.begin(chat, opening)
    told = phrase(
        "The story goes on with **{name}**, after {turns} lines.",
        name=character.name,
        turns=imported.turns,
    )
    view = view_of()
    if imported.replaced is not None:
        told, view = told_of(told, imported.replaced)
    return Paragraphs([told, *_left_out(chat, imported)]), view


def _left_out(chat: Chat, imported: Imported) -> Sequence[str]:
    """What of the file the story has not."""
    lines: list[str] = []
    if imported.left_out:
        lines.append(
            phrase(
                "{left_out} older lines are left out: there is no room for them.",
                left_out=imported.left_out,
            )
        )
    if imported.lacks_note:
        lines.append(
            phrase(
                "The author's note is left out: it has more than {note_characters:,} characters.",
                note_characters=NOTE_CHARACTERS,
            )
        )
    if chat.warnings:
        lines.append(phrase("What could not be read of the file:"))
        lines += [Paragraphs(["- ", warning], "") for warning in chat.warnings]
    while len("\n".join(lines)) > TOLD_CHARACTERS:
        lines.pop()
    return lines
