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


async def test_a_form_is_in_the_language_of_whoever_fills_it_in(played: Played) -> None:
    await played.world.set_language("de", MARA_ID)
    await played.command("lore add", text="It whistles.", keys="kettle")
    made = await played.world.mara.slash("character create")
    edited = await played.world.mara.slash("lore edit", entry="kettle")

    assert made.modal is not None
    assert made.modal["title"] == "Ein neuer Charakter"
    fields = made.modal["components"]
    assert fields[1]["label"] == "Wer es ist"
    assert fields[4]["component"]["placeholder"] == "{{user}} steht für alle, die spielen"
    assert edited.modal is not None
    told, keys, *_ = edited.modal["components"]
    assert told["label"] == "Was die Antwort erfährt"
    assert keys["description"].startswith("Mit Kommas dazwischen")
    assert keys["component"]["value"] == "kettle"


async def test_an_embed_is_in_the_language_of_whoever_asks(played: Played) -> None:
    await played.world.set_language("de", MARA_ID)
    mara = played.world.mara

    shown = await mara.answer(await mara.slash("character show", character="clover"))

    fields = {each["name"]: each["value"] for each in shown.raw["embeds"][0]["fields"]}
    assert fields["Sichtbar für"] == "alle"
    assert shown.raw["embeds"][0]["title"] == "Clover"


async def test_a_draft_that_was_hinted_at_is_written_anew_in_any_language(played: Played) -> None:
    await played.world.set_language("de", MARA_ID)
    mara = played.world.mara
    head = "-# Entwurf deines nächsten Beitrags: nur du siehst ihn. Tipp: be polite"
    played.tgi.reply = lambda _: " I bow."
    draft = await mara.answer(await mara.slash("impersonate", hint="be polite"))
    assert draft.content == f"{head}\nI bow."
    played.tgi.reply = lambda prompt: " I curtsy." if "be polite]" in prompt else " I shrug."

    await mara.click(draft, "Noch einmal")

    await mara.wait_for_message(lambda m: m.content == f"{head}\nI curtsy.")


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
