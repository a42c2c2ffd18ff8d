"""`/character` on a running bot: files in, forms, scenes that play with them, files out."""

import base64
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.adapters.card_reader import read_card_file
from bot.core.cards import png
from bot.core.portrait_names import portrait_name
from bot.playground.world import ADULTS_ID
from tests.cards import as_json, document, in_picture, packed
from tests.playground.driver import Member, Shown, Use, eventually
from tests.wire.running import Running, running

AYA = document(creator_notes="A fox of the old shrine.", odd_field=[1, {"deep": None}])
AYA_PNG = in_picture((b"chara", packed(AYA)), picture=png.plain_picture("aya"))
ADULT = as_json(document(name="Ada", tags=["nsfw"]))
OVER = "This import is over: an hour has passed, or another one came after it. "


async def asked(member: Member, command: str, **options: Any) -> Shown:
    answer = await member.answer(await member.slash(command, **options))
    assert answer.is_ephemeral
    return answer


async def offered(member: Member, typed: str, **options: Any) -> list[str]:
    found = await member.autocomplete("roleplay start", "character", typed, **options)
    return [name for name, _ in found]


async def take_in(
    member: Member, name: str = "aya.png", data: bytes = AYA_PNG, **more: Any
) -> Shown:
    preview = await asked(member, "character import", file=(name, data), **more)
    await member.click(preview, "Save")
    return await told_in(member, preview, "is yours now")


async def told_in(member: Member, message: Shown, words: str) -> Shown:
    """Wait until *message* says that."""

    async def is_so() -> bool:
        found = await member.see(message)
        return found is not None and words in found.content

    await eventually(is_so, 5)
    found = await member.see(message)
    assert found is not None
    return found


def fields_of(message: Shown) -> dict[str, str]:
    [embed] = message.raw["embeds"]
    return {field["name"]: field["value"] for field in embed.get("fields", ())}


async def file_of(stage: Running, message: Shown) -> bytes:
    [attachment] = message.raw["attachments"]
    async with stage.world.session.get(stage.world.address.base_url + attachment["url"]) as answer:
        return await answer.read()


async def reply_to(stage: Running, text: str, channel: str | int = "tavern") -> Shown:
    line = await stage.world.mara.send(text, channel)
    return await stage.world.mara.wait_for_message(
        lambda m: m.is_webhook and m.id > line.id and "Stop" not in m.labels, channel=channel
    )


async def test_a_picture_is_previewed_saved_after_a_restart_and_played(stage: Running) -> None:
    mara = stage.world.mara

    preview = await asked(mara, "character import", file=("aya.png", AYA_PNG))

    assert fields_of(preview)["For"] == "everyone"
    assert fields_of(preview)["Seen by"] == "you alone"
    assert "tokens of every prompt" in fields_of(preview)["Size"]
    assert png.size_of(await file_of(stage, preview)) is not None
    assert preview.labels == ["Save", "Cancel"]
    assert await offered(mara, "aya") == []

    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()
    await mara.click(preview, "Save")
    saved = await told_in(mara, preview, "is yours now")
    assert saved.labels == []
    assert await offered(mara, "aya") == ["Aya: A fox of the old shrine."]
    assert await offered(stage.world.tom, "aya") == []

    stage.tgi.reply = lambda _: " *sips tea*"
    told = await asked(mara, "roleplay start", character="aya")
    assert "The scene with **Aya** is on" in told.content
    greeting = await mara.wait_for_message(lambda m: m.is_webhook)
    assert (greeting.author, greeting.content) == ("Aya", "Welcome, Mara.")
    assert greeting.avatar_url
    reply = await reply_to(stage, "Hello?")
    assert (reply.author, reply.content) == ("Aya", "*sips tea*")
    assert "Aya's Persona: Aya is a kitsune.\nsly" in stage.tgi.asked[-1].prompt


async def test_an_export_gives_all_of_it_back(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara)

    for container, suffix in (("png", "Aya.png"), ("json", "Aya.json"), ("charx", "Aya.charx")):
        answer = await asked(mara, "character export", character="aya", format=container)
        assert answer.raw["attachments"][0]["filename"] == suffix
        card = read_card_file(await file_of(stage, answer), suffix)
        data = card.document["data"]
        assert isinstance(data, dict)
        assert data["odd_field"] == [1, {"deep": None}]
    refused = await asked(mara, "character export", character="clover")
    assert refused.content == "That character is the host's: its file lies with the bot."


async def test_what_was_cancelled_or_is_an_hour_old_is_told(stage: Running, redis: Redis) -> None:
    mara = stage.world.mara
    first = await asked(mara, "character import", file=("aya.png", AYA_PNG))
    await mara.click(first, "Cancel")
    cancelled = await told_in(mara, first, "Nothing was kept.")
    assert cancelled.raw["attachments"] == []

    second = await asked(mara, "character import", file=("aya.png", AYA_PNG))
    await redis.delete(*(await redis.keys("rp:u:*:draft")))
    use = await mara.click(second, "Save")
    answer = await mara.answer(use)
    assert answer.content == OVER + "Use /character import again."
    assert await offered(mara, "aya") == []


