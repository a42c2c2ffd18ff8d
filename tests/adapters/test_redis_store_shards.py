"""One process per shard: the second waits."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store.keys import shard_key
from bot.adapters.redis_store.shard_lease import ShardLeases, fingerprint

BOT = fingerprint("a token")


@pytest.fixture
def leases(redis: Redis) -> ShardLeases:
    return ShardLeases(redis)


def test_tokens_are_told_apart_but_not_kept() -> None:
    assert fingerprint("a token") == BOT
    assert fingerprint("another") != BOT
    assert "token" not in BOT


async def test_a_shard_has_one_owner_who_may_take_it_again(leases: ShardLeases) -> None:
    first = await leases.take(BOT, 0, "one", 60)
    second = await leases.take(BOT, 0, "two", 60)
    again = await leases.take(BOT, 0, "one", 60)

    assert (first, second, again) == (True, False, True)
    assert await leases.holder(BOT, 0) == "one"


async def test_other_shards_and_other_bots_are_free(leases: ShardLeases) -> None:
    await leases.take(BOT, 0, "one", 60)

    assert await leases.take(BOT, 1, "two", 60)
    assert await leases.take(fingerprint("another"), 0, "two", 60)


async def test_a_shard_is_free_when_its_owner_gives_it_back(leases: ShardLeases) -> None:
    await leases.take(BOT, 0, "one", 60)

    await leases.release(BOT, 0, "two")
    kept = await leases.holder(BOT, 0)
    await leases.release(BOT, 0, "one")
    await leases.release(BOT, 0, "one")

    assert kept == "one"
    assert await leases.holder(BOT, 0) is None
    assert await leases.take(BOT, 0, "two", 60)


async def test_who_waits_gets_the_shard_of_a_process_that_died(leases: ShardLeases) -> None:
    await leases.take(BOT, 0, "one", 0.05)

    async with asyncio.timeout(5):
        while not await leases.take(BOT, 0, "two", 60):
            await asyncio.sleep(0.01)

    assert await leases.holder(BOT, 0) == "two"
    assert not await leases.renew(BOT, 0, "one", 60)


async def test_renewing_puts_the_end_off_and_takes_nothing(
    leases: ShardLeases, redis: Redis
) -> None:
    taken = await leases.renew(BOT, 0, "one", 60)
    await leases.take(BOT, 0, "one", 1)

    renewed = await leases.renew(BOT, 0, "one", 60)

    assert (taken, renewed) == (False, True)
    assert 50_000 < await redis.pttl(shard_key(BOT, 0)) <= 60_000
