"""A member's command or click as the services take it."""

from typing import Any

import discord

from bot.core.scene import MessageId, Place, UserId
from bot.discord_ui.convert import milliseconds
from bot.services.incoming import Asked

FACE_PIXELS = 256


def asked_of(interaction: discord.Interaction[Any], place: Place) -> Asked:
    """What *interaction*, which happened at *place*, has in common with all others."""
    user = interaction.user
    return Asked(
        event=MessageId(interaction.id),
        place=place,
        user=UserId(user.id),
        name=user.display_name,
        at_ms=milliseconds(interaction.created_at),
        face=user.display_avatar.replace(size=FACE_PIXELS, format="png").url,
    )
