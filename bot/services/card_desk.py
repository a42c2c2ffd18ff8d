"""Taking characters in, changing them and giving them out: what the commands do."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from bot.core.cards.card import Card
from bot.core.cards.keeping import changed, fitting, raw_of, tagline_of
from bot.core.cards.portrait import BadPicture, Portrait, Redraw
from bot.core.cards.view import in_every_prompt
from bot.core.cards.writing import Container, to_charx, to_json, write_card
from bot.core.characters import Rating
from bot.core.errors import GenerationError, UserError
from bot.core.lookalikes import KnownName, distinct_name
from bot.core.phrases import phrase
from bot.core.plain_text import plain
from bot.core.roster import (
    MOST_IN_SERVER,
    MOST_OF_MEMBER,
    MOST_RETIRED,
    Choice,
    Entry,
    Stored,
    Viewer,
    Visibility,
    is_members,
    member_character_key,
)
from bot.core.roster_ports import CharacterStore
from bot.core.scene import CharacterKey, GuildId, MessageId, UserId
from bot.core.token_counts import estimate
from bot.services.roster import ReadCard, Roster

MOST_UPLOAD = 10_000_000
WITHIN_S = 10.0
COUNT_WITHIN_S = 2.0
AT_ONCE, WAITING = 2, 8
"""Files that are read, and that may wait for it."""

HOSTS = phrase("That character is the host's: its file lies with the bot.")
GONE = phrase("That character is gone or was changed meanwhile. Use the command again.")
OVER = phrase(
    "This import is over: an hour has passed, or another one came after it. "
    "Use /character import again."
)
ONLY_LORE = phrase(
    "There is only a lorebook in the file, and no character: `/lore import` takes it."
)
SERVER_ONLY = phrase("A character plays for everybody in a server only: use the command there.")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a member is shown of a character before, or after, it is kept.

    Attributes:
        tokens: of every prompt; an estimate unless `is_exact`.
        notes: every repair, and what is played without, a sentence each.
    """

    entry: Entry
    card: Card
    tokens: int
    is_exact: bool
    notes: tuple[str, ...] = ()


