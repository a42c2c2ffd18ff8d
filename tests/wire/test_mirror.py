"""What stands in the channel is what a running bot remembers, whatever it was away for."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.keys import channel_keys
from bot.core.scene import ChannelId, GuildId, MessageId, Role, Scene, TurnId, player_turn_id
from bot.core.triggers import is_out_of_character
from bot.playground.world import GUILD_ID, TAVERN_ID
from tests.playground.driver import Member, Shown, eventually
from tests.ports import free_port
from tests.redis_servers import server
from tests.wire.remembering import until_remembered
from tests.wire.running import Running, running
from tests.wire.test_story import is_whole

RECOVERY_S = 5.0
"""From the moment at which the store is back."""


@pytest.fixture
async def store(clean_redis_url: str) -> AsyncIterator[RedisSceneStore]:
    client = connect(clean_redis_url, timeout_s=1.0)
    yield RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))
    await client.aclose()


def remembered(scene: Scene | None) -> dict[int, str]:
    """What memory has of each message."""
    return {
        message: text.strip()
        for turn in (scene.turns if scene is not None else ())
        for message, text in zip(turn.messages, turn.parts or (turn.text,), strict=True)
    }


def standing(messages: list[Shown]) -> dict[int, str]:
    """What stands there of the story."""
    return {
        shown.id: shown.content.strip()
        for shown in messages
        if shown.is_webhook or not (shown.is_bot or is_out_of_character(shown.content))
    }


async def until_equal(
    store: RedisSceneStore, member: Member, channel: str | int = "tavern", within_s: float = 10.0
) -> Scene:
    """Wait until memory is as the screen; returns it."""
    key = ChannelId(await member.channel_id(channel))
    deadline = time.monotonic() + within_s
    while True:
        scene = await store.read(key)
        shown = standing(await member.messages(key))
        if remembered(scene) == shown and await store.work(key) is None:
            assert scene is not None
            return scene
        if time.monotonic() > deadline:
            raise AssertionError(f"{remembered(scene)} is not {shown}")
        await asyncio.sleep(0.02)


async def play(stage: Running) -> tuple[Shown, Shown, Shown]:
    """A scene with a line, its reply, and a line that nobody answered yet."""
    mara = stage.world.mara
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    first = await mara.send("My name is Bea.")
    reply = await mara.wait_for_message(lambda m: is_whole(m, "I hear you."))
    second = await mara.send("Forget this.")
    later = await mara.wait_for_message(lambda m: is_whole(m, "I hear you.") and m.id > reply.id)
    await until_remembered(stage.bot, later)
    return first, reply, second


async def change_reply(stage: Running, message: Shown, content: str) -> None:
    """As somebody does who has the webhook's token."""
    [webhook] = await stage.world.rest("GET", f"/channels/{message.channel_id}/webhooks")
    path = f"/webhooks/{webhook['id']}/{webhook['token']}/messages/{message.id}"
    await stage.world.rest("PATCH", path, json={"content": content})


@pytest.mark.parametrize("is_told", [True, False])
async def test_what_happened_while_the_bot_was_away_is_made_up_for(
    stage: Running, store: RedisSceneStore, *, is_told: bool
) -> None:
    """Discord tells of it afterwards, or has forgotten the session that it would tell it in."""
    mara, ann, tgi = stage.world.mara, stage.world.ann, stage.tgi
    first, reply, second = await play(stage)
    await stage.bot.kill()
    asked = len(tgi.asked)
    if not is_told:
        await stage.world.gateway("invalidate", resumable=False)

    await mara.edit(first, "My name is Ada.")
    await change_reply(stage, reply, "Welcome, Ada.")
    await ann.delete(second)
    for text in ("Are you there?", "((no answer))", "Hello?", "I shall wait."):
        await mara.send(text)
    await stage.bot.start()
    await stage.bot.wait_ready()

    await eventually(lambda: len(tgi.asked) > asked)
    scene = await until_equal(store, mara)
    said = [turn.role for turn in scene.turns[3:]]
    assert said == [Role.PLAYER] * 3 + [Role.CHARACTER], "a backlog has one reply"
    prompt = tgi.asked[-1].prompt
    for text in ("My name is Ada.", "Welcome, Ada.", "Are you there?", "Hello?", "I shall wait."):
        assert text in prompt
    assert "Forget this." not in prompt
    assert "no answer" not in prompt


async def test_old_lines_are_remembered_and_not_answered(
    clean_redis_url: str, store: RedisSceneStore, tmp_path: Path
) -> None:
    async with running(clean_redis_url, tmp_path, BOT_TURNS__RESUME_AGE_S="0.2") as stage:
        mara, tgi = stage.world.mara, stage.tgi
        await play(stage)
        await stage.bot.kill()
        await stage.world.gateway("invalidate", resumable=False)
        asked = len(tgi.asked)
        await mara.send("Are you there?")  # to start takes the bot much longer than its age

        await stage.bot.start()
        await stage.bot.wait_ready()
        await until_equal(store, mara)
        assert len(tgi.asked) == asked

        await mara.send("Now?")
        await mara.wait_for_message(lambda m: is_whole(m, "I hear you.") and m.id > asked)
        await eventually(lambda: len(tgi.asked) == asked + 1)
        assert "Are you there?" in tgi.asked[-1].prompt


