"""A turn that is sent again costs what it costs: every copy really has it."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import meta_key
from bot.bench import redis_replay
from bot.core.scene import ChannelId, MessageId, Work, mark_of
from tests.scenes import ANN, HARBOUR, line, reply, scene

COPIES = 3


@pytest.fixture
def store(redis: Redis) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))


async def take_turn(store: RedisSceneStore, number: int) -> None:
    said, answer = line(number), reply(number, "words", number + 1)
    await store.ingest(HARBOUR, said)
    taken = await store.take(HARBOUR, "one", 60, Work(answer.id, said.id))
    assert taken is not None
    await store.user_length(ANN)
    await store.intent(HARBOUR, answer.id, mark_of(answer.id, 0), fence=taken.fence)
    await store.posted(HARBOUR, answer.id, MessageId(number + 1), fence=taken.fence)
    await store.commit(HARBOUR, answer, fence=taken.fence, release="one")


async def test_every_copy_of_the_channel_has_the_turn(
    store: RedisSceneStore, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_replay, "COPIES", COPIES)
    await store.start(scene(), None)
    await take_turn(store, 10)
    before = await redis.keys("rp:{*")

    cost_us = await redis_replay.replayed_us(redis, HARBOUR, lambda: take_turn(store, 20))

    stats = await redis.info("commandstats")
    found = await store.read(HARBOUR)
    assert cost_us > 0
    assert stats["cmdstat_evalsha"]["calls"] == 5 * COPIES
    assert stats["cmdstat_rpush"]["calls"] == 2 * COPIES
    assert found is not None
    assert [turn.text for turn in found.turns] == ["line 10", "words", "line 20", "words"]
    assert sorted(await redis.keys("rp:{*")) == sorted(before)


async def test_a_copy_that_is_refused_anything_is_noticed(
    store: RedisSceneStore, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_replay, "COPIES", COPIES)
    await store.start(scene(), None)
    await take_turn(store, 10)

    async def spoil_a_copy() -> None:
        await take_turn(store, 20)
        await redis.set(meta_key(ChannelId(HARBOUR + 1)), "no hash")

    with pytest.RaisesGroup(RuntimeError):
        await redis_replay.replayed_us(redis, HARBOUR, spoil_a_copy)
