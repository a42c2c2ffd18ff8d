"""`/privacy`: what is stored of whoever asks, and how it goes. Its answers are ephemeral."""

import re
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import UserError
from bot.core.privacy import Forgotten, Reach
from bot.core.scene import UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import milliseconds
from bot.discord_ui.error_replies import received, telling
from bot.services.disclosure import Overview

CHANNELS_TOLD = 20
_WHERE: Mapping[Reach, str] = {
    Reach.HERE: "in this channel or thread",
    Reach.SERVER: "on this server",
    Reach.EVERYWHERE: "everywhere",
}
_CHOICES = [
    app_commands.Choice(name=name, value=reach.value)
    for reach, name in (
        (Reach.HERE, "here: this channel or thread"),
        (Reach.SERVER, "this server"),
        (Reach.EVERYWHERE, "everywhere, with personas, characters and settings"),
    )
]
_GOES = (
    "your lines with all their versions, what others' lines quote of them, and what of them is "
    "in saved stories. A story that only you played goes whole"
)
_OWN = " So do your personas, your own characters (scenes that play with them rest) and settings."
_STAYS = "Replies of characters stay, and so do your messages in Discord itself."
OPTED_OUT = (
    "From now on I store nothing that you write, the model reads nothing of it, and you are not "
    "named to it. Commands that would store something are closed to you. `/privacy optin` takes "
    "that back.\n"
    "What I had stored of you before is kept aside, and nobody and nothing reads it. Shall it go?"
)
NOTHING = "I store nothing of you."


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
        await interaction.followup.send("\n".join(_told(overview)), ephemeral=True)

    @app_commands.command()
    async def export(self, interaction: discord.Interaction) -> None:
        """Get a file with all that you wrote and I store."""
        await interaction.response.defer(ephemeral=True)
        made = await self._actions.privacy.export(
            UserId(interaction.user.id), most_bytes=interaction.filesize_limit
        )
        await interaction.followup.send(
            "Your own words, and nobody else's.",
            file=discord.File(BytesIO(made.content), made.name),
            ephemeral=True,
        )

    @app_commands.command()
    @app_commands.describe(where="Where I forget you")
    @app_commands.choices(where=_CHOICES)
    async def forget(self, interaction: discord.Interaction, where: str) -> None:
        """Have me forget what you wrote; I ask once more before I do."""
        reach = _reach(where, interaction)
        own = _OWN if reach is Reach.EVERYWHERE else ""
        question = (
            f"Shall I forget you {_WHERE[reach]}? Then these go: {_GOES}.{own} {_STAYS} "
            "**This cannot be taken back.**"
        )
        await interaction.response.send_message(
            question, view=view_of(ForgetButton(reach), ForgetButton(None)), ephemeral=True
        )

    @app_commands.command()
    async def optout(self, interaction: discord.Interaction) -> None:
        """Have me never store what you write, nor give it to the model."""
        await interaction.response.defer(ephemeral=True)
        at_ms = milliseconds(interaction.created_at)
        await self._actions.privacy.opt_out(UserId(interaction.user.id), None, at_ms=at_ms)
        view = view_of(ForgetButton(Reach.EVERYWHERE), ForgetButton(None))
        await interaction.followup.send(OPTED_OUT, view=view, ephemeral=True)

    @app_commands.command()
    async def optin(self, interaction: discord.Interaction) -> None:
        """Let me store what you write again."""
        await interaction.response.defer(ephemeral=True)
        was_out = await self._actions.privacy.opt_in(UserId(interaction.user.id))
        told = "What you write in a scene is stored again, for its story."
        await interaction.followup.send(
            told if was_out else "You have not opted out.", ephemeral=True
        )


class ForgetButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"forget:(?P<where>here|server|everywhere|no)",
):
    """Forgets whoever presses it, or leaves all as it is. Only they see it."""

    def __init__(self, reach: Reach | None) -> None:
        danger, calm = discord.ButtonStyle.danger, discord.ButtonStyle.secondary
        button: discord.ui.Button[Any] = discord.ui.Button(
            label="Keep it" if reach is None else "Forget",
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
            told = "Nothing was forgotten."
            if self.reach is not None:
                await interaction.edit_original_response(content="Forgetting …", view=None)
                user, place = UserId(interaction.user.id), actions.place(interaction)
                told = receipt(await actions.privacy.forget(user, self.reach, place), self.reach)
            await interaction.edit_original_response(content=told, view=None)


def receipt(done: Forgotten, reach: Reach) -> str:
    """What was forgotten, in numbers."""
    kinds = [f"{count} {_plural(kind, count)}" for count, kind in done.counts()]
    told = f"Nothing of you was stored {_WHERE[reach]}."
    if kinds:
        where = f" in {done.channels} {_plural('channel', done.channels)}" if done.channels else ""
        told = f"Forgotten {_WHERE[reach]}{where}: {', '.join(kinds)}."
    if done.missed:
        told += (
            f" In {done.missed} {_plural('channel', done.missed)} it did not work: "
            "please ask again in a moment."
        )
    if done.file_is_new:
        told += " The file on the disk was written anew without it."
    elif done.file_is_new is False:
        told += " The file on the disk is written anew without it later."
    return told


def _told(overview: Overview) -> Iterator[str]:
    for each in overview.channels[:CHANNELS_TOLD]:
        place = each.place
        where = "Direct messages" if place.guild is None else f"<#{place.channel}>"
        parts = [f"{each.lines} {_plural('line', each.lines)} of yours"]
        if each.saved:
            parts.append(f"{each.saved} in saved stories")
        if each.is_owner:
            parts.append("a scene that you started")
        days = f"{each.days} {_plural('day', each.days)}"
        yield f"{where}: {', '.join(parts)}; kept until nobody has written there for {days}."
    if rest := overview.channels[CHANNELS_TOLD:]:
        lines = sum(each.lines for each in rest)
        yield f"{len(rest)} more channels, with {lines} lines of yours."
    if overview.personas or overview.characters:
        yield (
            f"{overview.personas} {_plural('persona', overview.personas)} and "
            f"{overview.characters} {_plural('character', overview.characters)} of your own: until "
            "you delete them; a character goes a year after its last use."
        )
    if not (overview.channels or overview.personas or overview.characters):
        yield NOTHING
    if overview.refusals:
        yield "That you are not to be stored, as you have asked (`/privacy optin` takes it back)."
    yield "`/privacy export` gives you all of it, `/privacy forget` erases it."


def _plural(kind: str, count: int) -> str:
    if count == 1:
        return kind
    first, *rest = kind.split(" ")
    if kind.startswith("saved story"):
        return "saved stories"
    plural = "stories" if first == "story" else f"{first}s"
    return " ".join((plural, *rest))


def _reach(where: str, interaction: discord.Interaction) -> Reach:
    reach = Reach(where)
    if reach is Reach.SERVER and interaction.guild_id is None:
        raise UserError("There is no server here. Choose here, or everywhere.")
    return reach


PRIVACY_ITEMS = (ForgetButton,)
