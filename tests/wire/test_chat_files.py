"""Stories leave as files, and come back from them, on a running bot."""

import json
import time
from collections.abc import Mapping
from typing import Any

from bot.adapters.redis_store import RedisSceneStore
from bot.core.chat_files import MOST_BYTES
from bot.core.scene import ChannelId, Role
from bot.playground.world import TAVERN_ID
from tests.playground.driver import Shown, eventually
from tests.wire.running import Running
from tests.wire.tales import ROW, begin, gist, kill_and_start, read, tell, texts

TAVERN = ChannelId(TAVERN_ID)
LOADED_MACHINE = 3
"""So much slower may a machine be on which other tests run."""


def jsonl(*rows: Mapping[str, Any], character: str = "Clover") -> bytes:
    header = {"user_name": "Anon", "character_name": character, "chat_metadata": {}}
    return "\n".join(json.dumps(row) for row in (header, *rows)).encode()


def said(name: str, text: str, **more: Any) -> Mapping[str, Any]:
    return {"name": name, "is_user": name == "Anon", "mes": text, **more}


CHAT = jsonl(
    said("Clover", "It is raining."),
    said("Anon", "I open my umbrella."),
    said("Clover", "It is dry below.", swipes=["It is wet.", "It is dry below."], swipe_id=1),
)


async def downloaded(stage: Running, shown: Shown) -> bytes:
    [attachment] = shown.raw["attachments"]
    url = stage.world.address.base_url + str(attachment["url"])
    async with stage.world.session.get(url) as response:
        assert response.status == 200
        return await response.read()


async def test_a_story_is_exported_in_each_format_for_its_owner_alone(stage: Running) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")

    files = {}
    for chosen in ("markdown", "html", "sillytavern"):
        told = await mara.answer(await mara.slash("roleplay export", format=chosen))
        assert told.is_ephemeral
        files[chosen] = (told.raw["attachments"][0]["filename"], await downloaded(stage, told))
    refused = await tom.answer(await tom.slash("roleplay export", format="html"))

    assert [name.rpartition(".")[2] for name, _ in files.values()] == ["md", "html", "jsonl"]
    assert all(b"It is dark." in content for _, content in files.values())
    lines = [json.loads(line) for line in files["sillytavern"][1].splitlines()]
    assert [line.get("mes") for line in lines[2:]] == ["I open the door.", "It is dark."]
    assert len(lines[1]["swipes"]) == 3  # the greetings
    assert refused.content.startswith("Only the one who started the scene")
    assert refused.raw["attachments"] == []


