"""Who moderates a server, and what the bot is called there, as far as Discord says."""

import asyncio
import logging
from typing import Any

import aiohttp
import discord

from bot.core.scene import GuildId, UserId
from bot.services.staff import Staff

log = logging.getLogger(__name__)

OWNER_WITHIN_S = 2.0
MODERATING = discord.Permissions(
    administrator=True,
    ban_members=True,
    kick_members=True,
    manage_channels=True,
    manage_guild=True,
    manage_messages=True,
    manage_roles=True,
    moderate_members=True,
)


def note_member(staff: Staff, member: object) -> None:
    """Note whether *member* moderates; anybody else than a server's member is passed over."""
    if isinstance(member, discord.Member):
        names = {member.display_name, member.name, member.global_name or member.name}
        moderates = bool(member.guild_permissions.value & MODERATING.value)
        staff.saw(GuildId(member.guild.id), UserId(member.id), sorted(names), moderates=moderates)


async def meet(staff: Staff, interaction: discord.Interaction[Any]) -> None:
    """Note all whose names count where *interaction* happened, and who used it.

    The owner is asked for once. Where Discord does not say who that is, the name
    is not known.
    """
    note_member(staff, interaction.user)
    guild, me = interaction.guild, interaction.client.user
    own = {me.display_name, me.name} if me is not None else set()
    if interaction.client.application is not None:
        own.add(interaction.client.application.name)
    if guild is None:
        staff.is_called(None, sorted(own))
        return
    if guild.me is not None:
        own.add(guild.me.display_name)
    staff.is_called(GuildId(guild.id), sorted(own))
    owner = guild.owner_id
    if owner is None or staff.moderates(GuildId(guild.id), UserId(owner)):
        return
    try:
        async with asyncio.timeout(OWNER_WITHIN_S):
            note_member(staff, await guild.fetch_member(owner))
    except (discord.HTTPException, aiohttp.ClientError, TimeoutError, OSError) as error:
        facts = {"guild": guild.id, "error": type(error).__name__}
        log.info("the owner's name is not known", extra=facts)