async def test_what_is_said_between_two_sessions_is_read_later(
    stage: Running, store: RedisSceneStore
) -> None:
    mara = stage.world.mara
    first, _, second = await play(stage)

    await stage.world.gateway("invalidate", resumable=False)
    await stage.world.wait_online(online=False)
    missed = await mara.send("Did you hear that?")
    await mara.edit(first, "My name is Ada.")
    await mara.delete(second)
    await stage.world.wait_online()

    await mara.wait_for_message(lambda m: is_whole(m, "I hear you.") and m.id > missed.id)
    scene = await until_equal(store, mara)
    assert {"Did you hear that?", "My name is Ada."} <= {turn.text for turn in scene.turns}


async def test_edits_and_deletions_of_our_own_messages_are_remembered(
    stage: Running, store: RedisSceneStore
) -> None:
    mara, ann = stage.world.mara, stage.world.ann
    first, reply, _ = await play(stage)

    await change_reply(stage, reply, "Changed by a hand.")
    await mara.edit(first, "My name is Ada.")
    scene = await until_equal(store, mara)
    assert "Changed by a hand." in remembered(scene).values()

    await ann.delete(reply)
    scene = await until_equal(store, mara)
    assert reply.id not in remembered(scene)


async def test_verify_compares_and_repairs(
    stage: Running, redis: Redis, store: RedisSceneStore
) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    channel = ChannelId(TAVERN_ID)
    first, reply, second = await play(stage)
    told = await mara.answer(await mara.slash("scene verify"))
    assert told.is_ephemeral
    assert "as they stand" in told.content

    await store.edit(channel, MessageId(first.id), "Damaged.", 5)
    await store.edit(channel, MessageId(reply.id), "Damaged too.", int(time.time() * 1000))
    await lose(redis, channel, player_turn_id(MessageId(second.id)))
    refused = await tom.answer(await tom.slash("scene verify"))
    assert "moderators" in refused.content
    told = await mara.answer(await mara.slash("scene verify"))

    assert "1 line was missing and 2 lines had another text" in told.content
    await until_equal(store, mara)


async def lose(redis: Redis, channel: ChannelId, turn: TurnId) -> None:
    """As if a line had never been heard."""
    _, turns, order, shown, *_ = channel_keys(channel)
    await redis.hdel(turns, turn)
    await redis.lrem(order, 0, turn)
    await redis.hdel(shown, str(int(turn)))


async def test_a_scene_ends_with_its_thread_and_with_the_channel_of_that(
    stage: Running, store: RedisSceneStore
) -> None:
    mara, world = stage.world.mara, stage.world
    threads = [await mara.thread(name) for name in ("One", "Two", "Three")]
    for thread in threads:
        await mara.answer(await mara.slash("roleplay start", character="clover", channel=thread))
    archived = {"channel_id": str(threads[1]), "changes": {"archived": True, "locked": True}}
    await world.act("/page/controls/channel", archived)
    assert await store.head(ChannelId(threads[1])) is not None

    async def is_gone(thread: int) -> bool:
        return await store.head(ChannelId(thread)) is None

    await world.act("/page/controls/channel", {"channel_id": str(threads[0]), "delete": True})
    await eventually(lambda: is_gone(threads[0]))
    await stage.bot.kill()
    await world.gateway("invalidate", resumable=False)
    await world.act("/page/controls/channel", {"channel_id": str(threads[2]), "delete": True})
    await stage.bot.start()
    await stage.bot.wait_ready()
    await eventually(lambda: is_gone(threads[2]))
    assert not await is_gone(threads[1])
    await world.act("/page/controls/channel", {"channel_id": str(TAVERN_ID), "delete": True})
    await eventually(lambda: is_gone(threads[1]))


async def test_a_guild_that_is_left_is_noted_and_one_that_is_out_of_order_is_not(
    stage: Running, store: RedisSceneStore
) -> None:
    await play(stage)

    async def noted() -> bool:
        return GuildId(GUILD_ID) in await store.left()

    async def not_noted() -> bool:
        return not await noted()

    # Told one after the other, so that the second would not be needed if the first did it.
    await stage.world.tell("GUILD_DELETE", id=str(GUILD_ID), unavailable=True)
    await stage.world.mara.answer(await stage.world.mara.slash("roleplay status"))
    assert await not_noted()
    await stage.world.tell("GUILD_DELETE", id=str(GUILD_ID))
    await eventually(noted)
    assert await store.head(ChannelId(TAVERN_ID)) is not None

    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()
    await eventually(not_noted)


async def test_after_a_loss_of_redis_memory_is_as_the_screen_within_seconds(
    tmp_path: Path,
) -> None:
    port, folder = free_port(), tmp_path / "redis"
    folder.mkdir()
    options = ("--appendonly", "yes", "--appendfsync", "always")
    url = f"redis://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(running(url, tmp_path, start=False))
        mara = stage.world.mara
        stack.push_async_callback(stage.bot.stop)
        async with server(folder, port, *options):
            await stage.bot.start()
            await stage.bot.wait_ready()
            first, _, second = await play(stage)

        await mara.edit(first, "My name is Ada.")
        await mara.delete(second)
        line = await mara.send("Can you hear me?")
        await mara.wait_for_message(lambda m: "cannot reach my memory" in m.content, 30)
        await stack.enter_async_context(server(folder, port, *options))
        client = connect(url, timeout_s=1.0)
        stack.push_async_callback(client.aclose)
        store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=1))

        await eventually(lambda: _has(store, line), RECOVERY_S)
        await mara.wait_for_message(lambda m: is_whole(m, "I hear you.") and m.id > line.id)
        await until_equal(store, mara)
        await stage.bot.stop()  # while its store is there


async def _has(store: RedisSceneStore, line: Shown) -> bool:
    return line.id in remembered(await store.read(ChannelId(line.channel_id)))
