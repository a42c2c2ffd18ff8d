"""What every `RefusalStore` keeps to."""

from collections.abc import AsyncIterator

import pytest

from bot.adapters.redis_store import connect, keys
from bot.adapters.redis_store.refusals import RedisRefusals
from bot.core.privacy import Refusal, RefusalStore
from bot.core.scene import GuildId
from tests.fakes.memory_refusals import MemoryRefusals
from tests.scenes import ANN, BOB

ANYWHERE, THERE = Refusal(ANN), Refusal(BOB, GuildId(7))


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[RefusalStore]:
    if store_url is None:
        yield MemoryRefusals()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisRefusals(redis)
    await redis.aclose()


async def test_nobody_refuses_at_first(store: RefusalStore) -> None:
    assert await store.refusals() == (await store.version(), frozenset())


async def test_what_is_noted_is_read_under_another_version(store: RefusalStore) -> None:
    versions = [await store.version()]
    for refusal in (ANYWHERE, THERE):
        await store.put(refusal, 5)
        versions.append(await store.version())

    assert await store.refusals() == (versions[-1], frozenset({ANYWHERE, THERE}))
    assert len(set(versions)) == len(versions)


async def test_what_is_taken_back_is_gone_under_another_version(store: RefusalStore) -> None:
    await store.put(ANYWHERE, 5)
    await store.put(THERE, 5)
    before = await store.version()

    await store.drop(ANYWHERE)

    version, found = await store.refusals()
    assert version != before
    assert found == {THERE}


async def test_noted_and_taken_back_twice_it_is_the_same(store: RefusalStore) -> None:
    for _ in range(2):
        await store.put(ANYWHERE, 5)
    assert (await store.refusals())[1] == {ANYWHERE}

    for _ in range(2):
        await store.drop(ANYWHERE)
    assert (await store.refusals())[1] == frozenset()


@pytest.mark.parametrize("foreign", ["x", "1@x", "x@1", "1@2@3", "@", ""])
async def test_what_others_have_put_there_refuses_nothing(redis_url: str, foreign: str) -> None:
    redis = connect(redis_url, timeout_s=1.0)
    await redis.flushall()
    await redis.hset(keys.REFUSALS, foreign, "5")
    store = RedisRefusals(redis)
    await store.put(ANYWHERE, 5)

    assert (await store.refusals())[1] == {ANYWHERE}
    await redis.aclose()
