"""Who plays in a scene: what the commands do, and what they refuse."""

import asyncio
from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.characters import Character, Rating
from bot.core.errors import NoLiveScene, UserError
from bot.core.scene import (
    ChannelId,
    CharacterKey,
    MessageId,
    ReplyMode,
    Role,
    SceneHead,
    Turn,
    TurnId,
)
from bot.core.unposted import ORIGIN, Origin
from bot.services.company import Company, Joining
from tests.fakes.memory_store import MemorySceneStore
from tests.services.desk import Desk
from tests.services.playing import CHANNEL, DOV, IDA
from tests.services.stage import HARBOUR, MARA, MIRA, OneCharacter

M1, M2 = MessageId(11), MessageId(12)
LINE = Turn(TurnId("2"), Role.PLAYER, "Mara", ("Hm.",), author=MARA, messages=(M2,))
WILD = Character(key=CharacterKey("wild"), name="Wild", persona="", rating=Rating.ADULT)


class Overtaking(MemorySceneStore):
    """Something else changes the scene right before, if that is asked for."""

    is_overtaking = False

    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        if self.is_overtaking:
            self.is_overtaking = False
            await self.commit(channel, LINE, seen=None)
        return await super().apply(channel, change, version=version)


class Office:
    def __init__(self) -> None:
        self.store = Overtaking()
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
        await self.company.add(CHANNEL, Joining(character, is_age_restricted=is_age_restricted))

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


async def greeted(office: Office, *, is_begun: bool = False) -> None:
    """Begin with a character that has a greeting for several, and maybe a line after it."""
    office.characters.loaded[MIRA.key] = replace(MIRA, group_greetings=("All of you!",))
    await office.store.purge(CHANNEL)
    head = SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)
    facts = {ORIGIN: Origin.GREETING}
    first = Turn(TurnId("1"), Role.CHARACTER, MIRA.name, ("Hello.",), messages=(M1,), facts=facts)
    await office.store.start(head, None, told=(first, LINE) if is_begun else (first,))


@pytest.mark.parametrize(
    ("is_begun", "owner_name", "texts"),
    [
        (False, "Mara", ("Hello.", "All of you!")),
        (True, "Mara", ("Hello.",)),
        (False, "", ("Hello.",)),  # nobody knows here what `{{user}}` stands for
    ],
)
async def test_who_joins_before_anything_is_said_makes_it_a_greeting_for_several(
    *, is_begun: bool, owner_name: str, texts: tuple[str, ...], office: Office
) -> None:
    await greeted(office, is_begun=is_begun)

    joined = await office.company.add(CHANNEL, Joining(DOV, owner_name=owner_name))

    scene = await office.store.read(CHANNEL)
    assert scene is not None
    assert scene.turns[0].swipes == texts
    assert scene.turns[0].text == "Hello."
    assert joined.has_more_greetings == (len(texts) > 1)
    assert joined.head.cast == (DOV.key,)


async def test_a_scene_that_goes_on_while_somebody_joins_has_begun_already(office: Office) -> None:
    await greeted(office)
    office.store.is_overtaking = True

    joined = await office.company.add(CHANNEL, Joining(DOV, owner_name="Mara"))

    scene = await office.store.read(CHANNEL)
    assert scene is not None
    assert scene.turns[0].swipes == ("Hello.",)
    assert not joined.has_more_greetings
    assert joined.head.cast == (DOV.key,)


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
