"""When a silent channel is forgotten: all its keys at once, however a turn was written."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import channel_keys
from bot.core.lengths import Length
from bot.core.scene import MessageId, Work, mark_of
from tests.scenes import BOB, HARBOUR, line, reply, scene

DAY = timedelta(days=1)
DAY_MS = 86_400_000
KEYS = 6
"""Of a scene in which all of its kinds are."""


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=DAY)


async def fill(store: RedisSceneStore) -> None:
    """A scene with something in each of its keys."""
    await store.start(scene(), reply(1, "hello", 11))
    await store.ingest(HARBOUR, line(2))
    await store.take(HARBOUR, "one", 60, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
    await store.delete(HARBOUR, [MessageId(99)])  # nobody knows what it showed


async def test_every_key_of_a_channel_expires_and_each_write_puts_it_off(
    store: RedisSceneStore, redis: Redis
) -> None:
    await fill(store)
    for key in channel_keys(HARBOUR):
        await redis.pexpire(key, 60_000)

    await store.set_length(HARBOUR, Length("long"))

    left = [await redis.pttl(key) for key in await redis.keys("rp:{*")]
    assert len(left) == KEYS
    assert all(DAY_MS - 60_000 < ms <= DAY_MS for ms in left), left


async def take_turn(
    store: RedisSceneStore, number: int, *, has_line: bool = True
) -> AsyncIterator[str]:
    """A line and its reply, all that is written for them; stops after each change."""
    answer = reply(number, "words", number + 1)
    if has_line:
        await store.ingest(HARBOUR, line(number, author=BOB))
        yield "ingest"
    await store.take(HARBOUR, "one", 60, Work(answer.id, line(number).id))
    yield "take"
    await store.intent(HARBOUR, answer.id, mark_of(answer.id, 0))
    yield "intent"
    await store.lease(HARBOUR, "one", 60, reply=answer.id, written="wor", tokens=1)
    yield "lease"
    await store.posted(HARBOUR, answer.id, MessageId(number + 1))
    yield "posted"
    await store.commit(HARBOUR, answer)
    yield "commit"


@pytest.mark.parametrize("has_line", [True, False])
async def test_what_a_turn_makes_expires_with_the_rest_of_the_channel(
    store: RedisSceneStore, redis: Redis, *, has_line: bool
) -> None:
    young_ms = int(DAY_MS * 0.95)
    await store.start(replace(scene(), players={}), None)
    for key in channel_keys(HARBOUR):
        await redis.pexpire(key, young_ms)

    async for step in take_turn(store, 10, has_line=has_line):
        left = {key: await redis.pttl(key) for key in await redis.keys("rp:{*")}

        assert young_ms - 10_000 < min(left.values()) <= max(left.values()) <= DAY_MS
        assert max(left.values()) - min(left.values()) < 10_000, (step, left)


@pytest.mark.parametrize("step", ["ingest", "commit"])
async def test_a_turn_puts_the_end_of_all_off_once_a_tenth_of_the_time_is_over(
    store: RedisSceneStore, redis: Redis, step: str
) -> None:
    await fill(store)
    await store.abandon(HARBOUR, reply(2, "").id)
    all_keys = channel_keys(HARBOUR)

    async for done in take_turn(store, 10):
        left = [await redis.pttl(key) for key in all_keys if await redis.exists(key)]
        if done == step:
            assert all(DAY_MS - 10_000 < ms <= DAY_MS for ms in left), left
        for key in all_keys:
            await redis.pexpire(key, int(DAY_MS * 0.89))


@pytest.mark.parametrize("stored_ms", [-1, 2 * DAY_MS])
async def test_a_turn_gives_a_channel_the_time_that_is_set_now(
    store: RedisSceneStore, redis: Redis, stored_ms: int
) -> None:
    await fill(store)
    for key in channel_keys(HARBOUR):
        await (redis.persist(key) if stored_ms < 0 else redis.pexpire(key, stored_ms))

    await store.ingest(HARBOUR, line(10))

    left = [await redis.pttl(key) for key in await redis.keys("rp:{*")]
    assert len(left) == KEYS
    assert all(DAY_MS - 10_000 < ms <= DAY_MS for ms in left), left
