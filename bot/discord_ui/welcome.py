"""The message to a server that we have come to: where it goes, and its buttons."""

import re
from collections.abc import Iterator
from typing import Self

import discord

from bot.core.rights import Action
from bot.core.scene import Place
from bot.discord_ui.actions import Actions
from bot.discord_ui.convert import place_of
from bot.discord_ui.doctor import examine
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.starting import ask_who_plays, opening_of
from bot.services.welcome import CHECK


def places_for_hello(guild: discord.Guild) -> Iterator[Place]:
    """Where we may write: the channel for system messages, then the others from the top."""
    first = guild.system_channel
    for channel in (first, *(each for each in guild.text_channels if each != first)):
        if channel is None or guild.me is None:
            continue
        rights = channel.permissions_for(guild.me)
        place = place_of(channel, guild.id)
        if place is not None and rights.view_channel and rights.send_messages:
            yield place


class WelcomeButton(PressedButton, template=r"welcome:(?:check|start)"):
    """Has the server examined, or asks who plays in its first scene."""

    def __init__(self, custom_id: str) -> None:
        super().__init__(discord.ui.Button(custom_id=custom_id))

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match.string)

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        if self.item.custom_id == CHECK:
            await examine(interaction, actions)
            return
        await actions.allow(interaction, Action.START_SCENE, None)
        opening = opening_of(actions, interaction, scenario=None, length=None, greeting=0)
        await ask_who_plays(actions, interaction, opening, "here")
