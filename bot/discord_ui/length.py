"""`/length`: how long the replies are."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.lengths import Length
from bot.core.phrases import Paragraphs, phrase
from bot.core.scene import UserId
from bot.discord_ui.actions import CHOSEN_BY, SCOPES, Actions, length_choices
from bot.discord_ui.buttons import LengthSelect, view_of
from bot.discord_ui.wording import say

SCOPE_CHOICES = [
    app_commands.Choice(name=name, value=value)
    for name, value in (("scene", "scene"), ("me", "me"), ("next reply", "next"))
]


class LengthCog(commands.Cog):
    """The ten steps of the length control."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions
        app_commands.choices(step=length_choices(actions))(self.length)

    @app_commands.command()
    @app_commands.describe(
        step="From micro to unlimited; auto leaves it to the model",
        scope="Whose replies: the scene's (usual), those to me, or only the next one",
    )
    @app_commands.rename(scope="for")
    @app_commands.choices(scope=SCOPE_CHOICES)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def length(
        self,
        interaction: discord.Interaction,
        step: str | None = None,
        scope: app_commands.Choice[str] | None = None,
    ) -> None:
        """Set how long the replies are; without a step, show it and choose from a menu."""
        await interaction.response.defer(ephemeral=True)
        chosen_scope = scope.value if scope else "scene"
        if step is not None:
            told = await self._actions.set_length(interaction, Length(step), chosen_scope)
            await say(interaction, told)
            return
        head = await self._actions.scenes.live_head(self._actions.place(interaction).channel)
        chosen = await self._actions.scenes.length_for(head, UserId(interaction.user.id))
        expected = await self._actions.expected()
        view = view_of(LengthSelect(chosen_scope, expected, chosen))
        lines = [
            phrase(
                "The next reply to you will be **{name}** ({source}).",
                name=chosen.step.name,
                source=CHOSEN_BY[chosen.source],
            ),
            *(Paragraphs([f"- {step.name}: ", words], "") for step, words in expected),
            phrase("Choose the length of {scopes}:", scopes=SCOPES[chosen_scope]),
        ]
        await say(interaction, Paragraphs(lines), view=view)
