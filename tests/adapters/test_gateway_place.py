"""Who is connected, as two processes see it."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import GatewayPlace, ShardLeases, fingerprint
from bot.adapters.redis_store.keys import shard_key
from bot.core.errors import StartupError

BOT = fingerprint("a token")
AGES_S = 60.0


def place(
    redis: Redis, owner: str, *, for_s: float = AGES_S, ended: tuple[str, ...] = ()
) -> GatewayPlace:
    leases = ShardLeases(redis)
    return GatewayPlace(
        leases, bot=BOT, owner=owner, for_s=for_s, has_ended=lambda name: name in ended
    )


async def test_the_second_gives_up_in_time_and_names_the_machine_of_the_first(
    redis: Redis,
) -> None:
    await place(redis, "lighthouse/x/1-1").take(0)
    second = place(redis, "two")

    with pytest.raises(StartupError, match="on lighthouse") as caught:
        await second.take(0.05)

    assert caught.value.exit_code == 75
    assert not second.is_ours


async def test_the_second_has_the_place_as_soon_as_the_first_gives_it_back(redis: Redis) -> None:
    first, second = place(redis, "one"), place(redis, "two", for_s=1)
    await first.take(0)

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        tasks.create_task(second.take(5))
        tasks.create_task(first.release())

    assert second.is_ours
    assert second.predecessor is None


async def test_who_has_ended_is_not_waited_for_and_is_remembered(redis: Redis) -> None:
    await place(redis, "one").take(0)
    second = place(redis, "two", ended=("one",))

    await second.take(0)

    assert second.is_ours
    assert second.predecessor == "one"


async def test_a_place_is_renewed_before_its_term_ends(redis: Redis) -> None:
    first = place(redis, "one", for_s=1.5)
    await first.take(0)
    keeping = asyncio.create_task(first.keep())

    left_ms = least_ms = await redis.pttl(shard_key(BOT, 0))
    async with asyncio.timeout(5):
        while left_ms <= least_ms:
            least_ms = left_ms
            await asyncio.sleep(0.02)
            left_ms = await redis.pttl(shard_key(BOT, 0))

    assert least_ms > 0
    assert not keeping.done()
    keeping.cancel()


async def test_keeping_ends_when_another_has_the_place(redis: Redis) -> None:
    first = place(redis, "one", for_s=0.03)
    await first.take(0)
    await ShardLeases(redis).release(BOT, 0, "one")
    await place(redis, "two").take(0)

    async with asyncio.timeout(5):
        await first.keep()

    assert first.lost().exit_code == 75


async def test_a_place_that_ended_while_nobody_wanted_it_is_taken_anew(redis: Redis) -> None:
    first = place(redis, "one", for_s=0.09)
    await first.take(0)
    keeping = asyncio.create_task(first.keep())
    await ShardLeases(redis).release(BOT, 0, "one")  # as if Redis had lost it

    async with asyncio.timeout(5):
        while await ShardLeases(redis).holder(BOT, 0) != "one":
            await asyncio.sleep(0.01)

    assert not keeping.done()
    keeping.cancel()
