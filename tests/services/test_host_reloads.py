"""The host's folder is read again by every process of the bot, whichever was asked to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.adapters.card_reader import read_card_file
from bot.core.characters import Character
from bot.core.errors import StartupError, StoreUnavailable
from bot.core.scene import CharacterKey
from bot.services.roster import FOLLOWED_FOR_S, Roster
from tests.fakes.memory_characters import MemoryCharacterStore
from tests.services.card_desks import CLOVER, MARA_HERE


class Folder:
    """Files that several processes read, each when it does."""

    def __init__(self) -> None:
        self.names, self.is_broken = ["Clover"], False


class HostOf:
    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._loaded = [*folder.names]

    def characters(self) -> Mapping[CharacterKey, Character]:
        keys = map(CharacterKey, self._loaded)
        return {key: replace(CLOVER, key=key, name=str(key)) for key in keys}

    def reload(self) -> Sequence[str]:
        if self._folder.is_broken:
            raise StartupError("There is no character there.", exit_code=78)
        self._loaded = [*self._folder.names]
        return ()


class Processes:
    """Two processes of the bot, with one memory and one folder."""

    def __init__(self) -> None:
        self.folder, self.store, self.now_s = Folder(), MemoryCharacterStore(), 0.0
        self.one, self.other = self.roster(), self.roster()

    def roster(self) -> Roster:
        host = HostOf(self.folder)
        clock = lambda: self.now_s  # noqa: E731
        return Roster(host=host, store=self.store, read=read_card_file, clock_s=clock)


async def test_every_process_follows_one_that_has_read_the_folder_again() -> None:
    bot = Processes()
    await bot.other.bring([])
    bot.folder.names.append("Odo")
    await bot.one.reload()

    await bot.other.bring([])
    assert [*bot.other.characters()] == ["Clover"]
    bot.now_s += FOLLOWED_FOR_S

    assert "Odo" in [each.name for each in await bot.other.choices(MARA_HERE)]
    assert [*bot.one.characters()] == ["Clover", "Odo"]


async def test_a_process_that_begins_after_it_has_nothing_to_read_again() -> None:
    bot = Processes()
    await bot.one.reload()
    later = bot.roster()
    await later.begin()
    bot.folder.names.append("Odo")  # and nobody has said so

    await later.bring([])

    assert [*later.characters()] == ["Clover"]


async def test_two_who_read_the_folder_at_once_both_have_all_of_it() -> None:
    bot = Processes()
    await bot.store.count_host_reload()  # by a third, after what the next line has read
    await bot.one.reload()
    bot.folder.names.append("Odo")
    bot.now_s += FOLLOWED_FOR_S

    await bot.one.bring([])

    assert [*bot.one.characters()] == ["Clover", "Odo"]


async def test_a_folder_that_cannot_be_followed_leaves_all_as_it_was() -> None:
    bot = Processes()
    bot.folder.names.append("Odo")
    await bot.one.reload()
    bot.folder.is_broken = True

    await bot.other.bring([])

    assert [*bot.other.characters()] == ["Clover"]


async def test_a_memory_that_is_away_keeps_nobody_from_playing() -> None:
    bot = Processes()
    bot.store.host_reloads = unreachable  # type: ignore[method-assign]  # a fault

    await bot.one.bring([])

    assert [*bot.one.characters()] == ["Clover"]


async def unreachable() -> int:
    raise StoreUnavailable("away")
