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
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.wording import say, say_in_place
from bot.services.disclosure import Overview

CHANNELS_TOLD = 15
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
_QUESTION = template(
    "Shall I forget you {where}? Then these go: your lines with all their versions, what others' "
    "lines quote of them, and what of them is in saved stories. A story that only you played goes "
    "whole."
)
_OWN = phrase(
    "So do your personas, your own characters (scenes that play with them rest) and settings."
)
_STAYS = phrase(
    "Replies of characters stay, and so do your messages in Discord itself. **This cannot be "
    "taken back.**"
)
OPTED_OUT = Paragraphs(
    (
        phrase(
            "From now on I store nothing that you write, the model reads nothing of it, and you "
            "are not named to it. Commands that would store something are closed to you. "
            "`/privacy optin` takes that back."
        ),
        phrase(
            "What I had stored of you before is kept aside, and nobody and nothing reads it. "
            "Shall it go?"
        ),
    )
)
_KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.CHANNELS: (template("{count} channel"), template("{count} channels")),
    Kind.LINES: (template("{count} line"), template("{count} lines")),
    Kind.QUOTES: (
        template("{count} quote in others' lines"),
        template("{count} quotes in others' lines"),
    ),
    Kind.SAVES: (template("{count} saved story"), template("{count} saved stories")),
    Kind.STORIES: (
        template("{count} story that only you played"),
        template("{count} stories that only you played"),
    ),
    Kind.PERSONAS: (template("{count} persona"), template("{count} personas")),
    Kind.CHARACTERS: (template("{count} character"), template("{count} characters")),
}
_LINES = template("{count} line of yours"), template("{count} lines of yours")
_KEPT = (
    template("{where}: {parts}; kept until nobody has written there for {days} day."),
    template("{where}: {parts}; kept until nobody has written there for {days} days."),
)
_FILE: Mapping[bool | None, str] = {
    None: "",
    True: phrase("The file on the disk was written anew without it."),
    False: phrase("The file on the disk is written anew without it later."),
}
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
        file = discord.File(BytesIO(made.content), made.name)
        await say(interaction, phrase("Your own words, and nobody else's."), file=file)

    @app_commands.command()
    @app_commands.describe(where="Where I forget you")
    @app_commands.choices(where=_CHOICES)
    async def forget(self, interaction: discord.Interaction, where: str) -> None:
        """Have me forget what you wrote; I ask once more before I do."""
        reach = _reach(where, interaction)
        own = _OWN if reach is Reach.EVERYWHERE else ""
        question = joined(phrase(_QUESTION, where=_WHERE[reach]), own, _STAYS)
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
    PressedButton,
    template=r"forget:(?P<where>here|server|everywhere|no)",
):
    """Forgets whoever presses it, or leaves all as it is. Only they see it."""

    is_for_everybody = True

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
    def of(cls, match: re.Match[str]) -> Self:
        return cls(None if match["where"] == "no" else Reach(match["where"]))

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        told = phrase("Nothing was forgotten.")
        if self.reach is not None:
            await say_in_place(interaction, phrase("Forgetting …"), view=None)
            user, place = UserId(interaction.user.id), actions.place(interaction)
            told = receipt(await actions.privacy.forget(user, self.reach, place), self.reach)
        await say_in_place(interaction, told, view=None)


def receipt(done: Forgotten, reach: Reach) -> str:
    """What was forgotten, in numbers."""
    kinds = [
        phrase(counted(count, *_KINDS[kind]), count=count)
        for kind, count in done.counts().items()
        if count
    ]
    told = phrase("Nothing of you was stored {where}.", where=_WHERE[reach])
    if kinds:
        head = phrase("Forgotten {where}:", where=_WHERE[reach])
        told = phrase("{head} {kinds}.", head=head, kinds=joined(*kinds, between=", "))
    missed = phrase(
        "In {count} channels it did not work: please ask again in a moment.", count=done.missed
    )
    return joined(told, missed if done.missed else "", _FILE[done.file_is_new])


def _told(overview: Overview) -> Iterator[str]:
    for each in overview.channels[:CHANNELS_TOLD]:
        place = each.place
        is_direct = place.guild is None
        where = phrase("Direct messages") if is_direct else f"<#{place.channel}>"
        parts = [phrase(counted(each.lines, *_LINES), count=each.lines)]
        if each.saved:
            parts.append(phrase("{count} in saved stories", count=each.saved))
        if each.is_owner:
            parts.append(phrase("a scene that you started"))
        yield phrase(
            counted(each.days, *_KEPT),
            where=where,
            parts=joined(*parts, between=", "),
            days=each.days,
        )
    if rest := overview.channels[CHANNELS_TOLD:]:
        lines = sum(each.lines for each in rest)
        yield phrase(
            "{count} more channels, with {lines} lines of yours.", count=len(rest), lines=lines
        )
    if overview.personas or overview.characters:
        yield phrase(
            "Personas: {personas}. Characters of your own: {characters}. They are kept until you "
            "delete them; a character goes a year after its last use.",
            personas=overview.personas,
            characters=overview.characters,
        )
    if not (overview.channels or overview.personas or overview.characters):
        yield NOTHING
    if overview.refusals:
        yield phrase(
            "That you are not to be stored, as you have asked (`/privacy optin` takes it back)."
        )
    yield phrase("`/privacy export` gives you all of it, `/privacy forget` erases it.")


def _reach(where: str, interaction: discord.Interaction) -> Reach:
    reach = Reach(where)
    if reach is Reach.SERVER and interaction.guild_id is None:
        raise UserError(phrase("There is no server here. Choose here, or everywhere."))
    return reach


PRIVACY_ITEMS = (ForgetButton,)
