"""`/lore add|list|edit|remove|import|test`: what the characters are told when it comes up."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands
from discord.utils import escape_markdown

from bot.core.characters import Character
from bot.core.errors import CharacterUnknown, UserError
from bot.core.lore_entries import EntryChange, Kept, line_of
from bot.core.lore_rules import Told, Why
from bot.core.lorebook import DEPTH, Position
from bot.core.phrases import Paragraphs, phrase
from bot.core.plain_text import shortened
from bot.core.rights import Action, may
from bot.core.scene import SceneHead, UserId
from bot.discord_ui.actions import Actions
from bot.discord_ui.convert import is_age_restricted
from bot.discord_ui.lore_form import open_form, ref_of, submitted
from bot.discord_ui.wording import say, worded
from bot.services.lorebooks import USUAL_BOOK, EntryRef, Trial, Where, check_size
from bot.services.roster import CHOICES_SHOWN

TOLD_CHARACTERS = 1_800
LINE_CHARACTERS = 90
FETCHED_WITHIN_S = 20.0
_BOOK = "book:"
_POSITIONS = {
    "before the character": Position(before=True),
    "after the scenario": Position(),
    "among the last lines": Position(depth=DEPTH),
}
_WHY = {
    Why.ALWAYS: phrase("always told"),
    Why.STAYS: phrase("told shortly before"),
    Why.SECONDARY: phrase("its secondary keys say no"),
    Why.TERMS: phrase("a decorator says no"),
    Why.CHANCE: phrase("chance said no"),
    Why.FULL: phrase("no room left"),
}
WHERE = [
    app_commands.Choice(name="this channel, and its threads", value=Where.CHANNEL),
    app_commands.Choice(name="the whole server", value=Where.SERVER),
]
POSITIONS = [app_commands.Choice(name=name, value=name) for name in _POSITIONS]

Keys = app_commands.Range[str, 1, 500]
Text = app_commands.Range[str, 1, 4000]
Name = app_commands.Range[str, 1, 80]


@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
@app_commands.allowed_installs(guilds=True, users=False)
class LoreCog(
    commands.GroupCog, group_name="lore", group_description="What characters know when it comes up"
):
    """Lorebooks. Answers are ephemeral: lore may be a secret until it comes up."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self._actions = actions

    @app_commands.command()
    @app_commands.describe(
        text="What the reply is told",
        keys="Words that bring it up, with commas between; /…/ is a regular expression",
        always="Told with every reply, whatever is said",
        name="What you call it",
        also="Further words of which one has to be there, too",
        position="Where it stands in the prompt",
        where="Who is told; this channel if you do not say",
        book="The lorebook it goes into",
    )
    @app_commands.choices(where=WHERE, position=POSITIONS)
    async def add(
        self,
        interaction: discord.Interaction,
        text: Text,
        *,
        keys: Keys | None = None,
        always: bool | None = None,
        name: Name | None = None,
        also: Keys | None = None,
        position: str | None = None,
        where: str = Where.CHANNEL,
        book: app_commands.Range[str, 1, 40] = USUAL_BOOK,
    ) -> None:
        """Tell the characters here something whenever it comes up."""
        await interaction.response.defer(ephemeral=True)
        await self._allow(interaction, Where(where))
        change = EntryChange(keys, text, name, also, always, position=_position(position))
        place = self._actions.place(interaction)
        into = await self._actions.lorebooks.add(place, Where(where), change, book=book)
        await say(
            interaction,
            phrase(
                "Noted in the lorebook **{into}**. `/lore test` tries it out.",
                into=escape_markdown(into),
            ),
        )

    @app_commands.command(name="list")
    async def list_(self, interaction: discord.Interaction) -> None:
        """Show the lorebooks of this channel and the server."""
        await interaction.response.defer(ephemeral=True)
        head = await self._allow(interaction, Where.CHANNEL)
        found = await self._actions.lorebooks.books(self._actions.place(interaction))
        lines = [line for where, kept in found for line in _book_lines(where, kept)]
        character = self._character(head)
        if character is not None and character.book is not None:
            count = len(character.book.entries)
            lines.append(
                phrase(
                    "**{name}** brings a lorebook: {count}.",
                    name=escape_markdown(character.name),
                    count=count,
                )
            )
        told = (
            _clipped(lines) if lines else phrase("There is no lore here. `/lore add` begins some.")
        )
        await say(interaction, told)

    @app_commands.command()
    @app_commands.describe(
        entry="Which; type a part of it",
        text="What the reply is told instead",
        keys="The words that bring it up instead",
        always="Told with every reply, whatever is said",
        enabled="False keeps it without telling it",
        name="What you call it",
        also="Further words of which one has to be there, too",
        position="Where it stands in the prompt",
        order="Higher ones stand nearer to the end, and have room first",
    )
    @app_commands.choices(position=POSITIONS)
    async def edit(
        self,
        interaction: discord.Interaction,
        entry: app_commands.Range[str, 1, 100],
        *,
        text: Text | None = None,
        keys: Keys | None = None,
        always: bool | None = None,
        enabled: bool | None = None,
        name: Name | None = None,
        also: Keys | None = None,
        position: str | None = None,
        order: app_commands.Range[int, 0, 10_000] | None = None,
    ) -> None:
        """Change an entry: in a form, or only what you say here."""
        change = EntryChange(keys, text, name, also, always, enabled, _position(position), order)
        if change == EntryChange():
            await open_form(interaction, self._ref(interaction, entry))
            return
        await interaction.response.defer(ephemeral=True)
        ref = await self._ref(interaction, entry)
        await self._actions.lorebooks.edit(self._actions.place(interaction), ref, change)
        await say(interaction, phrase("The entry is changed."))

    @app_commands.command()
    @app_commands.describe(what="An entry, or a whole book; type a part of it")
    async def remove(
        self, interaction: discord.Interaction, what: app_commands.Range[str, 1, 100]
    ) -> None:
        """Remove an entry or a lorebook."""
        await interaction.response.defer(ephemeral=True)
        place, books = self._actions.place(interaction), self._actions.lorebooks
        if what.startswith(_BOOK):
            where, _, name = what.removeprefix(_BOOK).partition(":")
            if where not in {*Where}:
                raise UserError(phrase("Choose a lorebook from the list."))
            await self._allow(interaction, Where(where))
            count = await books.remove_book(place, Where(where), name)
            told = phrase(
                "The lorebook **{name}** is gone, {count} entries with it.",
                name=escape_markdown(name),
                count=count,
            )
        else:
            await books.remove(place, await self._ref(interaction, what))
            told = phrase("The entry is gone.")
        await say(interaction, told)

    @app_commands.command(name="import")
    @app_commands.describe(
        file="A lorebook of SillyTavern, RisuAI, NovelAI or Agnai, or a card that has one",
        where="Who is told; this channel if you do not say",
    )
    @app_commands.choices(where=WHERE)
    async def import_(
        self,
        interaction: discord.Interaction,
        file: discord.Attachment,
        where: str = Where.CHANNEL,
    ) -> None:
        """Keep a lorebook from a file here."""
        await interaction.response.defer(ephemeral=True)
        await self._allow(interaction, Where(where))
        check_size(file.size)
        self._actions.limits.admit_upload(UserId(interaction.user.id))
        content = await _fetched(file)
        made = await self._actions.lorebooks.import_(
            self._actions.place(interaction),
            Where(where),
            content,
            file.filename,
            allow_adult=Where(where) is Where.CHANNEL and is_age_restricted(interaction.channel),
        )
        lines = [
            phrase(
                "The lorebook **{name}** is here: {entries} entries.",
                name=escape_markdown(made.name),
                entries=made.entries,
            )
        ]
        lines += [Paragraphs(["- ", warning], "") for warning in made.warnings]
        await say(interaction, _clipped(lines))

    @app_commands.command()
    @app_commands.describe(text="As if you had said it")
    async def test(self, interaction: discord.Interaction, text: Text) -> None:
        """See what a text would bring up, and why."""
        await interaction.response.defer(ephemeral=True)
        head = await self._allow(interaction, Where.CHANNEL)
        trial = await self._actions.lorebooks.test(
            self._actions.place(interaction),
            text,
            character=self._character(head),
            user=interaction.user.display_name,
        )
        await say(interaction, _clipped([*_trial_lines(trial)]))

    @edit.autocomplete("entry")
    async def _entries(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return await self._choices(interaction, current)

    @remove.autocomplete("what")
    async def _removable(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not await self._may_see(interaction):
            return []
        wanted = current.strip().casefold()
        books = [
            app_commands.Choice(
                name=shortened(
                    worded(
                        interaction,
                        phrase("The whole book {name} ({where})", name=kept.name, where=where),
                    ),
                    LINE_CHARACTERS,
                ),
                value=f"{_BOOK}{where}:{kept.name}",
            )
            for where, kept in await self._actions.lorebooks.books(self._actions.place(interaction))
            if wanted in kept.name.casefold()
        ]
        return [*books, *await self._choices(interaction, current)][:CHOICES_SHOWN]

    async def _choices(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if not await self._may_see(interaction):
            return []
        place = self._actions.place(interaction)
        return [
            app_commands.Choice(name=shortened(found.line, LINE_CHARACTERS), value=str(found.ref))
            for found in (await self._actions.lorebooks.listed(place, current))[:CHOICES_SHOWN]
        ]

    async def _may_see(self, interaction: discord.Interaction) -> bool:
        head = await self._actions.scenes.head(self._actions.place(interaction).channel)
        return may(Action.EDIT_LORE, await self._actions.member(interaction), head)

    async def _allow(self, interaction: discord.Interaction, where: Where) -> SceneHead | None:
        """Raise UserError unless whoever asked may change lore there; returns the scene."""
        head = await self._actions.scenes.head(self._actions.place(interaction).channel)
        action = Action.EDIT_SERVER_LORE if where is Where.SERVER else Action.EDIT_LORE
        await self._actions.allow(interaction, action, head)
        return head

    async def _ref(self, interaction: discord.Interaction, wanted: str) -> EntryRef:
        """The entry that is meant, if whoever asked may change it."""
        await self._allow(interaction, Where.CHANNEL)
        ref = await self._actions.lorebooks.entry(self._actions.place(interaction), wanted)
        await self._allow(interaction, ref.where)
        return ref

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Take in a form, whichever process has opened it."""
        if (ref := ref_of(interaction)) is not None:
            await submitted(interaction, ref, allow=self._allow)

    def _character(self, head: SceneHead | None) -> Character | None:
        with suppress(CharacterUnknown):  # its file is gone
            return None if head is None else self._actions.scenes.character(head.character)
        return None


def _position(name: str | None) -> Position | None:
    return None if name is None else _POSITIONS.get(name)


def _book_lines(where: Where, kept: Kept) -> Iterator[str]:
    name = escape_markdown(kept.name)
    yield (
        phrase("**{name}** of this channel:", name=name)
        if where is Where.CHANNEL
        else phrase("**{name}** of the server:", name=name)
    )
    for index, entry in enumerate(kept.book.entries):
        yield f"- {escape_markdown(shortened(line_of(entry, index), LINE_CHARACTERS))}"


def _trial_lines(trial: Trial) -> Iterator[str]:
    lore = trial.lore
    yield phrase("This would come up:") if lore.told else phrase("Nothing would come up.")
    yield from (_told_line(one, trial) for one in lore.told)
    if lore.missed:
        yield phrase("This would have, but:")
        yield from (_told_line(one, trial) for one in lore.missed)
    for keys, what in (
        (lore.too_slow, phrase("Regular expressions that took too long, so they found nothing")),
        (
            lore.refused,
            phrase("No regular expressions that I can look for, so they were taken as words"),
        ),
    ):
        if keys:
            shown = ", ".join(escape_markdown(shortened(key, 60)) for key in keys[:5])
            yield Paragraphs([what, shown], ": ")


def _told_line(one: Told, trial: Trial) -> str:
    key = escape_markdown(shortened(one.key, 60))
    why = phrase("the key “{key}”", key=key) if one.why is Why.KEY else _WHY.get(one.why, "")
    if one.why is Why.CALLED:
        why = phrase("another entry has the key “{key}”", key=key)
    head = f"- **{escape_markdown(one.name)}** ({escape_markdown(trial.names[one.book])}): "
    return Paragraphs([head, why], "")


def _clipped(lines: Sequence[str]) -> str:
    """As many lines as a message bears, and how many are left out."""
    kept = [*lines]
    while len("\n".join(kept)) > TOLD_CHARACTERS and len(kept) > 1:
        kept.pop()
    left = len(lines) - len(kept)
    more = [phrase("… and {left} lines more.", left=left)] if left else []
    return Paragraphs([*kept, *more])


async def _fetched(file: discord.Attachment) -> bytes:
    try:
        async with asyncio.timeout(FETCHED_WITHIN_S):
            return await file.read()
    except (discord.DiscordException, aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UserError(phrase("Discord did not hand the file out. Please try again.")) from error
