"""What commands and buttons have in common: rights checked, then the service called."""

from dataclasses import dataclass

import discord

from bot.core.errors import UserError
from bot.core.lengths import Length
from bot.core.rights import Action, may
from bot.core.scene import ChannelId, Place, SceneHead, TurnId, UserId
from bot.discord_ui.convert import member_of, place_of
from bot.services.scenes import Scenes
from bot.services.turns import TurnPipeline

SCOPES = {
    "scene": "this scene's replies",
    "me": "every reply to you",
    "next": "the next reply",
}


@dataclass(frozen=True, slots=True)
class Actions:
    """The services, behind the rights of whoever asks. All raise UserError with a sentence."""

    scenes: Scenes
    pipeline: TurnPipeline

    def place(self, interaction: discord.Interaction) -> Place:
        """Where the interaction happened.

        Raises:
            UserError: scenes cannot be played there.
        """
        place = place_of(interaction.channel, interaction.guild_id)
        if place is None:
            raise UserError("Scenes play in text channels, threads and direct messages.")
        return place

    def allow(
        self, interaction: discord.Interaction, action: Action, scene: SceneHead | None
    ) -> None:
        """Raise UserError unless whoever asked may do *action*."""
        if may(action, member_of(interaction), scene):
            return
        if action in (Action.END_SCENE, Action.SET_SCENE_LENGTH):
            raise UserError(
                f"Only the one who started the scene and moderators may {action.value}."
            )
        raise UserError(f"You need the right to write here to {action.value}.")

    def require_own_rights(self, interaction: discord.Interaction) -> None:
        """Raise UserError where we could not even say that something went wrong."""
        granted = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        may_send = granted.send_messages_in_threads if in_thread else granted.send_messages
        if interaction.guild_id is None or (granted.view_channel and may_send):
            return
        right = "Send Messages in Threads" if in_thread else "Send Messages"
        raise UserError(
            f"I may not write here. Give me View Channel and {right} in this channel, then try "
            "again."
        )

    async def stop_reply(self, interaction: discord.Interaction) -> bool:
        """End the reply in the making; False if there is none."""
        self.allow(interaction, Action.STOP_REPLY, None)
        return self.pipeline.stop(self.place(interaction).channel)

    async def retry_reply(self, interaction: discord.Interaction, turn: TurnId) -> bool:
        """Ask again for the reply to *turn*; False if it is being written already."""
        self.allow(interaction, Action.RETRY_REPLY, None)
        return await self.pipeline.retry(self.place(interaction).channel, turn)

    async def set_length(self, interaction: discord.Interaction, step: Length, scope: str) -> str:
        """Choose a length for *scope*, one of `SCOPES`; returns what to tell the member."""
        channel = ChannelId(self.place(interaction).channel)
        user = UserId(interaction.user.id)
        if scope == "me":
            await self.scenes.set_user_length(user, step)
            return _said(step, scope)
        head = await self.scenes.live_head(channel)
        if scope == "next":
            self.allow(interaction, Action.RETRY_REPLY, head)
            await self.scenes.set_next_length(channel, step)
            return _said(step, scope)
        self.allow(interaction, Action.SET_SCENE_LENGTH, head)
        await self.scenes.set_length(channel, step)
        chosen = await self.scenes.length_for(await self.scenes.live_head(channel), user)
        told = _said(step, scope)
        if chosen.step is not step:
            told += f" The next reply to you stays {chosen.step} ({chosen.source})."
        return told


def _said(step: Length, scope: str) -> str:
    if step is Length.AUTO:
        return f"Length of {SCOPES[scope]}: **auto**, as the model sees fit."
    return f"Length of {SCOPES[scope]}: **{step}**."
