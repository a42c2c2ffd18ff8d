"""`/doctor`: what is in my way in this server, and the switch for each."""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.doctor import Finding, State, judge_commands, must_act
from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.phrases import Paragraphs, phrase
from bot.core.rights import Action
from bot.core.scene import ChannelId, GuildId
from bot.discord_ui.actions import Actions
from bot.discord_ui.examination import examine_guild, facts_of, judge_application
from bot.discord_ui.wording import say
from bot.services.doctor import Doctor

TOLD_CHARACTERS = 1_900
WITHIN_S = 20.0
SIGNS = {State.BROKEN: "❌", State.ADVICE: "⚠️", State.FINE: "✅"}
_ORDER = list(SIGNS)


@app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class DoctorCog(commands.Cog):
    """The answer is ephemeral."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    @app_commands.command()
    async def doctor(self, interaction: discord.Interaction[Any]) -> None:
        """See what is in my way in this server, and what to do about it."""
        await interaction.response.defer(ephemeral=True)
        await examine(interaction, self._actions)


async def examine(interaction: discord.Interaction[Any], actions: Actions) -> None:
    """Tell whoever manages the server, in an answer that was deferred.

    Raises:
        UserError: somebody else has asked.
    """
    await actions.allow(interaction, Action.EXAMINE, None)
    try:
        async with asyncio.timeout(WITHIN_S):
            findings = await _findings(interaction, actions.doctor)
    except TimeoutError:
        raise UserError(phrase("That took too long. Please try again in a minute.")) from None
    await say(interaction, told(findings))


async def _findings(interaction: discord.Interaction[Any], doctor: Doctor) -> list[Finding]:
    async with asyncio.TaskGroup() as tasks:
        ground = tasks.create_task(doctor.examine())
        discords = tasks.create_task(_of_discord(interaction, doctor))
    return [*discords.result(), *ground.result()]


async def _of_discord(interaction: discord.Interaction[Any], doctor: Doctor) -> list[Finding]:
    client, guild = interaction.client, interaction.guild
    found = judge_application(client.application)
    try:
        known = await client.tree.fetch_commands()
    except discord.HTTPException:
        known = client.tree.get_commands()  # it is not they that are in the way
    wanted = [command.name for command in client.tree.get_commands()]
    found.append(judge_commands([command.name for command in known], wanted))
    if guild is None or guild.me is None:
        return found
    here = interaction.channel
    home = here.parent if isinstance(here, discord.Thread) else here
    chosen: Collection[ChannelId] = ()
    with suppress(StoreUnavailable, StoreRefusesWrites):  # that is told beside it
        chosen = await doctor.places(GuildId(guild.id))
    others = [each for each in guild.channels if each.id in chosen and each != home]
    facts = await facts_of(here, interaction.app_permissions, guild.me.id)
    return [*found, *await examine_guild(guild, guild.me, others, facts)]


def told(findings: Iterable[Finding]) -> str:
    """As a member reads it: what is to be done first."""
    ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.state))
    head = phrase("Something has to be done:") if must_act(ordered) else phrase("I am well here:")
    lines = [head, *map(_line, ordered)]
    while len("\n".join(lines)) > TOLD_CHARACTERS:
        lines = [*lines[:-2], phrase("… and more: `python -m bot doctor` on the host tells all.")]
    return Paragraphs(lines)


def _line(finding: Finding) -> str:
    line = [f"{SIGNS[finding.state]} ", finding.what]
    return Paragraphs([*line, "\n-# ", finding.do] if finding.do else line, "")
