"""`/persona`: whom a player plays, and where. Its answers are ephemeral."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.core.errors import StoreUnavailable, UserError
from bot.core.names import NAME_CHARACTERS
from bot.core.personas import (
    FACE_CHARACTERS,
    PERSONA_CHARACTERS,
    PlayerPersona,
    Scope,
    Wardrobe,
    check_face,
    face_address,
)
from bot.core.phrases import Paragraphs, counted, joined, phrase
from bot.core.plain_text import shortened
from bot.core.scene import Place, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.asking import asked_of
from bot.discord_ui.error_replies import is_over, tell
from bot.discord_ui.gate import let_in
from bot.discord_ui.staff import meet
from bot.discord_ui.wording import open_form, say
from bot.services.roster import CHOICES_SHOWN

OPEN_WITHIN_S = 2.0
"""A form is the first answer to a command, which Discord wants within three seconds."""
_FORM = re.compile(r"persona:(?P<scope>scene|server|everywhere):(?P<name>.{1,64})", re.DOTALL)
_TEXT = "text"
_TEXT_INPUT = 4
_BEGINNING = 60
_NOBODY = phrase("You have no personas. `/persona set` makes one.")

WHERE: Mapping[Scope, str] = {
    Scope.SCENE: phrase("in this channel or thread"),
    Scope.SERVER: phrase("on this server"),
    Scope.EVERYWHERE: phrase("everywhere"),
}
_SCOPES = [
    app_commands.Choice(name=name, value=scope.value)
    for scope, name in (
        (Scope.SCENE, "this scene: this channel or thread"),
        (Scope.SERVER, "this server"),
        (Scope.EVERYWHERE, "everywhere"),
    )
]
Name = app_commands.Range[str, 1, NAME_CHARACTERS]


class PersonaForm(discord.ui.Modal, title=phrase("Your persona")):
    """Holds what the model is told of a persona. Sent off, it goes to `on_interaction`."""

    def __init__(self, name: str, scope: Scope, text: str) -> None:
        super().__init__(custom_id=f"persona:{scope}:{name}", timeout=None)
        field: discord.ui.TextInput[Any] = discord.ui.TextInput(
            style=discord.TextStyle.paragraph,
            custom_id=_TEXT,
            default=text,
            max_length=PERSONA_CHARACTERS,
            required=False,
        )
        self.add_item(discord.ui.Label(text=phrase("Who is {name}?", name=name), component=field))


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class PersonaCog(
    commands.GroupCog,
    group_name="persona",
    group_description="Whom you play in stories",
):
    """Personas of whoever asks."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command(name="set")
    @app_commands.describe(
        name="What the persona is called; one that you have is changed",
        description="Who they are, for the model; leave all out to write it in a form",
        scope="Where you play them; usually on this server",
        avatar="A picture for lines that I send for you",
        picture="The address of one instead; “none” takes it away",
    )
    @app_commands.choices(scope=_SCOPES)
    async def set_(
        self,
        interaction: discord.Interaction,
        name: Name,
        description: str | None = None,
        scope: str | None = None,
        avatar: discord.Attachment | None = None,
        *,
        picture: app_commands.Range[str, 1, FACE_CHARACTERS] | None = None,
    ) -> None:
        """Make or change a persona, and play it from now on."""
        personas = self._actions.personas
        place = self._actions.place(interaction)
        chosen = _scope_of(scope, place)
        if description is None and avatar is None and picture is None:
            await self._open(interaction, name, chosen)
            return
        await interaction.response.defer(ephemeral=True)
        await meet(personas.staff, interaction)
        wardrobe = await personas.put(
            asked_of(interaction, place),
            name,
            chosen,
            text=description,
            face=_face_of(avatar, picture),
        )
        await say(interaction, _played(wardrobe, chosen, place))

    @app_commands.command()
    @app_commands.describe(name="Whom you play", scope="Where; usually on this server")
    @app_commands.choices(scope=_SCOPES)
    async def use(
        self, interaction: discord.Interaction, name: Name, scope: str | None = None
    ) -> None:
        """Play one of your personas from now on; what was said stays as it was."""
        await interaction.response.defer(ephemeral=True)
        personas = self._actions.personas
        place = self._actions.place(interaction)
        chosen = _scope_of(scope, place)
        await meet(personas.staff, interaction)
        wardrobe = await personas.use(asked_of(interaction, place), name, chosen)
        await say(interaction, _played(wardrobe, chosen, place))

    @app_commands.command()
    @app_commands.describe(name="Which of yours; usually whom you play here")
    async def show(self, interaction: discord.Interaction, name: Name | None = None) -> None:
        """Show whom you play here, or another persona of yours."""
        await interaction.response.defer(ephemeral=True)
        place = self._actions.place(interaction)
        wardrobe = await self._actions.personas.all_of(UserId(interaction.user.id))
        worn = wardrobe.worn(place)
        if name is None and worn is None:
            own = escape_markdown(interaction.user.display_name)
            await say(interaction, phrase("You play yourself here: **{own}**.", own=own))
            return
        persona = worn[0] if name is None and worn is not None else wardrobe.named(name or "")
        told = _described(persona)
        if worn is not None and worn[0] is persona:
            told = phrase("You play {told}", told=told) if name is None else told
        embeds = [discord.Embed().set_image(url=persona.face)] if persona.face else []
        await say(interaction, told, embeds=embeds)

    @app_commands.command(name="list")
    async def list_(self, interaction: discord.Interaction) -> None:
        """List your personas, and where you play them."""
        await interaction.response.defer(ephemeral=True)
        place = self._actions.place(interaction)
        wardrobe = await self._actions.personas.all_of(UserId(interaction.user.id))
        lines = [_line(wardrobe, persona, place) for persona in wardrobe.personas]
        await say(interaction, Paragraphs(lines) or _NOBODY)

    @app_commands.command()
    @app_commands.describe(
        name="Forget this persona altogether", scope="Where to play nobody; usually here"
    )
    @app_commands.choices(scope=_SCOPES)
    async def clear(
        self,
        interaction: discord.Interaction,
        name: Name | None = None,
        scope: str | None = None,
    ) -> None:
        """Play yourself again, or forget a persona; what was said stays as it was."""
        await interaction.response.defer(ephemeral=True)
        personas, place = self._actions.personas, self._actions.place(interaction)
        if name is not None and scope is not None:
            raise UserError(
                phrase("Give a name to forget a persona, or a scope to put one off; not both.")
            )
        asked = asked_of(interaction, place)
        if name is not None:
            wardrobe = await personas.forget(asked, name)
            told = phrase(
                "**{name}** is forgotten. What they have said stays.", name=escape_markdown(name)
            )
        else:
            wardrobe = await personas.put_off(asked, None if scope is None else Scope(scope))
            told = ""
        await say(interaction, joined(told, _here(wardrobe, asked.name, place)))

    @set_.autocomplete("name")
    @use.autocomplete("name")
    @show.autocomplete("name")
    @clear.autocomplete("name")
    async def _names(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        wardrobe = await self._actions.personas.all_of(UserId(interaction.user.id))
        wanted = current.strip().casefold()
        found = [each.name for each in wardrobe.personas if wanted in each.name.casefold()]
        return [app_commands.Choice(name=name, value=name) for name in found[:CHOICES_SHOWN]]

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """A form was sent off, whichever process has opened it."""
        data: Mapping[str, Any] = interaction.data or {}
        form = _FORM.fullmatch(str(data.get("custom_id", "")))
        if interaction.type is not discord.InteractionType.modal_submit or form is None:
            return
        text = next(_texts(data.get("components", ())), "")
        try:
            await interaction.response.defer(ephemeral=True, thinking=True)
        except discord.HTTPException as error:
            if not is_over(error):
                raise
            return
        try:
            await let_in(interaction)
            told = await self._submit(interaction, form["name"], Scope(form["scope"]), text)
            await say(interaction, told)
        except Exception as error:  # noqa: BLE001  # the boundary of a form, as Tree.on_error is of a command
            await tell(interaction, error)
            if text.strip():  # what somebody has typed is not lost with the form
                await say(interaction, phrase("Here is what you wrote:\n{text}", text=text))

    async def _submit(
        self, interaction: discord.Interaction[Any], name: str, scope: Scope, text: str
    ) -> str:
        personas, place = self._actions.personas, self._actions.place(interaction)
        await meet(personas.staff, interaction)
        asked = asked_of(interaction, place)
        wardrobe = await personas.put(asked, name, scope, text=text)
        return _played(wardrobe, scope, place)

    async def _open(self, interaction: discord.Interaction, name: str, scope: Scope) -> None:
        """Answer with the form for a persona, which may be there already."""
        personas, place = self._actions.personas, self._actions.place(interaction)
        try:
            async with asyncio.timeout(OPEN_WITHIN_S):
                called, text = await personas.opened(asked_of(interaction, place), name)
        except TimeoutError:
            raise StoreUnavailable("no answer in time for a form") from None
        form = PersonaForm(called, scope, text)
        await open_form(interaction, form)
        form.stop()  # discord.py would keep it until it comes back, which it may never do


def _scope_of(scope: str | None, place: Place) -> Scope:
    if scope is not None:
        return Scope(scope)
    return Scope.EVERYWHERE if place.guild is None else Scope.SERVER


def _face_of(avatar: discord.Attachment | None, picture: str | None) -> str | None:
    """The address of the picture that was given; empty to have none, None to leave it."""
    if avatar is not None and picture is not None:
        raise UserError(phrase("Give either a picture or its address, not both."))
    if avatar is not None:
        check_face(avatar.content_type or "", avatar.size, (avatar.width, avatar.height))
        return avatar.url
    if picture is None:
        return None
    return "" if picture.strip().casefold() == "none" else face_address(picture)


def _played(wardrobe: Wardrobe, scope: Scope, place: Place) -> str:
    """What to say when a persona was chosen."""
    chosen = wardrobe.chosen_for(scope, place)
    name = chosen.name if chosen is not None else ""
    told = phrase(
        "You play **{name}** {where} from now on.", name=escape_markdown(name), where=WHERE[scope]
    )
    worn = wardrobe.worn(place)
    if worn is None or worn[0] is chosen:
        return phrase("{told} What was said stays as it was.", told=told)
    return phrase(
        "{told} Here you are still {persona}; `/persona clear` changes that.",
        told=told,
        persona=_chosen(*worn),
    )


def _here(wardrobe: Wardrobe, own: str, place: Place) -> str:
    """Who the player is there."""
    worn = wardrobe.worn(place)
    if not worn:
        return phrase("Here you play yourself: **{own}**.", own=escape_markdown(own))
    return phrase("Here you play {persona}.", persona=_chosen(*worn))


def _chosen(persona: PlayerPersona, scope: Scope) -> str:
    return phrase(
        "**{name}**, whom you play {where}", name=escape_markdown(persona.name), where=WHERE[scope]
    )


def _described(persona: PlayerPersona) -> str:
    text = persona.text or phrase("Nothing is told of them.")
    return Paragraphs([f"**{escape_markdown(persona.name)}**\n>>> ", text], "")


def _line(wardrobe: Wardrobe, persona: PlayerPersona, place: Place) -> str:
    scopes = [WHERE[scope] for scope in Scope if wardrobe.chosen_for(scope, place) is persona]
    elsewhere = wardrobe.places_of(persona) - len(scopes)
    if elsewhere:
        scopes.append(
            counted(
                elsewhere,
                phrase("in 1 other place"),
                phrase("in {count} other places", count=elsewhere),
            )
        )
    name = f"**{escape_markdown(persona.name)}**"
    played = phrase("{name} (played {scopes})", name=name, scopes=Paragraphs(scopes, ", "))
    text = escape_markdown(shortened(persona.text, _BEGINNING))
    return Paragraphs([played if scopes else name, *([text] if text else [])], ": ")


def _texts(components: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What stands in the form's field, whatever it is wrapped in."""
    for each in components:
        if each.get("type") == _TEXT_INPUT and each.get("custom_id") == _TEXT:
            yield str(each.get("value", ""))
        inner = each.get("component")
        yield from _texts((*each.get("components", ()), *([inner] if inner else [])))
