"""`/privacy`: what is stored of whoever asks, and how it goes. Its answers are ephemeral."""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import UserError
from bot.core.phrases import Paragraphs, counted, joined, phrase, template
from bot.core.privacy import Forgotten, Kind, Reach
from bot.core.scene import UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import milliseconds
from bot.discord_ui.error_replies import received, telling
from bot.discord_ui.wording import say, say_in_place
from bot.services.disclosure import Footprint, Overview

CHANNELS_TOLD = 20
_WHERE: Mapping[Reach, str] = {
    Reach.HERE: phrase("in this channel or thread"),
    Reach.SERVER: phrase("on this server"),
    Reach.EVERYWHERE: phrase("everywhere"),
}
_CHOICES = [
    app_commands.Choice(name=name, value=reach.value)
    for reach, name in (
        (Reach.HERE, "here: this channel or thread"),
        (Reach.SERVER, "this server"),
        (Reach.EVERYWHERE, "everywhere, with personas, characters and settings"),
    )
]
_GOES = phrase(
    "your lines with all their versions, what others' lines quote of them, and what of them is "
    "in saved stories. A story that only you played goes whole"
)
_OWN = phrase(
    "So do your personas, your own characters (scenes that play with them rest) and settings."
)
_STAYS = phrase("Replies of characters stay, and so do your messages in Discord itself.")
OPTED_OUT = phrase(
    "From now on I store nothing that you write, the model reads nothing of it, and you are not "
    "named to it. Commands that would store something are closed to you. `/privacy optin` takes "
    "that back.\n"
    "What I had stored of you before is kept aside, and nobody and nothing reads it. Shall it go?"
)
NOTHING = phrase("I store nothing of you.")


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class PrivacyCog(
    commands.GroupCog,
    group_name="privacy",
    group_description="What I store of you, and how it goes",
):
    """The data of whoever asks; nobody else's is ever shown."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command()
    async def show(self, interaction: discord.Interaction) -> None:
        """Show what I store of you: how much, where and for how long."""
        await interaction.response.defer(ephemeral=True)
        overview = await self._actions.privacy.overview(UserId(interaction.user.id))
        await say(interaction, Paragraphs(_told(overview)))

    @app_commands.command()
    async def export(self, interaction: discord.Interaction) -> None:
        """Get a file with all that you wrote and I store."""
        await interaction.response.defer(ephemeral=True)
        made = await self._actions.privacy.export(
            UserId(interaction.user.id), most_bytes=interaction.filesize_limit
        )
        await say(
            interaction,
            phrase("Your own words, and nobody else's."),
            file=discord.File(BytesIO(made.content), made.name),
        )

    @app_commands.command()
    @app_commands.describe(where="Where I forget you")
    @app_commands.choices(where=_CHOICES)
    async def forget(self, interaction: discord.Interaction, where: str) -> None:
        """Have me forget what you wrote; I ask once more before I do."""
        reach = _reach(where, interaction)
        own = _OWN if reach is Reach.EVERYWHERE else ""
        question = joined(
            phrase(
                "Shall I forget you {where}? Then these go: {goes}.",
                where=_WHERE[reach],
                goes=_GOES,
            ),
            own,
            _STAYS,
            phrase("**This cannot be taken back.**"),
        )
        await say(interaction, question, view=view_of(ForgetButton(reach), ForgetButton(None)))

    @app_commands.command()
    async def optout(self, interaction: discord.Interaction) -> None:
        """Have me never store what you write, nor give it to the model."""
        await interaction.response.defer(ephemeral=True)
        at_ms = milliseconds(interaction.created_at)
        await self._actions.privacy.opt_out(UserId(interaction.user.id), None, at_ms=at_ms)
        view = view_of(ForgetButton(Reach.EVERYWHERE), ForgetButton(None))
        await say(interaction, OPTED_OUT, view=view)

    @app_commands.command()
    async def optin(self, interaction: discord.Interaction) -> None:
        """Let me store what you write again."""
        await interaction.response.defer(ephemeral=True)
        was_out = await self._actions.privacy.opt_in(UserId(interaction.user.id))
        told = phrase("What you write in a scene is stored again, for its story.")
        await say(interaction, told if was_out else phrase("You have not opted out."))


class ForgetButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"forget:(?P<where>here|server|everywhere|no)",
):
    """Forgets whoever presses it, or leaves all as it is. Only they see it."""

    def __init__(self, reach: Reach | None) -> None:
        danger, calm = discord.ButtonStyle.danger, discord.ButtonStyle.secondary
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=phrase("Keep it") if reach is None else phrase("Forget"),
            style=calm if reach is None else danger,
            custom_id=f"forget:{reach or 'no'}",
        )
        super().__init__(button)
        self.reach = reach

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        return cls(None if match["where"] == "no" else Reach(match["where"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await received(interaction):
            return
        actions: Actions = interaction.client.actions
        async with telling(interaction):
            told = phrase("Nothing was forgotten.")
            if self.reach is not None:
                await say_in_place(interaction, phrase("Forgetting …"), view=None)
                user, place = UserId(interaction.user.id), actions.place(interaction)
                told = receipt(await actions.privacy.forget(user, self.reach, place), self.reach)
            await say_in_place(interaction, told, view=None)


def receipt(done: Forgotten, reach: Reach) -> str:
    """What was forgotten, in numbers."""
    kinds = Paragraphs((_counted(kind, count) for count, kind in done.counts()), ", ")
    facts = {"where": _WHERE[reach], "channels": _channels(done.channels), "kinds": kinds}
    told = phrase("Nothing of you was stored {where}.", where=_WHERE[reach])
    if kinds and done.channels:
        told = phrase("Forgotten {where} in {channels}: {kinds}.", **facts)
    elif kinds:
        told = phrase("Forgotten {where}: {kinds}.", **facts)
    if done.missed:
        missed = phrase(
            "In {channels} it did not work: please ask again in a moment.",
            channels=_channels(done.missed),
        )
        told = joined(told, missed)
    if done.file_is_new:
        told = joined(told, phrase("The file on the disk was written anew without it."))
    elif done.file_is_new is False:
        told = joined(told, phrase("The file on the disk is written anew without it later."))
    return told


def _told(overview: Overview) -> Iterator[str]:
    yield from map(_told_channel, overview.channels[:CHANNELS_TOLD])
    if rest := overview.channels[CHANNELS_TOLD:]:
        lines = sum(each.lines for each in rest)
        yield phrase(
            "{count} more channels, with {lines} lines of yours.", count=len(rest), lines=lines
        )
    if overview.personas or overview.characters:
        yield phrase(
            "{personas} and {characters} of your own: until you delete them; a character goes a "
            "year after its last use.",
            personas=_counted(Kind.PERSONA, overview.personas),
            characters=_counted(Kind.CHARACTER, overview.characters),
        )
    if not (overview.channels or overview.personas or overview.characters):
        yield NOTHING
    if overview.refusals:
        yield phrase(
            "That you are not to be stored, as you have asked (`/privacy optin` takes it back)."
        )
    yield phrase("`/privacy export` gives you all of it, `/privacy forget` erases it.")


def _told_channel(held: Footprint) -> str:
    place = held.place
    where = phrase("Direct messages") if place.guild is None else f"<#{place.channel}>"
    parts = [
        counted(
            held.lines,
            phrase("1 line of yours"),
            phrase("{count} lines of yours", count=held.lines),
        )
    ]
    if held.saved:
        parts.append(phrase("{count} in saved stories", count=held.saved))
    if held.is_owner:
        parts.append(phrase("a scene that you started"))
    days = counted(held.days, phrase("1 day"), phrase("{count} days", count=held.days))
    return phrase(
        "{where}: {parts}; kept until nobody has written there for {days}.",
        where=where,
        parts=Paragraphs(parts, ", "),
        days=days,
    )


def _channels(count: int) -> str:
    return counted(count, phrase("1 channel"), phrase("{count} channels", count=count))


_KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.LINE: (template("1 line"), template("{count} lines")),
    Kind.QUOTE: (
        template("1 quote in others' lines"),
        template("{count} quotes in others' lines"),
    ),
    Kind.SAVE: (template("1 saved story"), template("{count} saved stories")),
    Kind.STORY: (
        template("1 story that only you played"),
        template("{count} stories that only you played"),
    ),
    Kind.PERSONA: (template("1 persona"), template("{count} personas")),
    Kind.CHARACTER: (template("1 character"), template("{count} characters")),
}


def _counted(kind: Kind, count: int) -> str:
    return phrase(counted(count, *_KINDS[kind]), count=count)


def _reach(where: str, interaction: discord.Interaction) -> Reach:
    reach = Reach(where)
    if reach is Reach.SERVER and interaction.guild_id is None:
        raise UserError(phrase("There is no server here. Choose here, or everywhere."))
    return reach


PRIVACY_ITEMS = (ForgetButton,)
