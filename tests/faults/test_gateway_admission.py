"""Discord's sessions of a day are not used up: P7 and P8 of the fault list, and the floor."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisStartGuard
from bot.core.errors import StartupError, StoreUnavailable
from tests.fakes.discord_faults import DiscordFaults
from tests.faults.listening_bot import BOT, ListeningBot, listening, running
from tests.playground.driver import Playground, eventually, playground


@pytest.fixture
def faults() -> DiscordFaults:
    return DiscordFaults()


@pytest.fixture
async def world(faults: DiscordFaults) -> AsyncGenerator[Playground, None]:
    async with playground(faults=[faults.strike]) as world:
        yield world


async def identified(world: Playground) -> int:
    return int((await world.gateway_seen())["identified"])


async def test_few_sessions_left_are_kept_and_it_is_said_until_when(
    world: Playground, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await world.gateway("limit starts", remaining=99, reset_after_s=3600)
    bot = ListeningBot(redis)

    async with running(world, bot):
        await eventually(lambda: bool(bot.admission.why), 15)

        assert await identified(world) == 0
    assert "only 99 more times before" in bot.admission.why
    assert "UTC" in bot.admission.why
    assert caplog.messages.count(bot.admission.why) == 1


async def test_when_the_day_is_over_the_bot_connects_by_itself(
    world: Playground, redis: Redis
) -> None:
    await world.gateway("limit starts", remaining=99, reset_after_s=1)

    async with listening(world, ListeningBot(redis)) as bot:
        assert not bot.admission.why
        assert await identified(world) == 1


async def test_a_hundred_sessions_are_enough(world: Playground, redis: Redis) -> None:
    await world.gateway("limit starts", remaining=100, reset_after_s=3600)

    async with listening(world, ListeningBot(redis)):
        assert await identified(world) == 1


async def test_a_session_that_can_go_on_needs_none_of_them(world: Playground, redis: Redis) -> None:
    async with listening(world, ListeningBot(redis)) as bot:
        await world.gateway("limit starts", remaining=0, reset_after_s=3600)

        await world.gateway("cut")
        await eventually(lambda: "(resumed)" in bot.heard, 20)


async def test_a_lost_session_waits_too_and_listens_to_a_stop_meanwhile(
    world: Playground, redis: Redis
) -> None:
    async with listening(world, ListeningBot(redis)) as bot:
        await world.gateway("limit starts", remaining=99, reset_after_s=3600)

        await world.gateway("invalidate", resumable=False)
        await eventually(lambda: bool(bot.admission.why), 15)

        assert await identified(world) == 1


async def test_p8_fifty_crashes_in_a_row_begin_few_sessions(
    world: Playground, faults: DiscordFaults, redis: Redis
) -> None:
    """Each process lives for a tenth of a second; a second stands for ten."""
    await world.rest("GET", "/gateway/bot")
    faults.gateway.heartbeat_every_s = 3600  # whoever is cut down here cannot end its heart
    for _ in range(50):
        guard = RedisStartGuard(redis, bot=BOT, first_s=0.2, at_most_s=30)
        bot = ListeningBot(redis, guard=guard, steady_s=6)
        async with running(world, bot) as run:
            await asyncio.wait([run], timeout=0.1)
            bot._streams.clear()  # a crash closes nothing and says nothing

    # At 0, 0.2, 0.6, 1.4, 3.0, 6.2, 12.6 and 25.4 s.
    assert 2 <= await identified(world) <= 8


async def test_a_session_that_stood_is_followed_at_once(world: Playground, redis: Redis) -> None:
    for _ in range(3):
        guard = RedisStartGuard(redis, bot=BOT, first_s=3600)
        async with listening(world, ListeningBot(redis, guard=guard, steady_s=0.01)):
            await eventually(partial(is_nothing_counted, redis))


async def test_who_is_told_to_end_soon_has_not_failed(world: Playground, redis: Redis) -> None:
    for _ in range(3):
        guard = RedisStartGuard(redis, bot=BOT, first_s=3600)
        async with listening(world, ListeningBot(redis, guard=guard, steady_s=3600)) as bot:
            await bot.leave()

    assert await is_nothing_counted(redis)


async def test_who_ends_by_itself_soon_has_failed(world: Playground, redis: Redis) -> None:
    guard = RedisStartGuard(redis, bot=BOT, first_s=3600)
    async with listening(world, ListeningBot(redis, guard=guard, steady_s=3600)) as bot:
        await bot.close()

    assert not await is_nothing_counted(redis)


async def is_nothing_counted(redis: Redis) -> bool:
    return await RedisStartGuard(redis, bot=BOT).pause_s(0) == 0


class NoGuard(RedisStartGuard):
    """A memory that is away."""

    async def pause_s(self, shard: int) -> float:
        raise StoreUnavailable(str(shard))

    async def starting(self, shard: int) -> None:
        raise StoreUnavailable(str(shard))

    async def steady(self, shard: int) -> None:
        raise StoreUnavailable(str(shard))


async def test_a_memory_that_is_away_keeps_nobody_out(world: Playground, redis: Redis) -> None:
    async with listening(world, ListeningBot(redis, guard=NoGuard(redis, bot=BOT))):
        assert await identified(world) == 1


async def test_p7_a_wrong_token_costs_no_session(world: Playground, redis: Redis) -> None:
    world.token, right = "wrong", world.token
    async with running(world, ListeningBot(redis)) as run:
        await asyncio.wait([run], timeout=10)
    world.token = right

    error = run.exception()
    assert isinstance(error, StartupError)
    assert error.exit_code == 78
    assert await identified(world) == 0
