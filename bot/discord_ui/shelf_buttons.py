"""Buttons and menus under answers about whole stories. All live through restarts."""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.core.errors import UserError
from bot.core.lengths import Length
from bot.core.links import link_to
from bot.core.phrases import phrase
from bot.core.scene import ChannelId, MessageId, Place, SceneHead, UserId
from bot.core.store_answers import Saved
from bot.discord_ui import shelf_actions
from bot.discord_ui.actions import Actions
from bot.discord_ui.buttons import view_of
from bot.discord_ui.convert import is_age_restricted, milliseconds, viewer_of
from bot.discord_ui.error_replies import acknowledge, telling
from bot.discord_ui.pressing import Interaction, PressedButton
from bot.discord_ui.wording import say, say_in_place
from bot.services.scene_list import ListedScene
from bot.services.scenes import Opening
from bot.services.shelf import Replaced

ID_CHARACTERS = 100
OPTIONS = 25
LABEL_CHARACTERS = 100
BEGUN_ANEW = phrase("The story begins anew.")
KEEP_LABELS = {"resume": phrase("Resume"), "cancel": phrase("Cancel")}
LOADED = phrase("The story is loaded.")


class UndoButton(
    PressedButton,
    template=r"back:(?P<name>(?:restart|load|import) \d{1,20})",
):
    """Brings back the story that was replaced."""

    def __init__(self, name: str) -> None:
        super().__init__(
            discord.ui.Button(label=phrase("Undo"), emoji="↩️", custom_id=f"back:{name}")
        )
        self.name = name

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["name"])

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        head = await shelf_actions.take_back(actions, interaction, self.name)
        told = phrase(
            "The story with **{character_name}** is back as it was.",
            character_name=head.character_name,
        )
        await say_in_place(interaction, told, view=None)


class KeepButton(PressedButton, template=r"start:(?P<what>resume|cancel)"):
    """Leaves the live scene as it is."""

    def __init__(self, what: str) -> None:
        super().__init__(discord.ui.Button(label=KEEP_LABELS[what], custom_id=f"start:{what}"))
        self.what = what

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match["what"])

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        told = phrase("Nothing was changed.")
        if self.what == "resume":
            place = actions.place(interaction)
            head = await actions.scenes.live_head(place.channel)
            told = phrase(
                "The scene with **{character_name}** goes on. Just write.",
                character_name=head.character_name,
            )
        await say_in_place(interaction, told, view=None, embeds=[])


class StartOverButton(
    PressedButton,
    template=(
        r"start:anew:(?P<began>\d{1,20}):(?P<greeting>none|\d{1,2}):(?P<length>[a-z]*)"
        r":(?P<character>.+)"
    ),
):
    """Begins another scene in place of the one that was live when this was asked.

    What was asked for stands in its id; the scenario, which has no room there, in
    the embed above it.
    """

    def __init__(self, custom_id: str) -> None:
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=phrase("Restart"), style=discord.ButtonStyle.danger, custom_id=custom_id
        )
        super().__init__(button)

    @classmethod
    def for_opening(cls, opening: Opening, head: SceneHead) -> Self:
        """A button that begins what *opening* asks for in place of *head*."""
        greeting = "none" if opening.greeting is None else opening.greeting
        wish = f"{greeting}:{opening.length or ''}:{opening.character}"
        custom_id = f"start:anew:{head.started_ms}:{wish}"
        if len(custom_id) > ID_CHARACTERS:
            raise UserError(
                phrase(
                    "A scene is live here. Use /roleplay stop first, then /roleplay start again."
                )
            )
        return cls(custom_id)

    @classmethod
    def of(cls, match: re.Match[str]) -> Self:
        return cls(match.string)

    async def pressed(self, interaction: Interaction, actions: Actions) -> None:
        found = self.template.fullmatch(self.item.custom_id or "")
        if found is None:
            raise UserError(phrase("This button is too old. Use /roleplay start again."))
        was = await shelf_actions.start_over(
            actions,
            interaction,
            await _wished(actions, interaction, found),
            instead_of=int(found["began"]),
        )
        told, view = told_of(BEGUN_ANEW, was)
        await say_in_place(interaction, told, view=view, embeds=[])


class ShelfSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=r"shelf:pick"):
    """Goes to one of the server's scenes, or loads one of the channel's saved stories."""

    def __init__(self, options: Sequence[discord.SelectOption]) -> None:
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id="shelf:pick",
            placeholder=phrase("Go to a scene, or load a story"),
            options=[*options],
        )
        super().__init__(select)

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003  # discord.py's signature
        item: discord.ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003
    ) -> Self:
        options = item.options if isinstance(item, discord.ui.Select) else []
        return cls(options)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        if not await acknowledge(interaction):
            return
        actions: Actions = interaction.client.actions
        kind, _, value = self.item.values[0].partition(":")
        async with telling(interaction):
            if kind == "load":
                was = await shelf_actions.load(actions, interaction, value)
                told, view = told_of(LOADED, was)
                await say_in_place(interaction, told, view=view)
                return
            here = actions.place(interaction)
            channel, _, message = value.partition(":")
            place = Place(ChannelId(int(channel)), here.guild, None)
            link = link_to(place, MessageId(int(message)) if message else None)
            await say(interaction, link)


def told_of(sentence: str, was: Replaced) -> tuple[str, discord.ui.View]:
    """*sentence* and what becomes of the story that was there, with the button for that."""
    if was.undo:
        told = phrase(
            "{sentence} For ten minutes, Undo brings back the story that was here.",
            sentence=sentence,
        )
        return told, view_of(UndoButton(was.undo))
    told = phrase(
        "{sentence} The one that was here is long, and was saved as **{copy}**.",
        sentence=sentence,
        copy=was.copy,
    )
    return told, view_of()


def question(opening: Opening, head: SceneHead) -> discord.ui.View:
    """What becomes of the live scene: Resume, Restart, Cancel."""
    anew = StartOverButton.for_opening(opening, head)
    return view_of(KeepButton("resume"), anew, KeepButton("cancel"))


async def _wished(
    actions: Actions, interaction: discord.Interaction[Any], found: re.Match[str]
) -> Opening:
    character = await actions.roster.choose(viewer_of(interaction), found["character"])
    above = interaction.message.embeds if interaction.message is not None else []
    return Opening(
        event=MessageId(interaction.id),
        place=actions.place(interaction),
        owner=UserId(interaction.user.id),
        owner_name=interaction.user.display_name,
        character=character.key,
        at_ms=milliseconds(interaction.created_at),
        scenario=(above[0].description or "") if above else "",
        length=Length(found["length"]) if found["length"] else None,
        greeting=None if found["greeting"] == "none" else int(found["greeting"]),
        is_age_restricted=is_age_restricted(interaction.channel),
    )


def picked_from(
    scenes: Sequence[ListedScene], saves: Sequence[Saved]
) -> Sequence[discord.SelectOption]:
    """The options of `ShelfSelect`: the channel's stories first, then the scenes that fit."""
    options = [
        discord.SelectOption(
            label=phrase("Load “{name}”", name=save.name),
            description=phrase(
                "{character_name}, {turns} turns",
                character_name=save.character_name,
                turns=save.turns,
            ),
            value=f"load:{save.name}",
            emoji="📖",
        )
        for save in saves
    ]
    options += [
        discord.SelectOption(
            label=phrase("Go to {name}", name=scene.character_name),
            description=scene.last[:LABEL_CHARACTERS] or None,
            value=f"go:{scene.place.channel}" + (f":{scene.message}" if scene.message else ""),
        )
        for scene in scenes
    ]
    return options[:OPTIONS]


SHELF_ITEMS = (UndoButton, KeepButton, StartOverButton, ShelfSelect)
