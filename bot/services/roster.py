"""Which characters there are, for whom: the host's files and what members brought along."""

import asyncio
import difflib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from bot.core.age_gate import why_not
from bot.core.cards.card import Card
from bot.core.cards.playing import playing
from bot.core.characters import Character, Rating
from bot.core.errors import CharacterUnknown, StartupError, StoreUnavailable, UserError
from bot.core.phrases import phrase
from bot.core.ports import CharacterSource
from bot.core.roster import (
    Choice,
    Entry,
    Stored,
    Viewer,
    is_members,
    matching,
    named,
    of_host,
    of_member,
    sees,
)
from bot.core.roster_ports import CharacterStore
from bot.core.scene import CharacterKey

log = logging.getLogger(__name__)

CHOICES_SHOWN = 25
"""As many as Discord's autocomplete takes."""
READ_WITHIN_S = 5.0
MOST_KEPT_BYTES = 64 * 1024 * 1024
"""Of members' characters in memory; the others are read again when a scene needs them."""
_ENTRY_BYTES = 4_096
CHECKED_FOR_S = 2.0
"""So long a member's character counts as it was found: a turn asks several times."""

FOLLOWED_FOR_S = 5.0
"""So long what another process has read again of the host's files may go unnoticed here."""

ReadCard = Callable[[bytes, str], Card]
"""Reads a card from a file's bytes and name; raises CardFileError. Blocks for up to a second."""


class HostCharacters(CharacterSource, Protocol):
    """The host's folder."""

    def reload(self) -> Sequence[str]:
        """Read it again; returns warnings. Blocks, and raises StartupError if nobody can play."""
        ...


