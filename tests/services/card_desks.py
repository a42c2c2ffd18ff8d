"""A desk for characters, over a store in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.adapters.card_reader import read_card_file
from bot.core.cards.card import Card
from bot.core.cards.portrait import BadPicture, Portrait
from bot.core.characters import Character
from bot.core.errors import GenerationUnreachable, StartupError
from bot.core.lookalikes import KnownName, Whose
from bot.core.roster import (
    Entry,
    Viewer,
    Visibility,
)
from bot.core.scene import CharacterKey, GuildId, MessageId, UserId
from bot.services.card_desk import CardDesk
from bot.services.roster import Roster
from tests.cards import as_json, document
from tests.fakes.memory_characters import MemoryCharacterStore

MARA, TOM = UserId(11), UserId(12)


ISLAND, COAST = GuildId(7), GuildId(8)


MARA_HERE, TOM_HERE = Viewer(MARA, ISLAND), Viewer(TOM, ISLAND)


TOM_ABROAD, MARA_ALONE = Viewer(TOM, COAST), Viewer(MARA, None)


CLOVER = Character(CharacterKey("clover"), "Clover", "A hare.", tagline="Quick")


FACE = Portrait(b"whole", b"face")


@dataclass
class Host:
    loaded: dict[CharacterKey, Character] = field(default_factory=lambda: {CLOVER.key: CLOVER})
    is_empty: bool = False

    def characters(self) -> Mapping[CharacterKey, Character]:
        return self.loaded

    def reload(self) -> Sequence[str]:
        if self.is_empty:
            raise StartupError("There is no character there.", exit_code=78)
        self.loaded = {**self.loaded, CharacterKey("new"): replace(CLOVER, name="New")}
        return ("a warning",)


class Desk:
    def __init__(self) -> None:
        self.store, self.host = MemoryCharacterStore(), Host()
        self.now_s = 0.0
        self.roster = self.another()
        self.is_model_away = False
        self.why_not_drawn = ""
        self.portrait = FACE
        self.read: Callable[[bytes, str], Card] = read_card_file
        self.desk = CardDesk(
            store=self.store,
            roster=self.roster,
            read=self.read_file,
            redraw=self.redraw,
            count=self.count,
            taken=lambda viewer: [KnownName("Ann", Whose.MODERATOR)] if viewer.guild else [],
            now_ms=lambda: 5,
        )

    def another(self, most_bytes: int = 1_000_000) -> Roster:
        """Of another process, or after a restart."""
        return Roster(
            host=self.host,
            store=self.store,
            read=read_card_file,
            most_bytes=most_bytes,
            clock_s=lambda: self.now_s,
        )

    def read_file(self, data: bytes, filename: str) -> Card:
        return self.read(data, filename)

    def redraw(self, _data: bytes) -> Portrait:
        if self.why_not_drawn:
            raise BadPicture(self.why_not_drawn)
        return self.portrait

    async def count(self, text: str) -> int:
        if self.is_model_away:
            raise GenerationUnreachable("away")
        return len(text.split())

    async def take_in(
        self, data: bytes = b"", viewer: Viewer = MARA_HERE, *, event: int = 1, shared: bool = False
    ) -> Entry:
        where = Visibility.SERVER if shared else Visibility.ME
        preview = await self.desk.draft(
            viewer, MessageId(event), data or as_json(document()), "aya.json", where
        )
        return await self.desk.save(viewer, preview.entry.key)

    async def names(self, viewer: Viewer, text: str = "", *, adult: bool = False) -> list[str]:
        found = await self.roster.found(viewer, text, is_age_restricted=adult)
        return [choice.name for choice in found]
