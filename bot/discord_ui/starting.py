"""Starting a scene where it was asked for, and asking who plays where nobody was named."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import discord

from bot.core.errors import UserError
from bot.core.lengths import Length
from bot.core.links import link_to
from bot.core.phrases import Paragraphs, phrase
from bot.core.rights import Action
from bot.core.scene import NO_CHARACTER, MessageId, UserId
from bot.discord_ui import shelf_actions
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import is_age_restricted, milliseconds, viewer_of
from bot.discord_ui.error_replies import acknowledge, telling
from bot.discord_ui.shelf_buttons import question
from bot.discord_ui.wording import say
from bot.services.scenes import Opening

NEW_THREAD = phrase("new thread")

WHO_PLAYS = phrase(
    "Who plays? `/roleplay start character:` finds every character by a part of its name, and "
    "`/character default` chooses who plays where none is named."
)


class WhoPlaysSelect(
    discord.ui.DynamicItem[discord.ui.Select[Any]],
    template=r"start:who:(?P<where>here|thread):(?P<greeting>none|\d{1,2}):(?P<length>[a-z]*)",
):
    """Chooses who plays in a scene that was asked for without a name.

    What else was asked for stands in its id; the scenario in the embed above it.
    """

    def __init__(self, custom_id: str, options: Sequence[discord.SelectOption]) -> None:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=custom_id, placeholder=phrase("Choose a character"), options=[*options]
        )
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],
        match: re.Match[str],
    ) -> Self:
        options = item.options if isinstance(item, discord.ui.Select) else []
        return cls(match.string, options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        async with telling(interaction):
            await actions.allow(interaction, Action.START_SCENE, None)
            found = self.template.fullmatch(self.item.custom_id or "")
            if found is None:
                raise UserError(phrase("This list is too old. Use /roleplay start again."))
            who = await actions.roster.choose(viewer_of(interaction), self.item.values[0])
            above = interaction.message.embeds if interaction.message is not None else []
            opening = opening_of(
                actions,
                interaction,
                scenario=(above[0].description or "") if above else "",
                length=found["length"],
                greeting=None if found["greeting"] == "none" else int(found["greeting"]),
            )
            where = NEW_THREAD if found["where"] == "thread" else "here"
            await start(actions, interaction, replace(opening, character=who.key), where)


def opening_of(
    actions: Actions,
    interaction: discord.Interaction,
    *,
    scenario: str | None,
    length: str | None,
    greeting: int | None,
) -> Opening:
    """What was asked for, but who plays."""
    return Opening(
        event=MessageId(interaction.id),
        place=actions.place(interaction),
        owner=UserId(interaction.user.id),
        owner_name=interaction.user.display_name,
        character=NO_CHARACTER,
        at_ms=milliseconds(interaction.created_at),
        scenario=scenario or "",
        length=Length(length) if length else None,
        greeting=greeting,
        is_age_restricted=is_age_restricted(interaction.channel),
    )


async def ask_who_plays(
    actions: Actions, interaction: discord.Interaction, opening: Opening, where: str
) -> None:
    """Offer whoever may play here."""
    greeting = "none" if opening.greeting is None else opening.greeting
    place = "thread" if where == NEW_THREAD else "here"
    options = [
        discord.SelectOption(label=choice.name, value=str(choice.value))
        for choice in await actions.choices(interaction, "")
    ]
    if not options:
        raise UserError(phrase("No character may play in this channel."))
    embeds = [discord.Embed(title=phrase("Scenario"), description=opening.scenario)]
    select = WhoPlaysSelect(f"start:who:{place}:{greeting}:{opening.length or ''}", options)
    await say(
        interaction, WHO_PLAYS, view=view_of(select), embeds=embeds if opening.scenario else []
    )


async def start(
    actions: Actions, interaction: discord.Interaction, opening: Opening, where: str
) -> None:
    """Begin the scene; where one is live, ask what becomes of it."""
    if where == NEW_THREAD:
        place = await shelf_actions.start_in_thread(actions, interaction, opening)
        name = actions.scenes.character(opening.character).name
        told = phrase(
            "The scene with **{name}** is on in a thread of its own: {place}",
            name=name,
            place=link_to(place),
        )
        await say(interaction, told)
        return
    actions.require_own_rights(interaction)
    before = await actions.scenes.head(opening.place.channel)
    if before is not None and before.live:
        name = actions.scenes.character(opening.character).name
        embeds = [discord.Embed(title=phrase("Scenario"), description=opening.scenario)]
        await say(
            interaction,
            phrase(
                "A scene with **{character_name}** is live here. Resume goes on with "
                "it; Restart begins one with **{name}** in its place.",
                character_name=before.character_name,
                name=name,
            ),
            view=question(opening, before),
            embeds=embeds if opening.scenario else [],
        )
        return
    head = await actions.scenes.start(opening)
    await actions.note_start(interaction)
    told = phrase(
        "The scene with **{character_name}** is on. Just write what you say or "
        "do. A line in ((double brackets)) stays out of the story, `/length` "
        "changes how long the replies are, and `/roleplay stop` ends it.",
        character_name=head.character_name,
    )
    if weakness := actions.weakness(interaction):
        told = Paragraphs([told, weakness])
    await say(interaction, told)
