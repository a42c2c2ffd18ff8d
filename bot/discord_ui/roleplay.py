"""`/roleplay start|stop|resume|status`.

The rest of the group is in `shelf.py` and `chat_files.py`.
"""

from contextlib import suppress
from dataclasses import replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.core.errors import CharacterUnknown
from bot.core.greetings import all_greetings
from bot.core.phrases import Paragraphs, phrase
from bot.core.rights import Action
from bot.core.scene import GuardLevel, Role, UserId
from bot.discord_ui.actions import CHOSEN_BY, GUARDED, Actions, length_choices
from bot.discord_ui.cast import CastCommands, company_lines
from bot.discord_ui.chat_files import ChatFileCommands
from bot.discord_ui.convert import is_age_restricted, milliseconds, viewer_of
from bot.discord_ui.shelf import ShelfCommands
from bot.discord_ui.starting import NEW_THREAD, ask_who_plays, opening_of, start
from bot.discord_ui.wording import say, worded
from bot.services.roster import CHOICES_SHOWN

NO_GREETING = "none"
LABEL_LIMIT = 100
NAMES_SHOWN = 20
SCENARIO_LIMIT = 1000


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class RoleplayCog(
    ShelfCommands,
    ChatFileCommands,
    CastCommands,
    commands.GroupCog,
    group_name="roleplay",
    group_description="Scenes: a character answers in this channel",
):
    """Scenes: a character answers in this channel."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions
        app_commands.choices(length=length_choices(actions))(self.start)

    @app_commands.command()
    @app_commands.describe(
        character="Who plays; type a part of the name. Without one: /character default",
        scenario="Where it begins and what is going on, if not as the character has it",
        length="How long the replies are; /length changes it later",
        greeting="How the character opens the scene",
        where="Here, or in a thread of its own (in a forum: a post)",
    )
    @app_commands.choices(
        where=[app_commands.Choice(name=name, value=name) for name in ("here", NEW_THREAD)]
    )
    async def start(
        self,
        interaction: discord.Interaction,
        character: app_commands.Range[str, 1, 100] | None = None,
        scenario: app_commands.Range[str, 1, SCENARIO_LIMIT] | None = None,
        length: str | None = None,
        greeting: app_commands.Range[str, 1, 10] | None = None,
        *,
        where: str = "here",
    ) -> None:
        """Start a scene: the character greets you and answers what you write."""
        # Discord voids an interaction that is not acknowledged within 3 s:
        # nothing that waits comes before this, here and in every command.
        await interaction.response.defer(ephemeral=True)
        await self._actions.allow(interaction, Action.START_SCENE, None)
        viewer, roster = viewer_of(interaction), self._actions.roster
        wanted = character or await roster.default_for(viewer)
        found = None if wanted is None else await roster.choose(viewer, wanted)
        opening = opening_of(
            self._actions,
            interaction,
            scenario=scenario,
            length=length,
            greeting=_greeting_number(greeting, len(all_greetings(found)) if found else 10),
        )
        if found is None:
            await ask_who_plays(self._actions, interaction, opening, where)
            return
        await start(self._actions, interaction, replace(opening, character=found.key), where)

    @start.autocomplete("character")
    async def _characters(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._actions.choices(interaction, current)

    @start.autocomplete("greeting")
    async def _greetings(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        chosen = str(getattr(interaction.namespace, "character", "") or "")
        greetings: list[str] = []
        with suppress(CharacterUnknown):  # not chosen yet
            found = await self._actions.roster.choose(viewer_of(interaction), chosen)
            greetings = [*found.greetings, *map(_for_several, found.group_greetings)]
        choices = [
            app_commands.Choice(
                name=_label(f"{number}. {worded(interaction, text)}"), value=str(number)
            )
            for number, text in enumerate(greetings, start=1)
        ]
        choices.append(
            app_commands.Choice(
                name=worded(interaction, phrase("None: I write first")), value=NO_GREETING
            )
        )
        fitting = [each for each in choices if current.casefold() in each.name.casefold()]
        return fitting[:CHOICES_SHOWN]

    @app_commands.command()
    async def stop(self, interaction: discord.Interaction) -> None:
        """Stop the scene; its story is kept for /roleplay resume."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        head = await self._actions.scenes.live_head(channel)
        await self._actions.allow(interaction, Action.END_SCENE, head)
        await self._actions.scenes.set_live(channel, live=False)
        self._actions.pipeline.stop(channel)
        await say(
            interaction,
            phrase(
                "The scene with **{character_name}** is stopped. `/roleplay resume` "
                "goes on with it; a new `/roleplay start` here replaces it.",
                character_name=head.character_name,
            ),
        )

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Go on with the scene that was stopped here."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        await self._actions.allow(
            interaction, Action.END_SCENE, await self._actions.scenes.head(channel)
        )
        self._actions.require_own_rights(interaction)
        is_adult_place = is_age_restricted(interaction.channel)
        head = await self._actions.scenes.resume(
            channel,
            is_age_restricted=is_adult_place,
            at_ms=milliseconds(interaction.created_at),
        )
        await say(
            interaction,
            phrase(
                "The scene with **{character_name}** goes on.", character_name=head.character_name
            ),
        )

    @app_commands.command()
    async def status(self, interaction: discord.Interaction) -> None:
        """Show who plays here, since when, and how long replies are."""
        await interaction.response.defer(ephemeral=True)
        channel = self._actions.place(interaction).channel
        scene = await self._actions.scenes.read(channel)
        if scene is None:
            text = phrase("There is no scene here. Start one with /roleplay start.")
            await say(interaction, text)
            return
        head = scene.head
        chosen = await self._actions.scenes.length_for(head, UserId(interaction.user.id))
        replies = sum(turn.role is Role.CHARACTER for turn in scene.turns)
        name = head.character_name
        state = (
            phrase("The scene with **{name}** is live.", name=name)
            if head.live
            else phrase(
                "The scene with **{name}** is stopped (`/roleplay resume` goes on with it).",
                name=name,
            )
        )
        lines = [
            state,
            phrase(
                "Started <t:{started_ms}:R> by <@{owner}>.",
                started_ms=head.started_ms // 1000,
                owner=head.owner,
            ),
            phrase(
                "Turns so far: {count}, {replies} of them the character's.",
                count=len(scene.turns),
                replies=replies,
            ),
            phrase("Players: {players}.", players=_listed(tuple(head.players.values()))),
            phrase(
                "Length of the next reply to you: **{name}** ({source}).",
                name=chosen.step.name,
                source=CHOSEN_BY[chosen.source],
            ),
        ]
        lines += company_lines(self._actions, head)
        if head.guard is GuardLevel.STRICT:
            lines.append(
                phrase(
                    "Guard level: **{guard}**: {guarded}",
                    guard=head.guard,
                    guarded=GUARDED[head.guard],
                )
            )
        if self._actions.pipeline.is_writing(channel):
            lines.append(phrase("A reply is being written."))
        await say(interaction, Paragraphs(lines), allowed_mentions=discord.AllowedMentions.none())


def _greeting_number(text: str | None, available: int) -> int | None:
    """Index of the chosen greeting: the first unless one is chosen; None for none."""
    if text is None:
        return 0
    if text.strip().casefold() == NO_GREETING:
        return None
    return min(max(int(text), 1), max(available, 1)) - 1 if text.strip().isdecimal() else 0


def _for_several(greeting: str) -> str:
    return phrase("For several: {greeting}", greeting=greeting)


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return phrase("nobody has written yet")
    shown = ", ".join(names[:NAMES_SHOWN])
    if len(names) <= NAMES_SHOWN:
        return shown
    return phrase("{shown} and {count} more", shown=shown, count=len(names) - NAMES_SHOWN)


def _label(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LABEL_LIMIT else line[: LABEL_LIMIT - 1] + "…"
