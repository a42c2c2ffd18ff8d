"""`/character`: characters that members bring along, make up, and give out."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from io import BytesIO
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.core.cards.writing import Container
from bot.core.characters import Rating
from bot.core.errors import UserError
from bot.core.phrases import Paragraphs, phrase
from bot.core.plain_text import shortened
from bot.core.rights import Action
from bot.core.roster import MEMBERS, Choice, Visibility, is_members, matching
from bot.core.scene import MessageId, UserId
from bot.discord_ui.actions import Actions, labelled
from bot.discord_ui.buttons import view_of
from bot.discord_ui.character_buttons import DeleteButton, ImportButton
from bot.discord_ui.character_forms import open_new, open_page, submitted
from bot.discord_ui.character_preview import (
    listed,
    portrait_of,
    shown_character,
    shown_preview,
)
from bot.discord_ui.convert import is_age_restricted, viewer_of
from bot.discord_ui.wording import say
from bot.services.card_desk import HOSTS
from bot.services.roster import CHOICES_SHOWN

FETCHED_WITHIN_S = 20.0
WARNINGS_SHOWN = 8

Name = app_commands.Range[str, 1, 100]


def _named(values: type[StrEnum]) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=each.value, value=each.value) for each in values]


_VISIBILITIES, _RATINGS = _named(Visibility), _named(Rating)


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class CharacterCog(
    commands.GroupCog,
    group_name="character",
    group_description="Characters: bring one along, make one up, change it, give it out",
):
    """Characters of members."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command(name="import")
    @app_commands.choices(visibility=_VISIBILITIES)
    @app_commands.describe(
        file="A character card: PNG, WebP, JSON, YAML or CHARX",
        visibility="Who may play it: you everywhere (the usual), or everybody in this server",
    )
    async def import_(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        visibility: str = Visibility.ME,
    ) -> None:
        """Bring a character card along; you see what is in it before it is kept."""
        await interaction.response.defer(ephemeral=True)
        desk, viewer = self._actions.desk, viewer_of(interaction)
        desk.admit(file.size)
        self._actions.limits.admit_upload(viewer.user)
        event = MessageId(interaction.id)
        preview = await desk.draft(
            viewer, event, await _fetched(file), file.filename, Visibility(visibility)
        )
        await say(
            interaction,
            phrase(
                "This is in the file. **Save** keeps it; without that it is forgotten in an hour."
            ),
            embed=shown_preview(preview),
            files=portrait_of(preview.card.picture),
            view=view_of(ImportButton("save", event), ImportButton("cancel", event)),
        )

    @app_commands.command()
    @app_commands.choices(visibility=_VISIBILITIES, rating=_RATINGS)
    @app_commands.describe(
        visibility="Who may play it: you everywhere (the usual), or everybody in this server",
        rating="For whom it is; adult ones play in age-restricted channels only",
    )
    async def create(
        self,
        interaction: discord.Interaction,
        visibility: str = Visibility.ME,
        rating: str = Rating.EVERYONE,
    ) -> None:
        """Make a character up, in a form."""
        await open_new(interaction, Visibility(visibility), Rating(rating))

    @app_commands.command()
    @app_commands.choices(visibility=_VISIBILITIES, rating=_RATINGS)
    @app_commands.describe(
        character="Which of yours; type a part of the name",
        visibility="Change only who may play it",
        rating="Change only for whom it is; never back from adult",
    )
    async def edit(
        self,
        interaction: discord.Interaction,
        character: Name,
        visibility: str | None = None,
        rating: str | None = None,
    ) -> None:
        """Change one of your characters; scenes that play with it know from the next reply on."""
        if visibility is None and rating is None:
            await open_page(interaction, character, 0)  # a form is the first answer, or none
            return
        await interaction.response.defer(ephemeral=True)
        viewer = viewer_of(interaction)
        key = _members(await self._actions.roster.pick(viewer, character)).key
        preview = await self._actions.desk.change(
            viewer,
            key,
            {},
            where=Visibility(visibility) if visibility else None,
            rating=Rating(rating) if rating else None,
        )
        await say(
            interaction,
            phrase("**{name}** is changed.", name=escape_markdown(preview.entry.name)),
            embed=shown_preview(preview),
            files=portrait_of(preview.card.picture),
        )

    @app_commands.command(name="list")
    async def list_(self, interaction: discord.Interaction) -> None:
        """See all characters that you can play: yours, the server's and the host's."""
        await interaction.response.defer(ephemeral=True)
        viewer = viewer_of(interaction)
        choices = await self._shown_here(interaction)
        await say(interaction, listed(choices, viewer))

    @app_commands.command()
    @app_commands.describe(character="Who; type a part of the name")
    async def show(self, interaction: discord.Interaction, character: Name) -> None:
        """See who a character is, for whom, and how much of the prompt it takes."""
        await interaction.response.defer(ephemeral=True)
        viewer, roster = viewer_of(interaction), self._actions.roster
        choice = await self._pick(interaction, character)
        if is_members(choice.key):
            preview = await self._actions.desk.show(viewer, choice)
            embed, picture = shown_preview(preview), preview.card.picture
        else:
            found = await roster.choose(viewer, choice.key)
            embed, picture = shown_character(found), found.avatar
        await say(interaction, embed=embed, files=portrait_of(picture))

    @app_commands.command()
    @app_commands.describe(character="Who; type a part of the name", chosen="Of which kind")
    @app_commands.rename(chosen="format")
    @app_commands.choices(chosen=_named(Container))
    async def export(
        self, interaction: discord.Interaction, character: Name, chosen: str = Container.PNG
    ) -> None:
        """Get a character as a card, for other programs too; nothing of it is lost."""
        await interaction.response.defer(ephemeral=True)
        viewer = viewer_of(interaction)
        choice = _members(await self._pick(interaction, character))
        container = Container(chosen)
        name, content = await self._actions.desk.export(viewer, choice, container)
        if len(content) > interaction.filesize_limit:
            raise UserError(phrase("The card is larger than a file may be on Discord."))
        await say(
            interaction,
            phrase("The card of **{name}**.", name=escape_markdown(name)),
            file=discord.File(BytesIO(content), _file_name(name, container)),
        )

    @app_commands.command()
    @app_commands.describe(character="Which one; type a part of the name")
    async def delete(self, interaction: discord.Interaction, character: Name) -> None:
        """Delete one of your characters; scenes that play with it go on."""
        await interaction.response.defer(ephemeral=True)
        viewer = viewer_of(interaction)
        choice = _members(await self._actions.roster.pick(viewer, character))
        number = int(choice.key.removeprefix(MEMBERS))
        await say(
            interaction,
            phrase(
                "Delete **{name}**? Scenes that play with it go on.",
                name=escape_markdown(choice.name),
            ),
            view=view_of(DeleteButton("delete", number), DeleteButton("keep", number)),
        )

    @app_commands.command(name="default")
    @app_commands.describe(
        character="Who plays at /roleplay start when nobody is named; leave it out for nobody",
        scope="For yourself everywhere, or for this server (needs Manage Server)",
    )
    @app_commands.rename(scope="for")
    @app_commands.choices(scope=_VISIBILITIES)
    async def default_(
        self,
        interaction: discord.Interaction,
        character: Name | None = None,
        scope: str = Visibility.ME,
    ) -> None:
        """Choose who plays when `/roleplay start` names nobody."""
        await interaction.response.defer(ephemeral=True)
        viewer, for_server = viewer_of(interaction), scope == Visibility.SERVER
        if for_server:
            await self._actions.allow(interaction, Action.SHARE_CHARACTERS, None)
        roster = self._actions.roster
        choice = None if character is None else await roster.pick(viewer, character)
        if for_server and choice is not None and choice.owner is not None:
            stored = await roster.stored(viewer, choice.key)
            if stored is None or stored.entry.guild != viewer.guild:
                raise UserError(
                    phrase("Not everybody here may play that one: share it with the server.")
                )
        await roster.set_default(
            viewer, None if choice is None else choice.key, for_server=for_server
        )
        who = f"**{escape_markdown(choice.name)}**" if choice is not None else phrase("Nobody")
        whom = phrase("In this server") if for_server else phrase("For you")
        await say(
            interaction,
            phrase("{whom}: {who} plays where `/roleplay start` names nobody.", whom=whom, who=who),
        )

    @app_commands.command()
    async def reload(self, interaction: discord.Interaction) -> None:
        """Read the host's characters again (needs Manage Server, or to be the host)."""
        await interaction.response.defer(ephemeral=True)
        if not await _is_host(interaction):
            await self._actions.allow(interaction, Action.RELOAD_CHARACTERS, None)
        count, warnings = await self._actions.roster.reload()
        lines = [phrase("The host's characters are read again: {count} can play.", count=count)]
        lines += [f"- {shortened(each, 200)}" for each in warnings[:WARNINGS_SHOWN]]
        if more := len(warnings) - WARNINGS_SHOWN:
            lines += [phrase("- … and {more} more", more=more)] if more > 0 else []
        await say(interaction, Paragraphs(lines))

    @show.autocomplete("character")
    @default_.autocomplete("character")
    async def _anybody(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return _offered(await self._shown_here(interaction), current)

    @export.autocomplete("character")
    async def _of_members(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        choices = await self._shown_here(interaction)
        return _offered([each for each in choices if each.owner is not None], current)

    @edit.autocomplete("character")
    async def _own(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._owned(interaction, current, is_admin=False)

    @delete.autocomplete("character")
    async def _deletable(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        member = await self._actions.member(interaction)
        return await self._owned(interaction, current, is_admin=member.can_administer)

    async def _pick(self, interaction: discord.Interaction, wanted: str) -> Choice:
        choice = await self._actions.roster.pick(viewer_of(interaction), wanted)
        if not _is_shown(choice, interaction):
            raise UserError(
                phrase(
                    "{name} is for adults and shown in age-restricted channels only.",
                    name=choice.name,
                )
            )
        return choice

    async def _shown_here(self, interaction: discord.Interaction) -> Sequence[Choice]:
        choices = await self._actions.roster.choices(viewer_of(interaction))
        return [choice for choice in choices if _is_shown(choice, interaction)]

    async def _owned(
        self, interaction: discord.Interaction, current: str, *, is_admin: bool
    ) -> list[app_commands.Choice[str]]:
        viewer = viewer_of(interaction)
        choices = await self._actions.roster.choices(viewer)
        mine = [each for each in choices if _is_of(each, viewer.user, is_admin=is_admin)]
        return _offered(mine, current)

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take in a form, whichever process has opened it."""
        await submitted(interaction)


def _is_shown(choice: Choice, interaction: discord.Interaction) -> bool:
    """Whether *choice* is told of here: adult ones of others where adults are among themselves."""
    is_own = choice.owner == interaction.user.id
    return is_own or choice.rating is Rating.EVERYONE or is_age_restricted(interaction.channel)


def _is_of(choice: Choice, user: UserId, *, is_admin: bool) -> bool:
    return choice.owner == user or (is_admin and choice.owner is not None)


def _offered(choices: Sequence[Choice], current: str) -> list[app_commands.Choice[str]]:
    return [labelled(choice) for choice in matching(current, choices)[:CHOICES_SHOWN]]


def _members(choice: Choice) -> Choice:
    if not is_members(choice.key):
        raise UserError(HOSTS)
    return choice


async def _fetched(file: discord.Attachment) -> bytes:
    try:
        async with asyncio.timeout(FETCHED_WITHIN_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UserError(phrase("Discord did not hand the file out. Please try again.")) from error


async def _is_host(interaction: discord.Interaction) -> bool:
    client = interaction.client
    return isinstance(client, commands.Bot) and await client.is_owner(interaction.user)


def _file_name(name: str, container: Container) -> str:
    safe = "".join(char if char.isalnum() else "-" for char in name).strip("-")[:60]
    return f"{safe or 'character'}.{container}"
