"""What is said while no process listens is heard by the next one, edits and deletions too."""

import random
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, RedisStartGuard, fingerprint
from bot.core.scene import ChannelId, Role
from bot.playground.world import TAVERN_ID
from tests.playground.driver import Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import Running, running

TAVERN = ChannelId(TAVERN_ID)


def is_whole(shown: Shown, words: str) -> bool:
    return shown.is_webhook and words in shown.content and "Stop" not in shown.labels


async def lines(store: RedisSceneStore) -> list[str]:
    scene = await store.read(TAVERN)
    assert scene is not None
    return [turn.text for turn in scene.turns if turn.role is Role.PLAYER]


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_what_happened_while_nobody_listened_is_heard_once_after_a_restart(
    stage: Running, scene_store: RedisSceneStore, end: str
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply = lambda _: " Aye."
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    gone = await mara.send("One.")
    await mara.wait_for_message(lambda m: is_whole(m, "Aye."))
    kept = await mara.send("Two.")
    last = await mara.wait_for_message(lambda m: is_whole(m, "Aye.") and m.id > kept.id)
    await until_remembered(stage.bot, last)

    await (stage.bot.stop() if end == "stop" else stage.bot.kill())
    await mara.delete(gone)
    await mara.edit(kept, "Two, corrected.")
    edited = await mara.send("Three.")
    await mara.edit(edited, "Three, corrected.")
    await mara.delete(await mara.send("Never mind."))
    await mara.send("Four.")
    await stage.bot.start()
    await stage.bot.wait_ready()

    await mara.wait_for_message(lambda m: is_whole(m, "Aye.") and m.id > edited.id)
    assert await lines(scene_store) == ["Two, corrected.", "Three, corrected.", "Four."]
    assert len(tgi.asked) == 3, "one reply to each line, and one to all that was missed"
    assert (await stage.world.gateway_seen())["resumed"] == 1


async def test_d1_lines_written_through_many_cuts_are_remembered_once_and_in_order(
    stage: Running, scene_store: RedisSceneStore
) -> None:
    """Two play, so that lines are only remembered."""
    mara, tom, chance = stage.world.mara, stage.world.tom, random.Random(1)
    stage.tgi.reply = lambda _: " Aye."
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    said = [await tom.send("I sit down.")]
    await mara.wait_for_message(lambda m: is_whole(m, "Aye."))
    for number in range(40):
        if chance.random() < 0.15:
            await stage.world.gateway("cut", repeat=chance.randrange(50))
        said.append(await chance.choice((mara, tom)).send(f"Line {number}."))

    async def are_remembered() -> bool:
        return len(await lines(scene_store)) == len(said)

    await eventually(are_remembered, 20)
    assert await lines(scene_store) == [line.content for line in said]
    assert (await stage.world.gateway_seen())["identified"] == 1


async def test_p8_a_bot_that_died_soon_each_time_waits_before_it_connects_and_says_so(
    clean_redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, start=False) as stage:
        guard = RedisStartGuard(redis, bot=fingerprint(stage.world.token))
        for _ in range(7):
            await guard.starting(0)
        await stage.bot.start()

        async def says_why() -> bool:
            return "ended soon" in str(await stage.bot.ready())

        await eventually(says_why, 20)
        code, printed = await stage.bot.stop()
        seen = await stage.world.gateway_seen()

    assert code == 0
    assert seen["identified"] == 0
    assert printed.count("ended soon") == 1


async def test_a_bot_that_is_killed_soon_after_its_start_has_that_counted(
    clean_redis_url: str, redis: Redis, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, BOT_DISCORD__STEADY_S="60") as stage:
        await stage.bot.kill()

        guard = RedisStartGuard(redis, bot=fingerprint(stage.world.token), first_s=3600)
        assert await guard.pause_s(0) > 0


async def test_a_bot_with_few_connections_left_says_until_when_and_can_be_stopped(
    clean_redis_url: str, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, start=False) as stage:
        await stage.world.gateway("limit starts", remaining=99, reset_after_s=3600)
        await stage.bot.start()

        async def says_why() -> bool:
            return "99 more times" in str(await stage.bot.ready())

        await eventually(says_why, 15)
        code, printed = await stage.bot.stop()
        seen = await stage.world.gateway_seen()

    assert code == 0
    assert seen["identified"] == 0
    assert printed.count("99 more times") == 1