class CardDesk:
    """Borrows all it is given. Every method may raise UserError and what a store raises."""

    def __init__(
        self,
        *,
        store: CharacterStore,
        roster: Roster,
        read: ReadCard,
        redraw: Redraw,
        count: Callable[[str], Awaitable[int]],
        taken: Callable[[Viewer], Iterable[KnownName]],
        now_ms: Callable[[], int],
    ) -> None:
        """Borrow everything.

        Args:
            count: tokens of a text, by the model's own tokenizer; raises GenerationError.
            taken: names that nobody else may have where somebody is.
        """
        self._store = store
        self._roster = roster
        self._read = read
        self._redraw = redraw
        self._count = count
        self._taken = taken
        self._now_ms = now_ms
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def admit(self, size: int) -> None:
        """Raise UserError where a file is not worth being fetched."""
        if size > MOST_UPLOAD:
            raise UserError(
                phrase(
                    "The file is larger than {most_upload} MB: give a smaller picture.",
                    most_upload=MOST_UPLOAD // 1000000,
                )
            )

    async def draft(
        self, viewer: Viewer, event: MessageId, data: bytes, filename: str, where: Visibility
    ) -> Preview:
        """Read a file and keep what is in it for an hour, until it is saved.

        Raises:
            CardFileError: there is no card in it, or one that is never taken.
        """
        card, portrait, notes = await self._opened(data, filename)
        if card.is_only_lore:
            raise UserError(ONLY_LORE)
        raw, further = await asyncio.to_thread(raw_of, card, data)
        entry = self._entry_of(card, member_character_key(event), viewer, where)
        await self._store.put_draft(viewer.user, Stored(entry, raw, filename[:200], portrait))
        return await self._preview(entry, card, portrait, (*notes, *further))

    async def save(self, viewer: Viewer, key: CharacterKey) -> Entry:
        """Keep the draft of that key. Saved twice, it is there once."""
        draft = await self._store.draft(viewer.user)
        if draft is None or draft.entry.key != key:
            known = [each for each in await self._store.of_user(viewer.user) if each.key == key]
            if known and not known[0].is_retired:
                return known[0]
            raise UserError(OVER)
        entry = await self._added(draft)
        await self._store.drop_draft(viewer.user)
        return entry

    async def cancel(self, viewer: Viewer, key: CharacterKey) -> None:
        """Forget the draft of that key."""
        draft = await self._store.draft(viewer.user)
        if draft is not None and draft.entry.key == key:
            await self._store.drop_draft(viewer.user)

    async def create(
        self,
        viewer: Viewer,
        event: MessageId,
        fields: Mapping[str, str],
        where: Visibility,
        rating: Rating,
    ) -> Preview:
        """Keep a new character made of *fields*, which are a card's."""
        card = await asyncio.to_thread(changed, Card(name="", rating=rating), fields)
        entry = self._entry_of(card, member_character_key(event), viewer, where)
        entry = await self._added(Stored(entry, fitting(to_json(card))))
        return await self._preview(entry, card, None)

    async def own(self, viewer: Viewer, key: CharacterKey) -> Stored:
        """A character that is *viewer*'s to change."""
        if not is_members(key):
            raise UserError(HOSTS)
        stored = await self._roster.stored(viewer, key)
        if stored is None:
            raise UserError(GONE)
        if stored.entry.owner != viewer.user:
            raise UserError(phrase("Only the one who brought this character in may change it."))
        return stored

    async def change(
        self,
        viewer: Viewer,
        key: CharacterKey,
        fields: Mapping[str, str],
        *,
        version: int | None = None,
        where: Visibility | None = None,
        rating: Rating | None = None,
    ) -> Preview:
        """Change a character; it counts from the next reply on, in running scenes, too.

        Args:
            version: of the character that was looked at; another one is not changed.
            rating: is only ever raised.
        """
        stored = await self.own(viewer, key)
        if version is not None and stored.entry.version != version:
            raise UserError(GONE)
        was = stored.entry
        if rating is Rating.EVERYONE and was.rating is Rating.ADULT:
            raise UserError(
                phrase("A rating is never lowered. Import or create the character anew.")
            )
        card = await self._roster.card(stored)
        card = replace(card, rating=rating or card.rating)
        card = await asyncio.to_thread(changed, card, fields)
        guild = was.guild if where is None else _guild_of(viewer, where)
        entry = replace(
            was,
            name=self._name_of(card, viewer),
            tagline=tagline_of(card),
            guild=guild,
            rating=card.rating,
            is_minor=card.is_minor,
        )
        if guild is not None and guild != was.guild:
            await self._require_room(entry)
        raw = to_charx(replace(card, picture=None)) if card.members else to_json(card)
        if not await self._store.put(replace(stored, entry=entry, raw=fitting(raw))):
            raise UserError(GONE)
        self._roster.look_again(entry.key)
        return await self._preview(entry, card, stored.portrait)

    async def show(self, viewer: Viewer, choice: Choice) -> Preview:
        """What there is of a member's character."""
        stored = await self._seen(viewer, choice)
        card = await self._roster.card(stored)
        return await self._preview(stored.entry, card, stored.portrait)

    async def export(
        self, viewer: Viewer, choice: Choice, container: Container
    ) -> tuple[str, bytes]:
        """A member's character as a file: its name and content; unknown fields are kept."""
        card = await self._roster.card(await self._seen(viewer, choice))
        return card.name, await asyncio.to_thread(write_card, card, container)

    async def delete(self, viewer: Viewer, choice: Choice, *, is_admin: bool) -> str:
        """Take a character out of the roster; returns what became of it.

        Scenes that play with it go on. Who looks after a server may end that a
        character plays for everybody there; it stays its owner's.
        """
        stored = await self._seen(viewer, choice)
        if stored.entry.owner == viewer.user:
            await self._store.retire(choice.key)
            await self._forget_oldest(viewer.user)
            return phrase(
                "**{name}** is deleted. Scenes that play with it go on.", name=plain(choice.name)
            )
        if not is_admin:
            raise UserError(phrase("Only the one who brought this character in may delete it."))
        await self._store.unshare(choice.key)
        self._roster.look_again(choice.key)
        return phrase(
            "**{name}** no longer plays for this server. Its owner keeps it, and scenes that play "
            "with it go on.",
            name=plain(choice.name),
        )

    def _entry_of(self, card: Card, key: CharacterKey, viewer: Viewer, where: Visibility) -> Entry:
        return Entry(
            key=key,
            owner=viewer.user,
            name=self._name_of(card, viewer),
            tagline=tagline_of(card),
            guild=_guild_of(viewer, where),
            rating=card.rating,
            is_minor=card.is_minor,
            at_ms=self._now_ms(),
        )

    def _name_of(self, card: Card, viewer: Viewer) -> str:
        """The name it plays under: as the card has it, with a mark if it is somebody else's."""
        return distinct_name(card.name, self._taken(viewer), fallback="Character")

    async def _seen(self, viewer: Viewer, choice: Choice) -> Stored:
        stored = await self._roster.stored(viewer, choice.key)
        if stored is None:
            raise UserError(GONE)
        return stored

    async def _opened(
        self, data: bytes, filename: str
    ) -> tuple[Card, Portrait | None, tuple[str, ...]]:
        """Read a file and draw its picture, in threads and in time."""
        async with self._slot():
            try:
                async with asyncio.timeout(WITHIN_S):
                    card = await asyncio.to_thread(self._read, data, filename)
                    if card.picture is None or card.is_only_lore:
                        return card, None, card.warnings
                    try:
                        portrait = await asyncio.to_thread(self._redraw, card.picture)
                    except BadPicture as error:
                        said = phrase(
                            "Its picture cannot be shown ({why}); it plays without one.",
                            why=str(error),
                        )
                        return card, None, (*card.warnings, said)
            except TimeoutError:
                raise UserError(
                    phrase("The file takes too long to read: give a smaller one.")
                ) from None
        return card, portrait, card.warnings

    @asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None, None]:
        if self._waiting >= WAITING + AT_ONCE:
            raise UserError(phrase("Many files are being read just now. Try again in a moment."))
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1

    async def _preview(
        self, entry: Entry, card: Card, portrait: Portrait | None, notes: tuple[str, ...] = ()
    ) -> Preview:
        card = replace(card, picture=portrait.picture if portrait is not None else None)
        if entry.name != card.name:
            notes = (phrase("It plays under the name “{name}”.", name=entry.name), *notes)
        text = in_every_prompt(card)
        try:
            async with asyncio.timeout(COUNT_WITHIN_S):
                return Preview(entry, card, await self._count(text), is_exact=True, notes=notes)
        except (GenerationError, TimeoutError):
            return Preview(entry, card, estimate(text), is_exact=False, notes=notes)

    async def _added(self, stored: Stored) -> Entry:
        await self._require_room(stored.entry)
        if not await self._store.put(stored):
            known = await self._store.get(stored.entry.key)
            if known is None or known.entry.is_retired:
                raise UserError(GONE)
            return known.entry
        return replace(stored.entry, version=stored.entry.version + 1)

    async def _require_room(self, entry: Entry) -> None:
        own = [each for each in await self._store.of_user(entry.owner) if not each.is_retired]
        if len([each for each in own if each.key != entry.key]) >= MOST_OF_MEMBER:
            raise UserError(
                phrase(
                    "You have {most_of_member} characters, and more do not fit. /character "
                    "delete makes room.",
                    most_of_member=MOST_OF_MEMBER,
                )
            )
        if entry.guild is None:
            return
        shared = await self._store.in_guild(entry.guild)
        if len([each for each in shared if each.key != entry.key]) >= MOST_IN_SERVER:
            raise UserError(
                phrase(
                    "This server has {most_in_server} characters, and more do not fit. "
                    "Keep it to yourself (visibility: me), or have one deleted.",
                    most_in_server=MOST_IN_SERVER,
                )
            )

    async def _forget_oldest(self, user: UserId) -> None:
        retired = [each for each in await self._store.of_user(user) if each.is_retired]
        for entry in retired[:-MOST_RETIRED]:
            await self._store.forget(entry.key)
            self._roster.look_again(entry.key)


def _guild_of(viewer: Viewer, where: Visibility) -> GuildId | None:
    if where is Visibility.ME:
        return None
    if viewer.guild is None:
        raise UserError(SERVER_ONLY)
    return viewer.guild