class Roster:
    """`CharacterSource` of all that play. Borrows what it is given.

    Scenes ask it in passing, without waiting. So whoever reads a scene from memory
    has its members' characters brought first (`bring`), and they are as they were
    then: an edit counts from the next reply on; where another process made it, from
    the first that begins two seconds later.
    """

    def __init__(
        self,
        *,
        host: HostCharacters,
        store: CharacterStore,
        read: ReadCard,
        most_bytes: int = MOST_KEPT_BYTES,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._store = store
        self._read = read
        self._most_bytes = most_bytes
        self._brought: OrderedDict[CharacterKey, tuple[int, int, Character]] = OrderedDict()
        self._bytes = 0
        self._clock_s = clock_s
        self._checked: dict[CharacterKey, float] = {}
        self._reading = asyncio.Lock()
        self._reloads = 0
        self._follow_from_s = clock_s()

    async def begin(self) -> None:
        """Note which of the host's files are known here: as they were when this process began.

        Raises:
            StoreUnavailable.
        """
        self._reloads = await self._store.host_reloads()

    def characters(self) -> Mapping[CharacterKey, Character]:
        """The host's, and those of members that scenes have asked for lately."""
        members = {key: character for key, (_, _, character) in self._brought.items()}
        return {**self._host.characters(), **members}

    async def bring(self, keys: Sequence[CharacterKey]) -> None:
        """Have those of *keys* that are members' among `characters()`, as they are now.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        await self._follow()
        now_s = self._clock_s()
        wanted = [
            key
            for key in dict.fromkeys(keys)
            if is_members(key) and now_s >= self._checked.get(key, now_s)
        ]
        if not wanted:
            return
        versions = {entry.key: entry.version for entry in await self._store.touch(wanted)}
        for key in wanted:
            if key not in versions:
                self._drop(key)
            elif key in self._brought and self._brought[key][0] == versions[key]:
                self._brought.move_to_end(key)
            else:
                await self._bring(key)
            if key in self._brought:
                self._checked[key] = now_s + CHECKED_FOR_S

    def look_again(self, key: CharacterKey) -> None:
        """Take a character for changed."""
        self._checked.pop(key, None)

    def forget(self, key: CharacterKey) -> None:
        """Drop what is held of a character that is erased."""
        self._drop(key)

    async def choices(self, viewer: Viewer) -> Sequence[Choice]:
        """Everybody whom *viewer* may choose: their own, then the server's, then the host's."""
        await self._follow()
        own = [each for each in await self._store.of_user(viewer.user) if not each.is_retired]
        shared = await self._store.in_guild(viewer.guild) if viewer.guild is not None else ()
        others = [entry for entry in shared if entry.owner != viewer.user]
        host = self._host.characters().values()
        return [*map(of_member, own), *map(of_member, others), *map(of_host, host)]

    async def found(
        self, viewer: Viewer, text: str, *, is_age_restricted: bool
    ) -> Sequence[Choice]:
        """Those who may play there and match *text*, best first, at most 25."""
        choices = await self.choices(viewer)
        fit = [each for each in choices if not why_not(each, is_age_restricted=is_age_restricted)]
        return matching(text, fit)[:CHOICES_SHOWN]

    async def pick(self, viewer: Viewer, wanted: str) -> Choice:
        """The character of that key or name, of those whom *viewer* may choose.

        Raises:
            CharacterUnknown: there is none; the sentence names the nearest.
        """
        choices = await self.choices(viewer)
        chosen = named(wanted, choices)
        if chosen is not None:
            return chosen
        names = {choice.name.casefold(): choice.name for choice in choices}
        near = difflib.get_close_matches(wanted.strip().casefold(), names, n=1, cutoff=0.5)
        hint = (
            phrase("Did you mean {name}?", name=names[near[0]])
            if near
            else phrase("Choose one from the list.")
        )
        raise CharacterUnknown(
            phrase(
                "There is no character “{wanted}”. {hint}", wanted=wanted.strip()[:50], hint=hint
            )
        )

    async def choose(self, viewer: Viewer, wanted: str) -> Character:
        """The same, ready to play."""
        key = (await self.pick(viewer, wanted)).key
        await self.bring([key])
        character = self.characters().get(key)
        if character is None:
            raise CharacterUnknown(
                phrase("That character was deleted a moment ago. Choose another one.")
            )
        return character

    async def default_for(self, viewer: Viewer) -> CharacterKey | None:
        """Who plays where *viewer* names nobody: as they chose, else as their server did."""
        wanted = [await self._store.default_of(viewer.user, is_guild=False)]
        if viewer.guild is not None:
            wanted.append(await self._store.default_of(viewer.guild, is_guild=True))
        known = {choice.key for choice in await self.choices(viewer)} if any(wanted) else set()
        return next((key for key in wanted if key in known), None)

    async def set_default(
        self, viewer: Viewer, key: CharacterKey | None, *, for_server: bool
    ) -> None:
        """Choose who plays where nobody is named; None for nobody."""
        where = viewer.guild if for_server and viewer.guild is not None else viewer.user
        await self._store.set_default(where, key, is_guild=where is viewer.guild)

    async def reload(self) -> tuple[int, Sequence[str]]:
        """Read the host's files again; returns how many can play, and warnings.

        The other processes of the bot follow within seconds.

        Raises:
            UserError: nobody in them can play; then all is as it was.
            StoreUnavailable, StoreRefusesWrites: the others cannot be told.
        """
        async with self._reading:
            try:
                warnings = await asyncio.to_thread(self._host.reload)
            except StartupError as error:
                raise UserError(str(error)) from None
        counted = await self._store.count_host_reload()
        # Another process may have read what was changed after it was read here.
        self._reloads = counted if counted == self._reloads + 1 else self._reloads
        return len(self._host.characters()), warnings

    async def face(self, key: CharacterKey) -> bytes | None:
        """The face of a member's character, for Discord; retired ones included."""
        await self.bring([key])
        found = self._brought.get(key)
        return found[2].avatar if found is not None else None

    async def stored(self, viewer: Viewer, key: CharacterKey) -> Stored | None:
        """What is kept of a member's character, if *viewer* may see it."""
        found = await self._store.get(key)
        return found if found is not None and sees(viewer, found.entry) else None

    async def card(self, stored: Stored) -> Card:
        """The card of a member's character, with its portrait.

        Raises:
            StoreUnavailable: it does not come out in time.
        """
        try:
            async with asyncio.timeout(READ_WITHIN_S), self._reading:
                return await asyncio.to_thread(self._card, stored)
        except TimeoutError:
            raise StoreUnavailable("a character is not read in time") from None

    async def _follow(self) -> None:
        """Read the host's files again if another process has, at most every few seconds."""
        now_s = self._clock_s()
        if now_s < self._follow_from_s:
            return
        self._follow_from_s = now_s + FOLLOWED_FOR_S
        try:
            reloads = await self._store.host_reloads()
        except StoreUnavailable:
            return  # who needs memory now is told that by what else they ask for
        if reloads == self._reloads:
            return
        self._reloads = reloads
        try:
            # A folder that takes longer is read to its end all the same, beside what is waiting.
            async with asyncio.timeout(READ_WITHIN_S), self._reading:
                await asyncio.to_thread(self._host.reload)
        except (TimeoutError, StartupError) as error:
            log.warning("the host's files are not read again", extra={"error": str(error)})

    def _card(self, stored: Stored) -> Card:
        card = self._read(stored.raw, stored.filename)
        picture = stored.portrait.picture if stored.portrait is not None else None
        rating = Rating.ADULT if Rating.ADULT in (card.rating, stored.entry.rating) else card.rating
        return replace(card, picture=picture, rating=rating)

    async def _bring(self, key: CharacterKey) -> None:
        stored = await self._store.get(key)
        if stored is None:
            self._drop(key)
            return
        character = as_played(await self.card(stored), stored)
        size = _ENTRY_BYTES + len(stored.raw) + len(character.avatar or b"")
        self._drop(key)
        self._brought[key] = (stored.entry.version, size, character)
        self._bytes += size
        while self._bytes > self._most_bytes and len(self._brought) > 1:
            self._drop(next(iter(self._brought)))

    def _drop(self, key: CharacterKey) -> None:
        self.look_again(key)
        if (known := self._brought.pop(key, None)) is not None:
            self._bytes -= known[1]


def as_played(card: Card, stored: Stored) -> Character:
    """A character of the roster as scenes play it: its entry says who it is for."""
    entry: Entry = stored.entry
    character = playing(replace(card, name=entry.name), entry.key).character
    return replace(
        character,
        tagline=entry.tagline,
        rating=entry.rating,
        is_minor=entry.is_minor or character.is_minor,
        avatar=stored.portrait.face if stored.portrait is not None else None,
    )
