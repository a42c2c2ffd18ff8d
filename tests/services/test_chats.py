"""Stories as files: what of a chat becomes a story, and how it goes on."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.core.chat_export import ChatFormat
from bot.core.chat_files import MOST_BYTES, Chat, ChatMessage
from bot.core.directions import NOTE_CHARACTERS
from bot.core.errors import NoLiveScene, UserError
from bot.core.scene import Role, Scene
from bot.services.chats import Chats, check_size
from tests.services.shelving import Shelving, shelving
from tests.services.stage import HARBOUR, MIRA

CHANNEL = HARBOUR.channel
KEEP = 20


@pytest.fixture
async def desk() -> AsyncIterator[Shelving]:
    async with shelving(keep=KEEP) as opened:
        yield opened


def chats(desk: Shelving) -> Chats:
    return Chats(store=desk.store, scenes=desk.scenes, shelf=desk.shelf, keep=KEEP)


def said(name: str, text: str) -> ChatMessage:
    role = Role.PLAYER if name == "Anon" else Role.CHARACTER
    return ChatMessage(name, role, (text,), at_ms=3)


def chat(*messages: ChatMessage) -> Chat:
    return Chat(messages, user_name="Anon", character_name="Seraphina")


RAIN = chat(said("Seraphina", "Rain."), said("Anon", "A roof!"), said("Seraphina", "Dry."))


async def read(desk: Shelving) -> Scene:
    scene = await desk.store.read(CHANNEL)
    assert scene is not None
    return scene


async def test_a_chat_begins_a_scene_and_shows_its_last_line(desk: Shelving) -> None:
    noted = replace(RAIN, metadata={"scenario": "A wood.", "note_prompt": "slow", "note_depth": 2})

    imported = await chats(desk).begin(noted, desk.opening())
    await desk.stage.quiet()

    scene = await read(desk)
    assert (imported.turns, imported.left_out, imported.replaced) == (3, 0, None)
    assert [(turn.name, turn.text) for turn in scene.turns] == [
        ("Mira", "Rain."),
        ("Anon", "A roof!"),
        ("Mira", "Dry."),
    ]
    assert (scene.head.scenario, scene.head.note, scene.head.note_depth) == ("A wood.", "slow", 2)
    assert scene.head.character == MIRA.key
    [notice, shown] = desk.stage.voice.on_screen(CHANNEL)
    assert "with 3 lines before it" in notice.text
    assert (shown.author, shown.text) == ("Mira", "Dry.")
    assert scene.turns[-1].messages == (shown.id,)


async def test_a_note_that_is_longer_than_one_may_be_is_left_out(desk: Shelving) -> None:
    noted = replace(RAIN, metadata={"note_prompt": "x" * (NOTE_CHARACTERS + 1)})

    imported = await chats(desk).begin(noted, desk.opening())

    assert imported.lacks_note
    assert (await read(desk)).head.note == ""


async def test_a_scenario_that_leaves_no_room_for_the_story_gets_a_sentence(desk: Shelving) -> None:
    vast = replace(RAIN, metadata={"scenario": "wood " * 10_000})

    with pytest.raises(UserError, match="the model has room for"):
        await chats(desk).begin(vast, desk.opening())

    assert await desk.store.read(CHANNEL) is None


async def test_a_note_that_the_file_has_switched_off_is_none(desk: Shelving) -> None:
    noted = replace(RAIN, metadata={"note_prompt": "slow", "note_interval": 0})

    imported = await chats(desk).begin(noted, desk.opening())

    assert not imported.lacks_note
    assert (await read(desk)).head.note == ""


async def test_who_else_speaks_in_a_chat_keeps_the_name(desk: Shelving) -> None:
    await chats(desk).begin(chat(said("Seraphina", "Rain."), said("Tib", "Wet.")), desk.opening())

    assert [turn.name for turn in (await read(desk)).turns] == ["Mira", "Tib"]


async def test_of_a_long_chat_the_newest_lines_stay(desk: Shelving) -> None:
    long = chat(*(said("Seraphina", f"Line {number}.") for number in range(KEEP + 5)))

    imported = await chats(desk).begin(long, desk.opening())

    assert (imported.turns, imported.left_out) == (KEEP, 5)
    texts = await desk.texts()
    assert texts[-1] == f"Line {KEEP + 4}."
    assert "Line 4." not in texts


async def test_a_chat_takes_the_place_of_a_live_story_and_can_be_taken_back(
    desk: Shelving,
) -> None:
    await desk.scenes.start(desk.opening())
    await desk.tell("One.", "First.")

    imported = await chats(desk).begin(RAIN, desk.opening())
    await desk.stage.quiet()
    assert imported.replaced is not None
    assert await desk.texts() == ["Rain.", "A roof!", "Dry."]

    await desk.shelf.take_back(CHANNEL, imported.replaced.undo, at_ms=9)
    assert await desk.texts() == ["Hello.", "One.", "First."]


async def test_two_chats_at_once_leave_one_story_as_a_whole(desk: Shelving) -> None:
    other = chat(said("Seraphina", "Sun."), said("Anon", "Warm!"), said("Seraphina", "Yes."))

    await asyncio.gather(
        *(chats(desk).begin(each, desk.opening()) for each in (RAIN, other)),
        return_exceptions=True,
    )
    await desk.stage.quiet()

    assert await desk.texts() in (["Rain.", "A roof!", "Dry."], ["Sun.", "Warm!", "Yes."])
    assert desk.stage.screen()[-1] == (await desk.texts())[-1]


async def test_what_holds_no_words_and_what_is_too_large_gets_a_sentence(desk: Shelving) -> None:
    with pytest.raises(UserError, match="no message has a text"):
        await chats(desk).begin(chat(said("Seraphina", "  ")), desk.opening())
    with pytest.raises(UserError, match="larger than 8 MB"):
        check_size(MOST_BYTES + 1)

    assert await desk.store.read(CHANNEL) is None


async def test_an_export_has_what_is_hidden_and_comes_back(desk: Shelving) -> None:
    service = chats(desk)
    await service.begin(RAIN, desk.opening())
    scene = await read(desk)
    hidden = replace(scene.turns[1], hidden=True)
    scene = replace(scene, turns=(scene.turns[0], hidden, scene.turns[2]))

    made = await service.export(scene, ChatFormat.SILLYTAVERN, most_bytes=10_000)
    again = await service.read(made.content, made.name)

    assert [message.hidden for message in again.messages] == [False, True, False]
    assert again.character_name == MIRA.name
    assert json.loads(made.content.splitlines()[0])["character_name"] == "Mira"


@pytest.mark.parametrize("chosen", ChatFormat)
async def test_an_export_that_is_larger_than_discord_takes_gets_a_sentence(
    desk: Shelving, chosen: ChatFormat
) -> None:
    service = chats(desk)
    long = chat(*(said("Seraphina", f"{number} " + "Rain. " * 12_000) for number in range(KEEP)))
    await service.begin(long, desk.opening())
    scene = await read(desk)
    size = len((await service.export(scene, chosen, most_bytes=10_000_000)).content)
    await service.export(scene, chosen, most_bytes=size)

    with pytest.raises(UserError, match=r"has 1\.\d MB, and Discord takes files") as raised:
        await service.export(scene, chosen, most_bytes=size - 1)

    assert ("choose markdown" in str(raised.value)) is (chosen is not ChatFormat.MARKDOWN)


async def test_there_is_no_export_of_nothing(desk: Shelving) -> None:
    with pytest.raises(NoLiveScene):
        await chats(desk).export(
            Scene((await _started(desk)).head, ()), ChatFormat.HTML, most_bytes=1
        )


async def _started(desk: Shelving) -> Scene:
    await desk.scenes.start(desk.opening())
    return await read(desk)
