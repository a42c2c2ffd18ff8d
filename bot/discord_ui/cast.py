"""`/roleplay add|remove|cast`, and what is set of who answers whom."""

from collections.abc import Mapping

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.phrases import Paragraphs, joined, phrase
from bot.core.plain_text import plain
from bot.core.rights import Action
from bot.core.scene import ReplyMode, SceneHead
from bot.discord_ui.actions import Actions
from bot.discord_ui.convert import is_age_restricted, milliseconds, viewer_of
from bot.discord_ui.wording import say
from bot.services.company import Joining
from bot.services.roster import CHOICES_SHOWN

LABEL_LIMIT = 100

CHOICES: Mapping[ReplyMode, str] = {
    ReplyMode.AUTO: "every line of a single player, else those that call a character",
    ReplyMode.ALWAYS: "every line",
    ReplyMode.MENTION: "those that mention me or reply to a character",
    ReplyMode.NAME: "those, and those that say a character's name",
    ReplyMode.TURNS: "once everybody who plays along has written, or with /talk",
}
ANSWERED: Mapping[ReplyMode, str] = {
    ReplyMode.AUTO: phrase(
        "every line of a single player; among several those that say a character's name, mention "
        "me, or reply to a character's message."
    ),
    ReplyMode.ALWAYS: phrase("every line."),
    ReplyMode.MENTION: phrase("lines that mention me or reply to a character's message."),
    ReplyMode.NAME: phrase(
        "lines that say a character's name, mention me, or reply to a character's message."
    ),
    ReplyMode.TURNS: phrase(
        "the players' lines together, once everybody has written who wrote one of the last 20 "
        "lines within half an hour. `/talk` asks for a reply at once."
    ),
}

Name = app_commands.Range[str, 1, 100]


class CastCommands(commands.Cog):
    """The part of `/roleplay` that deals with several characters in one scene."""

    _actions: Actions

    @app_commands.command()
    @app_commands.describe(character="Who joins; type a part of the name")
    async def add(self, interaction: discord.Interaction, character: Name) -> None:
        """Have another character play in this scene."""
        await interaction.response.defer(ephemeral=True)
        actions, channel = self._actions, self._actions.place(interaction).channel
        head = await actions.scenes.live_head(channel)
        await actions.allow(interaction, Action.SET_CAST, head)
        found = await actions.roster.choose(viewer_of(interaction), character)
        is_owner = interaction.user.id == head.owner
        joining = Joining(
            found,
            is_age_restricted=is_age_restricted(interaction.channel),
            owner_name=interaction.user.display_name if is_owner else "",
            at_ms=milliseconds(interaction.created_at),
        )
        now = await actions.company.add(channel, joining)
        told = phrase(
            "**{name}** plays, too. Whose name you say answers; else they take turns.",
            name=found.name,
        )
        if not now.head.banter:
            told = joined(told, phrase("`/scene banter` lets them answer each other."))
        if now.has_more_greetings:
            several = phrase(
                "{name} has greetings for several: ▶ under the first one.",
                name=head.character_name,
            )
            told = joined(told, several)
        await say(interaction, told)

    @add.autocomplete("character")
    async def _addable(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._actions.choices(interaction, current)

    @app_commands.command()
    @app_commands.describe(character="Who leaves; what was said stays")
    async def remove(self, interaction: discord.Interaction, character: Name) -> None:
        """Let a character leave this scene."""
        await interaction.response.defer(ephemeral=True)
        actions, channel = self._actions, self._actions.place(interaction).channel
        await actions.allow(interaction, Action.SET_CAST, await actions.scenes.live_head(channel))
        name, _ = await actions.company.remove(channel, character)
        told = phrase("**{name}** has left the scene. What was said stays.", name=plain(name))
        await say(interaction, told)

    @remove.autocomplete("character")
    async def _removable(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await cast_choices(self._actions, interaction, current)

    @app_commands.command(name="cast")
    async def show_cast(self, interaction: discord.Interaction) -> None:
        """Show which characters play here, in the order in which they speak."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        parts = await self._actions.company.cast(channel)
        lines = [
            f"{number}. **{part.name}**"
            if part.is_loaded
            else phrase("{number}. **{name}** (the file is gone)", number=number, name=part.name)
            for number, part in enumerate(parts, start=1)
        ]
        await say(interaction, Paragraphs(lines))


async def cast_choices(
    actions: Actions, interaction: discord.Interaction, current: str
) -> list[app_commands.Choice[str]]:
    """Who plays in the scene, for an option that is being typed."""
    head = await actions.scenes.head(actions.place(interaction).channel)
    parts = actions.company.parts(head) if head is not None else ()
    wanted = current.strip().casefold()
    fitting = [part for part in parts if wanted in part.name.casefold() or wanted in part.key]
    return [
        app_commands.Choice(name=_label(part.name), value=part.key)
        for part in fitting[:CHOICES_SHOWN]
    ]


async def set_reply_mode(
    actions: Actions, interaction: discord.Interaction, mode: ReplyMode
) -> str:
    """Choose which lines are answered; returns what to tell the member."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.SET_REPLY_MODE, await actions.scenes.live_head(channel))
    await actions.company.set_reply_mode(channel, mode)
    return phrase("Answered now: **{mode}**: {answered}", mode=mode, answered=ANSWERED[mode])


async def set_banter(actions: Actions, interaction: discord.Interaction, most: int) -> str:
    """Choose how long characters answer each other; returns what to tell the member."""
    channel = actions.place(interaction).channel
    await actions.allow(interaction, Action.SET_BANTER, await actions.scenes.live_head(channel))
    await actions.company.set_banter(channel, most)
    if not most:
        return phrase("The characters no longer answer each other.")
    return phrase(
        "{most} Your next line always comes first, and Stop ends it.", most=_answers(most)
    )


def company_lines(actions: Actions, head: SceneHead) -> list[str]:
    """What `/roleplay status` tells of it, where it is not as usual."""
    lines: list[str] = []
    if head.cast:
        others = ", ".join(part.name for part in actions.company.parts(head)[1:])
        lines.append(phrase("Also playing: {others}.", others=others))
    if head.banter:
        lines.append(_answers(head.banter))
    if head.reply_mode is not ReplyMode.AUTO:
        lines.append(
            phrase(
                "Answered: **{reply_mode}**: {answered}",
                reply_mode=head.reply_mode,
                answered=ANSWERED[head.reply_mode],
            )
        )
    return lines


def _answers(most: int) -> str:
    if most == 1:
        return phrase("After a reply, the characters answer each other with at most one reply.")
    return phrase(
        "After a reply, the characters answer each other with at most {most} replies in a row.",
        most=most,
    )


def _label(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LABEL_LIMIT else line[: LABEL_LIMIT - 1] + "…"