async def test_a_chat_of_sillytavern_goes_on_here(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    told = await mara.answer(await mara.slash("roleplay import", file=("tale.jsonl", CHAT)))
    shown = await mara.wait_for_message(lambda m: ROW in m.labels)

    assert told.is_ephemeral
    assert "after 3 lines" in told.content
    assert (shown.author, shown.content) == ("Clover", "It is dry below.")

    async def is_noted() -> bool:  # where it stands, a moment after it does
        return bool((await read(scene_store)).turns[-1].messages)

    await eventually(is_noted)
    turns = (await read(scene_store)).turns
    assert [turn.role for turn in turns] == [Role.CHARACTER, Role.PLAYER, Role.CHARACTER]
    assert turns[-1].swipes == ("It is wet.", "It is dry below.")
    assert turns[-1].messages == (shown.id,)

    await tell(stage, "I walk on.", "Careful.")
    prompt = tgi.asked[-1].prompt
    assert "Clover: It is raining.\n" in prompt
    assert "Anon: I open my umbrella.\n" in prompt
    assert "It is wet." not in prompt


async def test_what_was_exported_comes_back_as_it_was(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await begin(stage)
    await tell(stage, "I open the door.", "It is dark.")

    async def is_remembered() -> bool:
        return (await texts(scene_store))[-1] == "It is dark."

    await eventually(is_remembered)
    before = await texts(scene_store)
    told = await mara.answer(await mara.slash("roleplay export", format="sillytavern"))
    file = ("tale.jsonl", await downloaded(stage, told))
    await tell(stage, "I run away.", "You are free.")

    again = await mara.answer(await mara.slash("roleplay import", file=file))
    shown = await mara.wait_for_message(lambda m: m.content == "It is dark." and ROW in m.labels)

    assert await texts(scene_store) == before
    await tell(stage, "I stay.", "Good.")
    assert "I run away." not in tgi.asked[-1].prompt

    assert (await mara.click(again, "Undo")).is_acknowledged
    await mara.wait_for_message(lambda m: "back as it was" in m.content)
    await tell(stage, "Where am I?", "Outside.")
    assert "I run away." in tgi.asked[-1].prompt
    assert await mara.see(shown) is None


async def test_who_plays_a_stranger_is_asked_and_the_answer_outlives_a_restart(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    rows = (said("Seraphina", "Rest here."), said("Anon", "Where am I?"))
    chat = jsonl(*rows, said("Seraphina", "In a glade."), character="Seraphina")
    asked = await mara.answer(await mara.slash("roleplay import", file=("tale.jsonl", chat)))

    assert "**Seraphina**" in asked.content
    assert await scene_store.read(TAVERN) is None
    await kill_and_start(stage)
    assert (await mara.choose(asked, "clover")).is_acknowledged
    shown = await mara.wait_for_message(lambda m: ROW in m.labels)

    assert (shown.author, shown.content) == ("Clover", "In a glade.")
    await tell(stage, "I sleep.", "Good night.")
    assert "Clover: Rest here.\n" in tgi.asked[-1].prompt
    assert "Seraphina" not in tgi.asked[-1].prompt


async def test_who_plays_may_be_said_at_once_and_what_was_skipped_is_told(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    chat = jsonl(said("Seraphina", "Rest here."), character="Seraphina") + b"\n{broken\n"
    use = await mara.slash("roleplay import", file=("tale.jsonl", chat), character="clover")
    told = await mara.answer(use)

    assert "What could not be read" in told.content
    assert "Line 3 was skipped" in told.content
    assert await texts(scene_store) == ["Rest here."]


async def test_a_chat_that_ends_with_a_line_is_answered(stage: Running) -> None:
    mara = stage.world.mara
    stage.tgi.reply = lambda _: " Under the bridge."
    chat = jsonl(said("Clover", "It is raining."), said("Anon", "Where do we go?"))
    await mara.answer(await mara.slash("roleplay import", file=("tale.jsonl", chat)))

    await mara.wait_for_message(lambda m: m.content == "Under the bridge." and ROW in m.labels)
    notice = await mara.wait_for_message(lambda m: "goes on from here" in m.content)
    assert "> **Anon**: Where do we go?" in notice.content


async def test_what_is_no_chat_gets_a_sentence_and_changes_nothing(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    await begin(stage)
    before = await gist(scene_store)

    for content, words in (
        (b"", "empty"),
        (b'{"spec": "chara_card_v2"}', "character card"),
        (b"[" * 200_000, "file"),
        (b"x" * (MOST_BYTES + 1), "larger than 8 MB"),
        (jsonl(said("Clover", "  ")), "no message has a text"),
    ):
        told = await mara.answer(await mara.slash("roleplay import", file=("x.jsonl", content)))
        assert told.is_ephemeral
        assert words in told.content
        assert len(told.content) < 300
    assert await gist(scene_store) == before


async def test_another_member_cannot_put_a_file_in_place_of_our_story(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    tom = stage.world.tom
    await begin(stage)
    before = await gist(scene_store)

    told = await tom.answer(await tom.slash("roleplay import", file=("tale.jsonl", CHAT)))

    assert told.is_ephemeral
    assert told.content.startswith("Only the one who started the scene")
    assert await gist(scene_store) == before


async def test_a_file_of_a_megabyte_is_imported_within_a_second(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    rows = [said("Clover", f"{number} " + "The lamp turns. " * 24) for number in range(2_400)]
    chat = jsonl(*rows)
    assert len(chat) > 1_000_000
    await mara.answer(await mara.slash("roleplay status"))  # connected, and warm

    began = time.monotonic()
    told = await mara.answer(await mara.slash("roleplay import", file=("tale.jsonl", chat)))
    took_s = time.monotonic() - began

    assert "after 2000 lines" in told.content
    assert "400 older lines are left out" in told.content
    assert len(await texts(scene_store)) == 2_000
    assert took_s < 1 * LOADED_MACHINE