async def test_an_adult_one_is_refused_in_the_wrong_channel_with_a_reason(stage: Running) -> None:
    mara = stage.world.mara
    preview = await asked(mara, "character import", file=("ada.json", ADULT))
    assert fields_of(preview)["For"] == "adults"
    assert fields_of(preview)["Plays"] == "In age-restricted channels only."
    await mara.click(preview, "Save")
    await told_in(mara, preview, "is yours now")

    refused = await asked(mara, "roleplay start", character="ada")
    assert refused.content == "Ada is for adults and plays only in age-restricted channels."
    assert await offered(mara, "ada") == []
    assert await offered(mara, "ada", channel=ADULTS_ID) == ["Ada: nsfw"]
    started = await asked(mara, "roleplay start", channel=ADULTS_ID, character="ada")
    assert "is on" in started.content


async def test_adult_ones_of_others_are_told_of_only_where_adults_are_among_themselves(
    stage: Running,
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    await take_in(mara, "ada.json", ADULT, visibility="server")

    assert "Ada" in (await asked(mara, "character list")).content
    assert "Ada" not in (await asked(tom, "character list")).content
    assert await tom.autocomplete("character show", "character", "ada") == []
    refused = await asked(tom, "character show", character="ada")
    assert refused.content == "Ada is for adults and shown in age-restricted channels only."
    assert "Ada" in (await asked(tom, "character list", channel=ADULTS_ID)).content


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.png", png.plain_picture("x"), "There is no character in this PNG picture"),
        ("x.txt", b"hello", "give a character card as PNG"),
        ("x.json", as_json({"entries": {"0": {"key": ["a"], "content": "b"}}}), "`/lore import`"),
        (
            "x.json",
            as_json(document(tags=["nsfw"], extensions={"age": 16})),
            "described as under 18 and marked as adult: such a card is never taken.",
        ),
        ("x.png", bytes(10_000_001), "larger than 10 MB"),
    ],
)
async def test_a_file_that_is_not_taken_gets_one_sentence(
    name: str, data: bytes, words: str, stage: Running
) -> None:
    answer = await asked(stage.world.mara, "character import", file=(name, data))

    assert words in answer.content
    assert answer.labels == []


async def test_one_for_the_server_is_everybodys_and_a_keeper_takes_it_back(stage: Running) -> None:
    world = stage.world
    await take_in(world.mara, visibility="server")
    assert await offered(world.tom, "aya") == ["Aya: A fox of the old shrine."]
    refused = await world.tom.answer(await world.tom.slash("character edit", character="aya"))
    assert refused.content == "Only the one who brought this character in may change it."
    assert "is on" in (await asked(world.tom, "roleplay start", character="aya")).content

    question = await asked(world.ann, "character delete", character="aya")
    await world.ann.click(question, "Delete")
    await told_in(world.ann, question, "no longer plays for this server")

    assert await offered(world.tom, "aya") == []
    assert await offered(world.mara, "aya") == ["Aya: A fox of the old shrine."]


async def submit(member: Member, use: Use, **texts: str) -> Shown:
    return await member.answer(await member.submit(use, texts))


async def test_a_form_makes_one_and_an_edit_counts_from_the_next_reply(stage: Running) -> None:
    mara = stage.world.mara
    made = await submit(
        mara,
        await mara.slash("character create"),
        name="Odo",
        description="Odo mends clocks.",
        first_mes="Mind the springs, {{user}}.",
    )
    assert "**Odo** is yours now" in made.content
    more = await submit(mara, await mara.click(made, "More about it"), tags="calm, dry")
    assert "**Odo** is changed" in more.content
    assert await offered(mara, "odo") == ["Odo: calm, dry"]

    stage.tgi.reply = lambda _: " Tick."
    await asked(mara, "roleplay start", character="odo")
    await reply_to(stage, "Hello?")
    assert "Odo mends clocks." in stage.tgi.asked[-1].prompt

    early = await mara.slash("character edit", character="odo")
    use = await mara.slash("character edit", character="odo")
    await submit(mara, use, description="Odo now winds the tower clock.")
    stage.tgi.reply = lambda _: " Tock."
    await reply_to(stage, "And now?")
    assert "Odo now winds the tower clock." in stage.tgi.asked[-1].prompt
    assert "Odo mends clocks." not in stage.tgi.asked[-1].prompt

    await submit(mara, early, description="Too late.")
    await mara.wait_for_message(lambda m: "changed meanwhile" in m.content)


async def test_a_form_outlives_a_restart_and_a_minor_is_never_made_adult(stage: Running) -> None:
    mara = stage.world.mara
    use = await mara.slash("character create", rating="adult")
    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()

    await submit(mara, use, name="Pim", description="Age: 12")

    await mara.wait_for_message(
        lambda m: m.content.startswith("The character is described as under 18")
    )
    kept = await mara.wait_for_message(lambda m: "Here is what you wrote" in m.content)
    assert b"Age: 12" in await file_of(stage, kept)
    assert await offered(mara, "pim", channel=ADULTS_ID) == []


