"""`/privacy show|export|forget` on a running bot: one's own data, and nobody else's."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.redis_store import connect
from bot.playground.world import HARBOUR_ID, MARA_ID, TAVERN_ID
from tests.playground.driver import Member, eventually
from tests.wire.canaries import stored
from tests.wire.playing import Played, playing

CANARY = "zanzibar-9417"
OTHERS = "quillfeather-2203"
NAME = "Tom"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def exported(played: Played, member: Member) -> dict[str, Any]:
    told = await member.answer(await member.slash("privacy export"))
    assert told.is_ephemeral
    [attachment] = told.raw["attachments"]
    url = f"{played.world.address.base_url}{attachment['url']}"
    async with played.world.session.get(url) as answer:
        found: dict[str, Any] = json.loads(await answer.text())
        return found


async def forget(played: Played, where: str, member: Member | None = None) -> str:
    """What the receipt says."""
    who = member or played.world.tom
    asked = await who.answer(await who.slash("privacy forget", where=where))
    assert asked.is_ephemeral
    assert "cannot be taken back" in asked.content
    await who.click(asked, "Forget")
    receipt = ""

    async def is_done() -> bool:
        nonlocal receipt
        shown = await who.see(asked)
        receipt = "" if shown is None else shown.content
        return "orgotten" in receipt or "Nothing of you" in receipt

    await eventually(is_done, 30)
    return receipt


async def tell(played: Played) -> None:
    """Tom says the canary in all ways there are; Mara quotes it, and says something herself."""
    tom = played.world.tom
    smith = {"name": "Ash", "description": f"A {CANARY} smith"}
    await played.command("persona set", member=tom, named=smith)
    first = await played.say(f"Clover, {CANARY} one.", member=tom)
    await played.reply(after=first)
    await tom.edit(first, f"Clover, {CANARY} two.")
    await played.say(f"Between: {OTHERS}.")
    last = await played.say(f"Clover, what of that? {OTHERS}", reply_to=first)
    await played.reply(after=last)
    await played.command("narrate", member=tom, text=f"It snows {CANARY}.")
    await played.command("roleplay save", named={"name": "before"})
    await played.command("length", member=tom, named={"step": "short", "for": "me"})


async def test_show_counts_what_is_stored_and_repeats_no_words(played: Played) -> None:
    tom = played.world.tom
    assert "I store nothing of you" in await played.command("privacy show", member=tom)
    await tell(played)

    told = await played.command("privacy show", member=tom)

    assert f"<#{TAVERN_ID}>: 2 lines of yours, 2 in saved stories" in told
    assert "Personas: 1. Characters of your own: 0." in told
    assert "for 30 days" in told
    assert CANARY not in told
    assert OTHERS not in told
    assert "a scene that you started" in await played.command("privacy show")


async def test_s39_an_export_has_ones_own_words_and_nobody_elses(played: Played) -> None:
    await tell(played)

    found = await exported(played, played.world.tom)

    text = json.dumps(found)
    assert OTHERS not in text
    assert "says Ash" not in text
    assert (found["format"], found["version"]) == ("roleplay-bot-privacy-export", 1)
    assert found["user"] == str(played.world.tom.id)
    [channel] = found["channels"]
    assert (channel["channel"], channel["started_by_you"]) == (str(TAVERN_ID), False)
    assert [line["text"] for line in channel["lines"]] == [
        f"Clover, {CANARY} two.",
        f"It snows {CANARY}.",
    ]
    assert [line["name"] for line in channel["lines"]] == ["Ash", "Narrator"]
    assert [save["name"] for save in channel["saved"]] == ["before"]
    assert len(channel["saved"][0]["lines"]) == 2
    assert found["personas"] == [{"name": "Ash", "text": f"A {CANARY} smith", "picture": ""}]
    assert found["settings"]["length"] == "short"
    assert "scenario" not in channel


async def test_s38_a_canary_is_nowhere_after_forget(played: Played, clean_redis_url: str) -> None:
    await tell(played)
    tom = played.world.tom
    assert CANARY in await stored(clean_redis_url)
    assert CANARY in await append_only(clean_redis_url)

    told = await forget(played, "everywhere")

    assert "1 channel, 2 lines, 1 quote in others' lines, 1 saved story, 1 persona" in told
    assert "was written anew" in told
    kept = await stored(clean_redis_url)
    assert CANARY not in kept
    assert str(tom.id) not in kept.replace(f"rp:u:{{{tom.id}}}:channels", "")
    assert CANARY not in await append_only(clean_redis_url)
    assert OTHERS in kept
    before = len(played.tgi.asked)
    await played.reply(after=await played.say("Clover, who was here?"))
    prompts = [asked.prompt for asked in played.tgi.asked[before:]]
    assert not [prompt for prompt in prompts if CANARY in prompt]
    assert OTHERS in prompts[-1]
    assert CANARY not in played.bot.said
    async with played.world.session.get(
        f"http://127.0.0.1:{played.bot.settings['BOT_HTTP__PORT']}/metrics"
    ) as page:
        assert CANARY not in await page.text()
    assert "I store nothing of you" in await played.command("privacy show", member=tom)
    assert (await exported(played, tom))["channels"] == []


async def append_only(url: str) -> str:
    """What the server's own file holds."""
    folder = Path(url.removeprefix("unix://")).parent / "appendonlydir"
    client = connect(url, timeout_s=2.0)
    await client.aclose()
    found = [each.read_bytes() for each in folder.iterdir() if each.is_file()]
    return b"".join(found).decode("utf-8", "replace")


