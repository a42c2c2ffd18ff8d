"""Where a shard was, as two processes see it."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import GatewaySessions, fingerprint
from bot.adapters.redis_store.keys import session_key
from bot.core.gateway_ports import GatewaySession

BOT = fingerprint("a token")
HERE = GatewaySession("abc", 17, "wss://gateway-7.example/")
LATER = GatewaySession("abc", 18, "wss://gateway-7.example/")


def sessions(redis: Redis, owner: str, *, kept_s: float = 180) -> GatewaySessions:
    return GatewaySessions(redis, bot=BOT, owner=owner, kept_for=timedelta(seconds=kept_s))


async def test_the_first_process_finds_nothing(redis: Redis) -> None:
    assert await sessions(redis, "one").take(0, 1) is None


async def test_the_next_process_finds_where_the_last_one_was(redis: Redis) -> None:
    first, second = sessions(redis, "one"), sessions(redis, "two")
    await first.take(0, 1)
    await first.save(0, 1, HERE)
    await first.save(0, 1, LATER)

    assert await second.take(0, 1) == LATER
    assert await second.take(0, 1) == LATER


async def test_who_was_replaced_does_not_write_over_its_successor(redis: Redis) -> None:
    frozen, second = sessions(redis, "one"), sessions(redis, "two")
    await frozen.take(0, 1)
    await second.take(0, 1)
    assert await second.save(0, 1, LATER)

    assert not await frozen.save(0, 1, HERE)
    assert await sessions(redis, "three").take(0, 1) == LATER


async def test_another_shard_number_of_shards_or_bot_is_another_place(redis: Redis) -> None:
    await sessions(redis, "one").save(0, 1, HERE)

    assert await sessions(redis, "two").take(1, 2) is None
    assert await sessions(redis, "two").take(0, 2) is None
    other = GatewaySessions(redis, bot=fingerprint("another"), owner="two")
    assert await other.take(0, 1) is None


async def test_a_place_is_forgotten_when_discord_has_forgotten_it(redis: Redis) -> None:
    await sessions(redis, "one", kept_s=0.05).save(0, 1, HERE)

    async with asyncio.timeout(5):
        while await redis.exists(session_key(BOT, 0, 1)):
            await asyncio.sleep(0.01)

    assert await sessions(redis, "two").take(0, 1) is None


async def test_taking_a_place_does_not_keep_it_alive(redis: Redis) -> None:
    await sessions(redis, "one", kept_s=60).save(0, 1, HERE)

    await sessions(redis, "two").take(0, 1)

    assert 0 < await redis.pttl(session_key(BOT, 0, 1)) <= 60_000


async def test_a_process_that_only_took_a_place_leaves_nothing_for_ever(redis: Redis) -> None:
    await sessions(redis, "one", kept_s=60).take(0, 1)

    assert 0 < await redis.pttl(session_key(BOT, 0, 1)) <= 60_000


@pytest.mark.parametrize("field", ["id", "seq", "url"])
async def test_a_damaged_place_is_none(redis: Redis, field: str) -> None:
    await sessions(redis, "one").save(0, 1, HERE)
    await redis.hset(session_key(BOT, 0, 1), field, "")

    assert await sessions(redis, "two").take(0, 1) is None
