"""Random stories, told to the store on Redis and to the one in memory alike."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import MessageId, Turn
from tests.scenes import HARBOUR, line, scene
from tests.store_stories import STEPS, Step, compare


@settings(
    max_examples=45,
    phases=[Phase.generate],  # to shrink a story takes minutes, and its last step is named
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=50, max_size=70))
def test_both_stores_tell_the_same_story(redis_url: str, steps: list[Step]) -> None:
    asyncio.run(compare(redis_url, steps))


@settings(
    max_examples=15,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=50, max_size=70))
def test_so_does_one_that_encrypts_texts(redis_url: str, steps: list[Step]) -> None:
    """Scripts join, compare and cut texts that they cannot read."""
    asyncio.run(compare(redis_url, steps, is_sealed=True))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_events_in_any_order_and_twice_leave_the_same_turns(
    redis: Redis, order: tuple[int, ...]
) -> None:
    """Discord delivers late, again and out of order; what is deleted stays deleted."""
    store = RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))
    await store.start(scene(), None)
    lines = [line(number) for number in (1, 2, 3, 4)]

    for place in (*order, *order):
        await store.ingest(HARBOUR, lines[place])
    await store.delete(HARBOUR, [MessageId(2)])
    for place in order:
        await store.ingest(HARBOUR, lines[place])

    found = await store.read(HARBOUR)
    assert found is not None
    kept: list[Turn] = [lines[0], lines[2], lines[3]]
    assert found.turns == tuple(kept)
