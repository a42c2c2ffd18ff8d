"""Who has opted out is neither stored nor read by the model, however their words come in."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import TAVERN_ID, TOM_ID
from tests.playground.driver import eventually
from tests.wire.canaries import stored
from tests.wire.playing import Played, playing

CANARY = "zanzibar-9417"


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def opt_out(played: Played) -> None:
    told = await played.command("privacy optout", member=played.world.tom)
    assert "From now on I store nothing" in told


async def prompts_since(played: Played, count: int) -> list[str]:
    """What the model was asked after a line of Mara's that it answers, and all before it."""
    line = await played.say("Clover, are you there?")
    await played.reply(after=line)
    return [asked.prompt for asked in played.tgi.asked[count:]]


@pytest.mark.parametrize("how", ["written", "edited", "verified", "missed", "proxied"])
async def test_s40_what_they_write_is_nowhere(
    played: Played, clean_redis_url: str, how: str
) -> None:
    tom = played.world.tom
    await opt_out(played)
    before = len(played.tgi.asked)

    match how:
        case "missed":
            await played.bot.stop()
            await played.say(f"Clover! {CANARY}", member=tom)
            await played.bot.start()
            await played.bot.wait_ready()
        case "edited":
            line = await played.say("Clover!", member=tom)
            await tom.edit(line, f"Clover! {CANARY}")
        case "verified":
            await played.say(f"Clover! {CANARY}", member=tom)
            assert "as they stand" in await played.command("scene verify")
        case "proxied":
            line = await played.say(f"Clover! {CANARY}", member=tom)
            path = f"{await played.world.foreign_webhook(TAVERN_ID)}?wait=true"
            body = {"content": f"Clover! {CANARY}", "username": "Tomkin"}
            await played.world.rest("POST", path, json=body)
            await tom.delete(line)
        case _:
            await played.say(f"Clover! {CANARY}", member=tom)

    prompts = await prompts_since(played, before)
    assert prompts
    assert not [prompt for prompt in prompts if CANARY in prompt]
    assert CANARY not in await stored(clean_redis_url)
    assert CANARY not in played.bot.said


async def test_s40_what_was_stored_before_is_read_by_nobody_from_then_on(played: Played) -> None:
    world = played.world
    line = await played.say(f"Clover, the word is {CANARY}.", member=world.tom)
    await played.reply(after=line)
    said = await played.say("Indeed, Clover?", reply_to=line)
    await played.reply(after=said)
    assert any(CANARY in asked.prompt for asked in played.tgi.asked)
    before = len(played.tgi.asked)

    await opt_out(played)

    shown = await world.mara.answer(await world.mara.slash("context"))
    assert CANARY not in str(shown.raw)
    assert CANARY not in await played.command("roleplay scenes")
    again = await played.say("Clover, what did they say?", reply_to=line)
    await played.reply(after=again)
    prompts = [asked.prompt for asked in played.tgi.asked[before:]]
    assert not [prompt for prompt in prompts if CANARY in prompt or "Tom" in prompt]
    exported = await world.mara.answer(await world.mara.slash("roleplay export", format="markdown"))
    [attachment] = exported.raw["attachments"]
    url = f"{world.address.base_url}{attachment['url']}"
    async with world.session.get(url) as answer:
        assert CANARY not in await answer.text()


async def test_s40_others_who_name_them_name_someone(played: Played) -> None:
    await opt_out(played)

    line = await played.say(f"Clover, do you know <@{TOM_ID}>?")
    await played.reply(after=line)

    assert "do you know @someone?" in played.tgi.asked[-1].prompt
    assert "Tom" not in played.tgi.asked[-1].prompt


async def test_they_are_told_so_by_what_would_store_something_and_may_come_back(
    played: Played,
) -> None:
    tom = played.world.tom
    await opt_out(played)

    refused = await played.command("narrate", member=tom, text="It snows.")
    assert "never to store what you write" in refused
    assert "as you have asked" in await played.command("privacy show", member=tom)

    assert "stored again" in await played.command("privacy optin", member=tom)
    line = await played.say("Clover, I am back.", member=tom)
    await played.reply(after=line)
    assert ("Tom", "Clover, I am back.") in await played.memory()
    assert "not opted out" in await played.command("privacy optin", member=tom)


async def test_it_outlives_the_process(played: Played, clean_redis_url: str) -> None:
    await opt_out(played)
    await played.restart()

    await played.say(f"Clover! {CANARY}", member=played.world.tom)
    await played.reply(after=await played.say("Clover?"))

    assert CANARY not in await stored(clean_redis_url)


async def test_what_there_was_goes_if_they_say_so(played: Played, clean_redis_url: str) -> None:
    tom = played.world.tom
    await played.reply(after=await played.say(f"Clover, {CANARY}!", member=tom))
    assert CANARY in await stored(clean_redis_url)
    asked = await tom.answer(await tom.slash("privacy optout"))

    await tom.click(asked, "Forget")

    async def is_gone() -> bool:
        return CANARY not in await stored(clean_redis_url)

    await eventually(is_gone)
    shown = await tom.see(asked)
    assert shown is not None
