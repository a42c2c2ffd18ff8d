"""Who plays in a scene: what the commands do, and what they refuse."""

import asyncio

import pytest

from bot.core.characters import Character, Rating
from bot.core.errors import NoLiveScene, UserError
from bot.core.scene import CharacterKey, ReplyMode, SceneHead
from bot.services.company import Company
from tests.fakes.memory_store import MemorySceneStore
from tests.services.desk import Desk
from tests.services.playing import CHANNEL, DOV, IDA
from tests.services.stage import HARBOUR, MARA, MIRA, OneCharacter

WILD = Character(key=CharacterKey("wild"), name="Wild", persona="", rating=Rating.ADULT)


class Office:
    def __init__(self) -> None:
        self.store = MemorySceneStore()
        self.characters = OneCharacter()
        self.characters.loaded |= {who.key: who for who in (DOV, IDA, WILD)}
        self.company = Company(
            store=self.store, characters=self.characters, prompting=Desk().prompting
        )

    async def head(self) -> SceneHead:
        found = await self.store.head(CHANNEL)
        assert found is not None
        return found

    async def add(self, character: Character, *, is_age_restricted: bool = False) -> None:
        await self.company.add(CHANNEL, character, is_age_restricted=is_age_restricted)

    async def names(self) -> list[str]:
        return [part.name for part in await self.company.cast(CHANNEL)]


@pytest.fixture
async def office() -> Office:
    office = Office()
    head = SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)
    await office.store.start(head, None)
    return office


async def test_who_joins_and_leaves_is_listed_in_turn_order(office: Office) -> None:
    await office.add(DOV)
    await office.add(IDA)
    assert await office.names() == ["Mira", "Dov", "Ida"]

    name, _ = await office.company.remove(CHANNEL, "mira")

    assert name == "Mira"
    assert await office.names() == ["Dov", "Ida"]


async def test_two_who_join_at_once_both_play(office: Office) -> None:
    await asyncio.gather(office.add(DOV), office.add(IDA))

    assert sorted(await office.names()) == ["Dov", "Ida", "Mira"]


async def test_who_joins_twice_at_once_plays_once(office: Office) -> None:
    outcomes = await asyncio.gather(office.add(DOV), office.add(DOV), return_exceptions=True)

    assert sorted(isinstance(each, UserError) for each in outcomes) == [False, True]
    assert await office.names() == ["Mira", "Dov"]


async def test_a_character_for_adults_joins_only_where_it_may(office: Office) -> None:
    with pytest.raises(UserError, match="age-restricted"):
        await office.add(WILD)

    await office.add(WILD, is_age_restricted=True)

    assert await office.names() == ["Mira", "Wild"]


async def test_a_persona_that_leaves_no_room_does_not_join(office: Office) -> None:
    endless = Character(CharacterKey("endless"), "Endless", "word " * 5_000)

    with pytest.raises(UserError, match="tokens"):
        await office.add(endless)


async def test_who_is_gone_from_the_folder_is_listed_and_can_leave(office: Office) -> None:
    await office.add(DOV)
    del office.characters.loaded[DOV.key]

    [_, gone] = await office.company.cast(CHANNEL)
    assert (gone.name, gone.is_loaded) == ("dov", False)
    await office.company.remove(CHANNEL, "dov")

    assert await office.names() == ["Mira"]


async def test_one_alone_cannot_answer_another(office: Office) -> None:
    with pytest.raises(UserError, match="Only one character"):
        await office.company.set_banter(CHANNEL, 3)

    await office.add(DOV)
    await office.company.set_banter(CHANNEL, 99)

    assert (await office.head()).banter == 6


async def test_the_mode_is_the_scenes(office: Office) -> None:
    await office.company.set_reply_mode(CHANNEL, ReplyMode.TURNS)

    assert (await office.head()).reply_mode is ReplyMode.TURNS


async def test_without_a_live_scene_there_is_nothing_to_change(office: Office) -> None:
    await office.store.set_live(CHANNEL, live=False)

    with pytest.raises(NoLiveScene):
        await office.add(DOV)
    with pytest.raises(NoLiveScene):
        await office.company.set_reply_mode(CHANNEL, ReplyMode.ALWAYS)
    with pytest.raises(NoLiveScene):
        await office.company.cast(CHANNEL)


async def test_who_speaks_is_found_by_key_or_name(office: Office) -> None:
    await office.add(DOV)
    head = await office.head()

    assert office.company.who(head, "dov") == office.company.who(head, " DOV ") == DOV.key
    with pytest.raises(UserError, match="does not play here"):
        office.company.who(head, "ida")
