"""S34: safety words work for whoever plays along, in every state of a turn; lines and veils."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.playground.world import TOM_ID
from bot.services.safety import STOPPED
from bot.services.scenes import AI_SPEAKS
from tests.playground.driver import Member, eventually
from tests.wire.playing import Played, playing


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        # Tom plays along; he is neither whom Clover answers next nor who has begun it.
        await everything.reply(after=await everything.say("I am Tom.", member=everything.world.tom))
        yield everything


async def stop(played: Played, member: Member) -> str:
    return await played.command("safety x", member=member)


async def said(played: Played) -> list[str]:
    return [text for _, text in await played.memory()]


async def test_s34_a_finished_turn_is_taken_back(played: Played) -> None:
    line = await played.say("Clover, say something bad.")
    reply = await played.reply(after=line)

    told = await stop(played, played.world.tom)

    assert told.startswith("It is stopped, and what was told last is taken back")
    assert await played.world.mara.see(reply) is None
    assert len(await said(played)) == 2
    notices = [m.content for m in await played.world.mara.messages() if m.content == STOPPED]
    assert notices == [STOPPED]


async def test_s34_a_reply_that_is_being_written_ends_and_goes(played: Played) -> None:
    played.tgi.tokens_per_s = 10
    played.tgi.reply = lambda _: " And" + " on" * 200
    await played.say("Clover, say something bad.")
    growing = await played.world.mara.wait_for_message(lambda m: "Stop" in m.labels)

    await stop(played, played.world.tom)

    assert await played.world.mara.see(growing) is None
    assert len(await said(played)) == 2
    await asyncio.sleep(0.5)
    assert len(await said(played)) == 2


async def test_s34_before_the_model_has_said_a_word(played: Played) -> None:
    played.tgi.first_token_s = 5.0
    asked = len(played.tgi.asked)
    await played.say("Clover, say something bad.")
    await eventually(lambda: len(played.tgi.asked) > asked)

    await stop(played, played.world.tom)

    assert len(await said(played)) == 2


async def test_s34_with_nothing_told_it_says_so(played: Played) -> None:
    await stop(played, played.world.mara)
    told = await stop(played, played.world.mara)

    assert "nothing to take back" in told
    assert await said(played) == []


async def test_s34_also_for_who_is_kept_out_by_now_but_not_for_bystanders(played: Played) -> None:
    await played.command(
        "settings members block", member=played.world.ann, named={"member": str(TOM_ID)}
    )
    assert "It is stopped" in await stop(played, played.world.tom)

    begun = await played.world.mara.slash("roleplay start", channel="harbour", character="clover")
    await played.world.mara.answer(begun)
    use = await played.world.tom.slash("safety x", channel="harbour")
    assert "Only who plays along" in (await played.world.tom.answer(use)).content


async def test_s34_lines_and_veils_are_told_to_the_model(played: Played) -> None:
    tom = played.world.tom
    assert await played.command("safety line", member=tom, text="spiders") == "1. Never: spiders"
    told = await played.command("safety veil", text="[wounds]")
    assert told.splitlines() == ["1. Never: spiders", "2. Only hinted at: wounds"]

    await played.command("roleplay restart")
    await played.say("I look around.")
    prompt = await played.asked(2)
    assert "These must never be part of the story: spiders." in prompt
    assert "These may only be hinted at, never described: wounds." in prompt

    await played.command("safety remove", number=1)
    assert await played.command("safety list") == "1. Only hinted at: wounds"


async def test_s34_a_channel_is_told_once_that_an_ai_speaks(played: Played) -> None:
    await played.bot.stop()
    played.bot.settings["BOT_GUILDS__AI_NOTICE"] = "true"
    await played.bot.start()
    await played.bot.wait_ready()
    mara = played.world.mara
    for _ in range(2):
        use = await mara.slash("roleplay start", channel="harbour", character="clover")
        await mara.answer(use)
        await mara.answer(await mara.slash("roleplay stop", channel="harbour"))

    shown = [m.content for m in await mara.messages("harbour") if not m.is_ephemeral]
    assert [text == AI_SPEAKS for text in shown].index(True) == 0
    assert shown.count(AI_SPEAKS) == 1
