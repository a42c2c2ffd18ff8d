"""Members are answered in the language of their Discord, channels in that of the server."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import MARA_ID, TOM_ID
from tests.wire.playing import Played, playing

START = "Starte eine Szene: der Charakter begrüßt dich und antwortet auf das, was du schreibst."


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def test_a_member_is_refused_in_their_own_language(played: Played) -> None:
    await played.world.set_language("de", TOM_ID)

    told = await played.command("settings show", member=played.world.tom)

    assert told == "Nur wer den Server verwalten darf, darf sehen, was hier festgelegt ist."
    assert "Only who may manage the server" in await played.command("settings show")


async def test_an_answer_and_the_labels_below_it_are_in_one_language(played: Played) -> None:
    await played.world.set_language("de", MARA_ID)
    mara = played.world.mara

    answer = await mara.answer(await mara.slash("length"))

    assert "Wähle die Länge für die Antworten dieser Szene:" in answer.content
    note = await mara.answer(await mara.slash("note", text="The kettle is a spy."))
    assert note.content == (
        "**Autorennotiz** (für jede Antwort, 4 Zeilen vor dem Ende): The kettle is a spy."
    )
    assert note.labels == ["Leeren"]


async def test_commands_are_described_in_the_languages_that_there_are(played: Played) -> None:
    commands = (await played.world.mara.state())["commands"]

    [roleplay] = [each for each in commands if each["name"] == "roleplay"]
    [start] = [each for each in roleplay["options"] if each["name"] == "start"]
    assert start["description_localizations"]["de"] == START
    assert start["description"].startswith("Start a scene:")


async def test_a_channel_hears_the_language_of_its_server(played: Played) -> None:
    await played.world.set_language("de")
    await played.world.set_language("ja", MARA_ID)
    await played.say("Has the kettle boiled?")

    await played.say("I have a question, too.", member=played.world.tom)

    notice = await played.world.mara.wait_for_message(lambda m: "Ihr spielt jetzt zu" in m.content)
    assert "Clover" in notice.content
