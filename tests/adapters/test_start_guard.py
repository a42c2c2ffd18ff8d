"""A bot that crashes on and on waits longer and longer before it connects."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisStartGuard, fingerprint
from bot.adapters.redis_store.keys import starts_key

BOT = fingerprint("a token")


@pytest.fixture
def guard(redis: Redis) -> RedisStartGuard:
    return RedisStartGuard(redis, bot=BOT)


async def test_the_first_start_does_not_wait(guard: RedisStartGuard) -> None:
    assert await guard.pause_s(0) == 0


async def test_each_start_that_ended_soon_doubles_the_pause_for_every_process(
    guard: RedisStartGuard, redis: Redis
) -> None:
    pauses = []
    for _ in range(4):
        await guard.starting(0)
        pauses.append(await RedisStartGuard(redis, bot=BOT).pause_s(0))

    assert pauses == pytest.approx([2, 4, 8, 16], abs=1)


async def test_the_pause_counts_from_the_last_start(redis: Redis) -> None:
    guard = RedisStartGuard(redis, bot=BOT, first_s=0.1)
    await guard.starting(0)

    async with asyncio.timeout(5):
        while await guard.pause_s(0):
            await asyncio.sleep(0.01)


async def test_a_session_that_stood_makes_up_for_all_before_it(guard: RedisStartGuard) -> None:
    for _ in range(6):
        await guard.starting(0)

    await guard.steady(0)

    assert await guard.pause_s(0) == 0


async def test_another_shard_does_not_wait(guard: RedisStartGuard) -> None:
    await guard.starting(0)

    assert await guard.pause_s(1) == 0


async def test_a_clock_that_was_set_back_keeps_nobody_out_for_long(
    guard: RedisStartGuard, redis: Redis
) -> None:
    await guard.starting(0)
    await redis.hset(starts_key(BOT, 0), "last_ms", "99999999999999")

    assert await guard.pause_s(0) <= 300


async def test_the_count_is_forgotten_some_time(guard: RedisStartGuard, redis: Redis) -> None:
    await guard.starting(0)

    assert 0 < await redis.pttl(starts_key(BOT, 0)) <= 3_600_000
