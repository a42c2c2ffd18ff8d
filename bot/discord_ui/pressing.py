"""Buttons whose ids say all about them, so that they work after a restart, too."""

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

import discord

from bot.discord_ui.actions import Actions
from bot.discord_ui.error_replies import acknowledge, received, telling

Interaction = discord.Interaction[Any]


class LastingButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"(?!)"):
    """Known again by its id."""

    @classmethod
    @abstractmethod
    def of(cls, match: re.Match[str]) -> Self:
        """The button that the id says."""

    @classmethod
    async def from_custom_id(
        cls,
        interaction: Interaction,  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
    ) -> Self:
        return cls.of(match)


class PressedButton(LastingButton, template=r"(?!)"):
    """Acknowledged before anything waits; what goes wrong is said to whoever pressed it.

    Attributes:
        is_for_everybody: also for who is kept out of the server's stories.
    """

    is_for_everybody: ClassVar[bool] = False

    async def callback(self, interaction: Interaction) -> None:
        take = received if self.is_for_everybody else acknowledge
        if not await take(interaction):
            return
        async with telling(interaction):
            await self.pressed(interaction, interaction.client.actions)

    @abstractmethod
    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        """Do what the button is for."""
