"""Somebody is forgotten: here, on a server, or everywhere.

Each channel is one step of the store, planned on the story as it is and applied to
that very version. So a second try goes on where the first one ended.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.core.change import Change, Undo
from bot.core.errors import StoreRefusesWrites, StoreUnavailable, UserError
from bot.core.phrases import phrase
from bot.core.ports import GuildStore, Keyring, PersonaStore, SceneMemory
from bot.core.privacy import Forgotten, Reach, names_of, without
from bot.core.roster_ports import CharacterStore
from bot.core.scene import ChannelId, CharacterKey, Place, Scene, SceneHead, UserId
from bot.services.newcomers import ConsentStore

log = logging.getLogger(__name__)

AT_ONCE = 8
TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""
MOST_MISSED = 25
"""So many channels in which it failed, and the rest is left for another try."""
NOBODY = UserId(0)


class Memory(SceneMemory, GuildStore, Keyring, Protocol):
    """All that is kept of stories, those included whom no scene shows any more."""

    async def search(self, user: UserId) -> Sequence[ChannelId]:
        """Every channel that may hold anything of *user*, found without an index."""
        ...

    async def rewrite_file(self) -> bool | None:
        """Have what is forgotten leave the store's own file; None if it keeps none."""
        ...


class Pipeline(Protocol):
    """What of the turn pipeline is needed here."""

    def is_writing(self, channel: ChannelId) -> bool: ...

    async def halt(self, channel: ChannelId) -> None: ...

    def noted(self, head: SceneHead) -> None: ...

    def ended(self, channel: ChannelId) -> None: ...


class Forgets(Protocol):
    """Drops what it holds of a channel or a character."""

    def channel(self, channel: ChannelId) -> None: ...

    def character(self, key: CharacterKey) -> None: ...


@dataclass(slots=True)
class _Tally:
    """What was forgotten, in all channels or in one: others are worked on at the same time."""

    user: UserId
    left: deque[ChannelId] = field(default_factory=deque)
    channels: int = 0
    lines: int = 0
    stories: int = 0
    quotes: int = 0
    saves: int = 0
    missed: list[ChannelId] = field(default_factory=list)

    def add(self, one: "_Tally") -> None:
        self.channels += one.channels
        self.lines += one.lines
        self.stories += one.stories
        self.quotes += one.quotes
        self.saves += one.saves


class Forgetting:
    """Borrows all it is given. Every method may raise StoreUnavailable and StoreRefusesWrites.

    Args:
        store: shows everybody's lines, also of those who are not to be stored.
        forgets: drops what is held in memory.
    """

    def __init__(
        self,
        *,
        store: Memory,
        personas: PersonaStore,
        kept: CharacterStore,
        consents: ConsentStore,
        pipeline: Pipeline,
        forgets: Forgets,
    ) -> None:
        self._store = store
        self._personas = personas
        self._kept = kept
        self._consents = consents
        self._pipeline = pipeline
        self._forgets = forgets

    async def forget(self, user: UserId, reach: Reach, place: Place) -> Forgotten:
        """Forget what is stored of *user* within *reach* of *place*; returns a receipt."""
        tally = _Tally(user, deque(await self._channels(user, reach, place)))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(AT_ONCE, len(tally.left))):
                tasks.create_task(self._work(tally))
        personas = characters = 0
        if reach is Reach.EVERYWHERE:
            personas, characters = await self._forget_own(user)
            await self._store.channels_of(user)  # their index forgets what holds nothing more
        receipt = Forgotten(
            channels=tally.channels,
            lines=tally.lines,
            stories=tally.stories,
            quotes=tally.quotes,
            saves=tally.saves,
            personas=personas,
            characters=characters,
            missed=len(tally.missed) + len(tally.left),
        )
        log.info("somebody was forgotten", extra={"channels": tally.channels, "reach": reach})
        return replace(receipt, file_is_new=await self._store.rewrite_file())

    async def hide(self, user: UserId) -> None:
        """Drop what is held in memory of stories in which *user* is not to be read any more."""
        for channel in await self._store.channels_of(user):
            self._forgets.channel(channel)

    async def _channels(self, user: UserId, reach: Reach, place: Place) -> Sequence[ChannelId]:
        if reach is Reach.HERE:
            return [place.channel]
        found = {*await self._store.channels_of(user), *await self._store.search(user)}
        if reach is Reach.SERVER and place.guild is not None:
            found &= {*await self._store.channels_in(place.guild)}
        return sorted(found)

    async def _work(self, tally: _Tally) -> None:
        while tally.left and len(tally.missed) < MOST_MISSED:
            channel, one = tally.left.popleft(), _Tally(tally.user)
            try:
                await self._forget_in(channel, one)
            except (StoreUnavailable, StoreRefusesWrites, UserError) as error:
                facts = {"channel": channel, "error": type(error).__name__}
                log.warning("somebody is not forgotten in a channel", extra=facts)
                tally.missed.append(channel)
            tally.add(one)

    async def _forget_in(self, channel: ChannelId, tally: _Tally) -> None:
        are_saves_theirs = await self._forget_saves(channel, tally)
        for _ in range(TRIES):
            if self._pipeline.is_writing(channel):
                with suppress(UserError):
                    await self._pipeline.halt(channel)
            scene = await self._store.read(channel)
            if scene is None:
                break
            if is_alone(scene, tally.user) and are_saves_theirs:
                self._pipeline.ended(channel)
                await self._store.purge(channel)
                tally.stories += 1
                tally.lines += _lines(scene, tally.user)
                break
            left = _left(scene, tally.user)
            if left == scene and not _is_in(await self._store.undo(channel), tally.user):
                break
            if await self._store.apply(channel, _change(scene, left), version=scene.head.version):
                self._pipeline.noted(left.head)
                tally.lines += _lines(scene, tally.user)
                tally.quotes += _quotes(scene, left)
                break
        else:
            raise UserError(phrase("Too much is going on there right now."))
        self._forgets.channel(channel)
        tally.channels = int(any((tally.lines, tally.saves, tally.stories, tally.quotes)))

    async def _forget_saves(self, channel: ChannelId, tally: _Tally) -> bool:
        """Forget them in saved stories; returns whether none is left that is others', too."""
        are_theirs = True
        for save in await self._store.saves(channel):
            scene = await self._store.saved(channel, save.name)
            if scene is None:
                continue
            if is_alone(scene, tally.user):
                await self._store.drop_save(channel, save.name)
                tally.saves += 1
                continue
            are_theirs = False
            left = _left(scene, tally.user)
            if left != scene:
                await self._store.save(channel, save.name, left, save.at_ms)
                tally.saves += 1
        return are_theirs

    async def _forget_own(self, user: UserId) -> tuple[int, int]:
        """Personas, characters, settings; returns how many of the first two there were."""
        personas = len((await self._personas.wardrobe(user)).personas)
        characters = await self._kept.of_user(user)
        await self._kept.forget_user(user)
        await self._consents.forget_user(user)
        for entry in characters:
            self._forgets.character(entry.key)
        await self._store.set_user_length(user, None)
        await self._personas.forget_wardrobe(user)
        await self._store.drop_user_key(user)
        return personas, len([entry for entry in characters if not entry.is_retired])


