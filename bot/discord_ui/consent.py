"""What somebody chooses who is new in a shared story; only they see the answer."""

import re
from contextlib import suppress
from typing import Self

import discord

from bot.core.errors import UserError
from bot.core.phrases import joined, phrase
from bot.core.privacy import Reach
from bot.core.scene import UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import milliseconds
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.privacy import OPTED_OUT, ForgetButton, receipt
from bot.discord_ui.wording import say
from bot.services.newcomers import JOIN, NEVER, READ_ONLY


class ConsentButton(
    PressedButton,
    template=rf"consent:(?P<choice>{JOIN}|{READ_ONLY}|{NEVER}):(?P<user>\d{{1,20}})",
):
    """Posted elsewhere; here it is only recognised."""

    is_for_everybody = True

    def __init__(self, choice: str, user: int, custom_id: str) -> None:
        super().__init__(discord.ui.Button(custom_id=custom_id))
        self.choice = choice
        self.user = user

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["choice"], int(match["user"]), match.string)

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        if interaction.user.id != self.user:
            raise UserError(phrase("That asks somebody else. `/privacy` is yours."))
        await self._choose(interaction, actions)
        with suppress(discord.HTTPException):  # its time may be over
            await interaction.delete_original_response()

    async def _choose(self, interaction: Interaction, actions: Actions) -> None:
        if self.choice == JOIN:
            await say(interaction, phrase("You play along. `/privacy` shows what is stored."))
            return
        user, place = UserId(interaction.user.id), actions.place(interaction)
        is_never = self.choice == NEVER
        guild = None if is_never else place.guild
        at_ms = milliseconds(interaction.created_at)
        await actions.privacy.opt_out(user, guild, at_ms=at_ms)
        done = receipt(await actions.privacy.forget(user, Reach.HERE, place), Reach.HERE)
        if is_never:
            view = view_of(ForgetButton(Reach.EVERYWHERE), ForgetButton(None))
            await say(interaction, joined(done, OPTED_OUT, between="\n"), view=view)
            return
        told = phrase(
            "You read along: nothing that you write on this server is stored. `/privacy optin` "
            "takes that back."
        )
        await say(interaction, joined(told, done, between="\n"))