async def test_here_and_server_leave_what_is_elsewhere(
    played: Played, clean_redis_url: str
) -> None:
    world = played.world
    await played.reply(after=await played.say(f"Clover, {CANARY}.", member=world.tom))
    await played.remembers(2)
    await world.ann.answer(
        await world.ann.slash("roleplay start", channel="harbour", character="clover")
    )
    await world.tom.send(f"Harbour {CANARY}.", channel="harbour")

    async def is_stored() -> bool:
        return f"Harbour {CANARY}" in await stored(clean_redis_url)

    await eventually(is_stored)
    assert "1 line" in await forget(played, "here")
    kept = await stored(clean_redis_url)
    assert f"Clover, {CANARY}" not in kept
    assert f"Harbour {CANARY}" in kept

    assert "Forgotten on this server: 1 channel, 1 line" in await forget(played, "server")
    assert CANARY not in await stored(clean_redis_url)
    assert "Nothing of you was stored on this server" in await forget(played, "server")
    assert HARBOUR_ID != TAVERN_ID


async def test_a_story_that_one_played_alone_goes_whole(
    played: Played, clean_redis_url: str
) -> None:
    await played.reply(after=await played.say(f"Clover, {CANARY}!"))

    told = await forget(played, "everywhere", played.world.mara)

    assert "1 story that only you played" in told
    kept = await stored(clean_redis_url)
    assert "says Clover" not in kept
    assert str(MARA_ID) not in kept.replace(f"rp:u:{{{MARA_ID}}}:channels", "")
    assert "No scene is live here" in await played.command("roleplay stop")


async def test_what_is_deleted_stays_away_when_the_channel_is_read_again(
    played: Played, clean_redis_url: str
) -> None:
    await played.reply(after=await played.say(f"Clover, {CANARY}.", member=played.world.tom))
    await forget(played, "here")

    assert "as they stand" in await played.command("scene verify")
    await played.restart()
    await played.command("scene verify")

    assert CANARY not in await stored(clean_redis_url)


async def test_nothing_happens_to_who_keeps_it(played: Played) -> None:
    tom = played.world.tom
    await played.reply(after=await played.say(f"Clover, {CANARY}.", member=tom))
    asked = await tom.answer(await tom.slash("privacy forget", where="everywhere"))

    await tom.click(asked, "Keep it")

    async def is_told() -> bool:
        shown = await tom.see(asked)
        return shown is not None and shown.content == "Nothing was forgotten."

    await eventually(is_told)
    assert ("Tom", f"Clover, {CANARY}.") in await played.memory()