def is_alone(scene: Scene, user: UserId) -> bool:
    """Whether nobody else has a part in *scene*."""
    authors = {turn.author for turn in scene.turns if turn.author is not None}
    return scene.head.owner == user and {*authors, *scene.head.players} <= {user}


def _left(scene: Scene, user: UserId) -> Scene:
    """What is left of *scene* without *user*: what an owner settled goes with them."""
    names = {*names_of(turn for turn in scene.turns if turn.author == user)}
    names |= {scene.head.players[user]} if user in scene.head.players else set()
    left = without(scene, {user})
    head = left.head
    if head.owner == user:
        head = replace(head, owner=NOBODY, scenario="", note="", instruction="")
    turns = tuple(
        replace(turn, facts={key: text for key, text in turn.facts.items() if key != "edited_by"})
        if turn.facts.get("edited_by") in names
        else turn
        for turn in left.turns
    )
    return Scene(head, turns)


def _is_in(undo: Undo | None, user: UserId) -> bool:
    """Whether what takes the last change back holds anything of *user*."""
    return undo is not None and _left(Scene(undo.head, undo.put), user) != Scene(
        undo.head, undo.put
    )


def _change(scene: Scene, left: Scene) -> Change:
    was = {turn.id: turn for turn in scene.turns}
    kept = {turn.id for turn in left.turns}
    return Change(
        head=left.head,
        players=left.head.players,
        put=tuple(turn for turn in left.turns if turn != was[turn.id]),
        drop=tuple(turn for turn in was if turn not in kept),
        ends_work=True,  # what was written of it may answer what is forgotten
        uses_undo=True,
    )


def _lines(scene: Scene, user: UserId) -> int:
    return sum(turn.author == user for turn in scene.turns)


def _quotes(scene: Scene, left: Scene) -> int:
    quoted = {turn.id for turn in scene.turns if turn.quoted}
    return sum(turn.id in quoted and not turn.quoted for turn in left.turns)


@dataclass(frozen=True, slots=True)
class Held:
    """`Forgets` made of those who hold something."""

    prompts: Callable[[ChannelId], None]
    characters: Callable[[CharacterKey], None]

    def channel(self, channel: ChannelId) -> None:
        """Drop the channel's last prompt."""
        self.prompts(channel)

    def character(self, key: CharacterKey) -> None:
        """Drop the character."""
        self.characters(key)