async def test_a_deleted_one_goes_on_in_its_scene_over_a_restart(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara)
    stage.tgi.reply = lambda _: " Yes."
    await asked(mara, "roleplay start", character="aya")
    await mara.wait_for_message(lambda m: m.is_webhook)

    question = await asked(mara, "character delete", character="aya")
    await mara.click(question, "Delete")
    await told_in(mara, question, "**Aya** is deleted. Scenes that play with it go on.")
    assert await offered(mara, "aya") == []

    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()
    stage.tgi.reply = lambda _: " Still here."
    reply = await reply_to(stage, "Are you there?")
    assert (reply.author, reply.content) == ("Aya", "Still here.")


async def test_a_member_and_a_server_choose_who_plays_when_nobody_is_named(stage: Running) -> None:
    mara, ann = stage.world.mara, stage.world.ann
    nobody = await asked(mara, "roleplay start")
    assert nobody.content.startswith("Who plays?")
    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()
    started = await mara.answer(await mara.choose(nobody, "hollis"))
    assert "**HOLLIS** is on" in started.content
    await asked(mara, "roleplay stop")
    await take_in(mara)

    refused = await asked(mara, "character default", character="clover", **{"for": "server"})
    assert (
        refused.content
        == "Only who may manage the server may choose characters for the whole server."
    )
    told = await asked(ann, "character default", character="clover", **{"for": "server"})
    assert told.content == "In this server: **Clover** plays where `/roleplay start` names nobody."
    told = await asked(mara, "character default", character="aya")
    assert told.content == "For you: **Aya** plays where `/roleplay start` names nobody."

    assert "**Aya** is on" in (await asked(mara, "roleplay start")).content
    other = await asked(stage.world.tom, "roleplay start", channel="harbour")
    assert "**Clover** is on" in other.content


async def test_one_can_be_added_to_a_scene_listed_and_shown(stage: Running) -> None:
    mara = stage.world.mara
    await take_in(mara)
    await asked(mara, "roleplay start", character="clover", greeting="none")

    added = await asked(mara, "roleplay add", character="aya")
    assert "**Aya** plays, too" in added.content
    stage.tgi.reply = lambda prompt: f" {prompt.rpartition(chr(10))[2].removesuffix(':')} nods."
    assert (await reply_to(stage, "Aya?")).content == "Aya nods."

    listed = await asked(mara, "character list")
    assert listed.content.startswith("**Yours**\n- Aya: A fox of the old shrine.\n**The host's**")
    shown = await asked(mara, "character show", character="aya")
    assert shown.raw["embeds"][0]["title"] == "Aya"
    hosts = await asked(mara, "character show", character="clover")
    assert fields_of(hosts)["Seen by"] == "everybody"


@pytest.fixture
async def own_folder(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    folder = tmp_path / "cast"
    folder.mkdir()
    (folder / "ann.yaml").write_text("name: Ann\npersona: Ann mends nets.\n")
    async with running(clean_redis_url, tmp_path, BOT_CHARACTERS=str(folder)) as everything:
        yield everything


async def test_the_hosts_folder_is_read_again_by_a_keeper(
    own_folder: Running, tmp_path: Path
) -> None:
    world = own_folder.world
    (tmp_path / "cast" / "aya.png").write_bytes(AYA_PNG)
    (tmp_path / "cast" / "broken.yaml").write_text("name: [")

    refused = await asked(world.tom, "character reload")
    assert refused.content.startswith("Only who may manage the server may")
    told = await asked(world.ann, "character reload")

    assert told.content.startswith(
        "The host's characters are read again: 2 can play.\n- cast/broken"
    )
    assert await offered(world.tom, "aya") == ["Aya"]


async def test_the_hosts_folder_is_read_again_where_another_process_has(
    own_folder: Running, tmp_path: Path, redis: Redis
) -> None:
    (tmp_path / "cast" / "aya.png").write_bytes(AYA_PNG)
    tom = own_folder.world.tom
    assert await offered(tom, "aya") == []

    await redis.incr("rp:reloads")

    async def is_there() -> bool:
        return await offered(tom, "aya") == ["Aya"]

    await eventually(is_there, 10)


async def test_a_face_is_served_from_the_hosts_own_address(
    own_folder: Running, redis: Redis
) -> None:
    world = own_folder.world
    await take_in(world.mara)
    [(_, key)] = await world.mara.autocomplete("roleplay start", "character", "aya")
    face = base64.b64decode(await redis.hget(f"rp:c:{{{key[1:]}}}", "face") or "")

    ours = f"http://127.0.0.1:{own_folder.bot.settings['BOT_HTTP__PORT']}/portraits/{key}"
    async with world.session.get(f"{ours}/{portrait_name(face)}") as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert await answer.read() == face
    async with world.session.get(f"{ours}/{'0' * 64}.png") as answer:
        assert answer.status == 404
