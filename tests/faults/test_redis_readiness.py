"""Rows R2 and R5 to R8: whoever asks whether the bot is ready hears that Redis takes no writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import WriteProbe, keys
from tests.faults.lab.own_redis import OwnRedis, own_redis

Act = Callable[[OwnRedis, Redis], Awaitable[object]]

TROUBLES: dict[str, tuple[Act, Act, str]] = {
    "full": (
        lambda server, _: server.fill(),
        lambda server, _: server.make_room(),
        "is full",
    ),
    "without a disk": (
        lambda server, _: server.lose_its_disk(),
        lambda server, _: server.find_its_disk(),
        "cannot save",
    ),
    "a replica": (
        lambda _, redis: redis.replicaof("127.0.0.1", "1"),
        lambda _, redis: redis.replicaof("NO", "ONE"),
        "read-only replica",
    ),
    "without replicas": (
        lambda _, redis: redis.config_set("min-replicas-to-write", 1),
        lambda _, redis: redis.config_set("min-replicas-to-write", 0),
        "too few replicas",
    ),
    "gone": (
        lambda server, _: server.kill(),
        lambda server, _: server.start(),
        "does not answer",
    ),
}


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[OwnRedis, Redis]]:
    async with own_redis(tmp_path) as both:
        yield both


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_r2_r5_r6_r7_r8_while_nothing_can_be_written_it_is_told_and_no_longer(
    both: tuple[OwnRedis, Redis], trouble: str
) -> None:
    server, redis = both
    begin, end, words = TROUBLES[trouble]
    probe = WriteProbe(redis, fresh_s=0)

    before = await probe.why_not()
    await begin(server, redis)
    meanwhile = await probe.why_not()
    await end(server, redis)
    after = await probe.why_not()

    assert (before, after) == ("", "")
    assert words in meanwhile


async def test_r4_one_that_hangs_is_given_up(both: tuple[OwnRedis, Redis]) -> None:
    server, redis = both
    probe = WriteProbe(redis, answer_within=timedelta(seconds=0.1))
    server.freeze()
    try:
        assert "does not answer" in await probe.why_not()
    finally:
        server.thaw()


async def test_a_crowd_costs_one_write_a_second(both: tuple[OwnRedis, Redis]) -> None:
    _, redis = both
    clock = Clock()
    probe = WriteProbe(redis, fresh_s=1.0, clock=clock)

    for now_s in (0.0, 0.9, 1.0, 1.9):
        clock.now_s = now_s
        assert set(await asyncio.gather(*(probe.why_not() for _ in range(20)))) == {""}

    stats = await redis.info("commandstats")
    assert stats["cmdstat_set"]["calls"] == 2


async def test_what_it_writes_is_in_the_key_table_and_expires(
    both: tuple[OwnRedis, Redis],
) -> None:
    _, redis = both

    await WriteProbe(redis).why_not()

    assert await redis.keys("*") == [keys.PROBE]
    assert f"\n    {keys.PROBE} " in (keys.__doc__ or "")
    assert 0 < await redis.ttl(keys.PROBE) <= 60
