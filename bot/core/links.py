"""Addresses under which Discord's clients show a channel or a message."""

from bot.core.scene import MessageId, Place

_BASE = "https://discord.com/channels"


def link_to(place: Place, message: MessageId | None = None) -> str:
    """Where the channel is, or that message in it."""
    channel = f"{_BASE}/{place.guild or '@me'}/{place.channel}"
    return channel if message is None else f"{channel}/{message}"
