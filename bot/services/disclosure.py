"""What is stored of somebody is shown to them: as counts, or as a file of their own words."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.core.disclosure import Channel, Person, SavedScene, lines_of, written
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.ports import PersonaStore, SceneMemory
from bot.core.roster_ports import CharacterStore
from bot.core.scene import GuildId, Place, UserId
from bot.services.forgetting import is_alone
from bot.services.refusals import Refusals

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a channel holds of somebody.

    Attributes:
        saved: lines of theirs in saved stories.
        days: so long it is kept while nobody writes there.
    """

    place: Place
    lines: int
    saved: int
    is_owner: bool
    days: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is of somebody: counts only."""

    channels: Sequence[Footprint]
    personas: int
    characters: int
    refusals: int


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file as its owner downloads it."""

    name: str
    content: bytes


class Disclosure:
    """Borrows all it is given. Every method may raise StoreUnavailable and StoreRefusesWrites.

    Args:
        store: shows everybody's lines, also of those who are not to be stored.
        days_in: for how many days of silence a server keeps its stories.
    """

    def __init__(
        self,
        *,
        store: SceneMemory,
        personas: PersonaStore,
        kept: CharacterStore,
        refusals: Refusals,
        days_in: Callable[[GuildId | None], Awaitable[int]],
        now_ms: Callable[[], int],
    ) -> None:
        self._store = store
        self._personas = personas
        self._kept = kept
        self._refusals = refusals
        self._days_in = days_in
        self._now_ms = now_ms

    async def overview(self, user: UserId) -> Overview:
        """Count what is stored of *user*."""
        found = []
        for channel in await self._channels(user):
            head = channel.scene.head
            saved = sum(len(lines_of(save.scene, user)) for save in channel.saves)
            found.append(
                Footprint(
                    place=head.place,
                    lines=len(lines_of(channel.scene, user)),
                    saved=saved,
                    is_owner=head.owner == user,
                    days=await self._days_in(head.place.guild),
                )
            )
        return Overview(
            channels=sorted(found, key=lambda each: -each.lines),
            personas=len((await self._personas.wardrobe(user)).personas),
            characters=len(await self._kept.of_user(user)),
            refusals=len(self._refusals.of(user)),
        )

    async def export(self, user: UserId, *, most_bytes: int) -> ExportFile:
        """All that *user* has written, as a file; packed if it is large.

        Raises:
            UserError: it has more than *most_bytes* all the same.
        """
        characters = []
        for entry in await self._kept.of_user(user):
            stored = await self._kept.get(entry.key)
            characters += [stored] if stored is not None else []
        draft = await self._kept.draft(user)
        person = Person(
            user=user,
            channels=await self._channels(user),
            wardrobe=await self._personas.wardrobe(user),
            characters=[*characters, *([draft] if draft is not None else [])],
            length=await self._store.user_length(user),
            character=await self._kept.default_of(user, is_guild=False),
            refusals=self._refusals.of(user),
        )
        now_ms = self._now_ms()
        # Thousands of lines take their time: no channel waits for them.
        content = await asyncio.to_thread(lambda: written(person, at_ms=now_ms))
        name = "my-roleplay-data.json"
        if len(content) > most_bytes:
            content, name = await asyncio.to_thread(gzip.compress, content), f"{name}.gz"
        if len(content) > most_bytes:
            raise UserError(
                phrase(
                    "What is stored of you has {size:.1f} MB even when packed, and Discord takes "
                    "files of up to {most:.1f} MB here. Ask whoever hosts me for it.",
                    size=len(content) / _MB,
                    most=most_bytes / _MB,
                )
            )
        return ExportFile(name, content)

    async def _channels(self, user: UserId) -> Sequence[Channel]:
        found = []
        for channel in await self._store.channels_of(user):
            scene = await self._store.read(channel)
            if scene is None:
                continue
            saves = []
            for save in await self._store.saves(channel):
                saved = await self._store.saved(channel, save.name)
                if saved is not None and lines_of(saved, user):
                    saves.append(SavedScene(save.name, save.at_ms, saved))
            is_theirs = is_alone(scene, user)
            has_part = is_theirs or scene.head.owner == user or user in scene.head.players
            if has_part or saves or lines_of(scene, user):
                found.append(Channel(scene, tuple(saves), is_theirs))
        return found
