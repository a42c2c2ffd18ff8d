"""The gateway is lost, in every way it can be: D1 and D2 of the fault list."""

import asyncio
import random
from collections.abc import AsyncGenerator
from functools import partial

import pytest
from redis.asyncio import Redis

from bot.core.errors import StartupError, StoreUnavailable
from bot.discord_ui.shards import FIRST_PAUSE_S
from tests.fakes.discord_faults import DiscordFaults
from tests.faults.listening_bot import ListeningBot, listening, running
from tests.playground.driver import Playground, eventually, playground

DEAD = "ws://127.0.0.1:9/gateway"


@pytest.fixture
def faults() -> DiscordFaults:
    return DiscordFaults()


@pytest.fixture
async def world(faults: DiscordFaults) -> AsyncGenerator[Playground, None]:
    async with playground(faults=[faults.strike]) as world:
        yield world


async def heard_all(bot: ListeningBot, *lines: str) -> None:
    await eventually(lambda: set(lines) <= set(bot.heard), 20)


@pytest.mark.parametrize("seed", range(3))
async def test_d1_cut_at_any_place_no_line_is_lost_whatever_is_told_again(
    world: Playground, faults: DiscordFaults, redis: Redis, seed: int
) -> None:
    chance = random.Random(seed)
    async with listening(world, ListeningBot(redis)) as bot:
        lines = [f"line {number}" for number in range(40)]
        for line in lines:
            if chance.random() < 0.12:
                faults.gateway.repeated_on_resume = chance.randrange(50)
                await world.gateway("cut")
            await world.mara.send(line)
        await heard_all(bot, *lines)

        assert list(dict.fromkeys(bot.lines)) == lines
        assert (await world.gateway_seen())["identified"] == 1


async def test_d1_while_the_gateway_cannot_be_reached_the_session_is_kept(
    world: Playground, faults: DiscordFaults, redis: Redis
) -> None:
    async with listening(world, ListeningBot(redis)) as bot:
        faults.gateway.is_shut = True
        await world.gateway("cut")
        await world.mara.send("in the dark")
        stream = bot._streams[0]
        assert stream.shard is not None
        await eventually(lambda: stream.shard is not None and stream.shard._unreached >= 3, 20)
        faults.gateway.is_shut = False

        await heard_all(bot, "in the dark", "(resumed)")

        assert bot.heard.count("(gap 0)") == 1  # of the start
        assert (await world.gateway_seen())["identified"] == 1


async def test_d1_a_session_whose_own_address_is_gone_is_had_at_the_usual_one(
    world: Playground, faults: DiscordFaults, redis: Redis
) -> None:
    await world.rest("GET", "/gateway/bot")  # the levers are there from now on
    faults.gateway.resume_url = DEAD
    async with listening(world, ListeningBot(redis)) as bot:
        await world.gateway("cut")
        await world.mara.send("elsewhere")

        await heard_all(bot, "elsewhere", "(resumed)")

        assert (await world.gateway_seen())["identified"] == 1


async def test_d1_a_dead_connection_that_says_nothing_is_left_and_nothing_is_lost(
    world: Playground, faults: DiscordFaults, redis: Redis
) -> None:
    await world.rest("GET", "/gateway/bot")
    faults.gateway.heartbeat_every_s = 0.3
    faults.gateway.is_deaf = True
    async with listening(world, ListeningBot(redis, heartbeat_timeout=0.5)) as bot:
        faults.gateway.heartbeat_every_s = 40  # for the next connection, which is well

        await heard_all(bot, "(resumed)")
        await world.mara.send("after")
        await heard_all(bot, "after")

        assert bot.lines == ["after"]


RESUMED = ["reconnect", "invalidate resumable", 4000, 4001, 4002, 4005, 4008]
BEGUN_ANEW = ["invalidate", 4003, 4007, 4009]


async def lose(world: Playground, how: str | int) -> None:
    if isinstance(how, int):
        await world.gateway("close", code=how)
    elif how == "reconnect":
        await world.gateway("reconnect")
    else:
        await world.gateway("invalidate", resumable=how.endswith("resumable"))


@pytest.mark.parametrize("how", RESUMED)
async def test_d2_what_may_go_on_goes_on_and_nothing_is_lost(
    world: Playground, redis: Redis, how: str | int
) -> None:
    async with listening(world, ListeningBot(redis)) as bot:
        await lose(world, how)
        await world.mara.send("meanwhile")

        await heard_all(bot, "meanwhile", "(resumed)")

        assert bot.lines == ["meanwhile"]
        assert (await world.gateway_seen())["identified"] == 1


@pytest.mark.parametrize("how", BEGUN_ANEW)
async def test_d2_what_cannot_go_on_begins_anew_and_the_gap_is_told(
    world: Playground, redis: Redis, how: str | int
) -> None:
    async with listening(world, ListeningBot(redis)) as bot:
        await lose(world, how)

        await eventually(lambda: bot.heard.count("(gap 0)") == 2, 20)
        await world.mara.send("after")
        await heard_all(bot, "after")

        assert (await world.gateway_seen())["identified"] == 2
        assert bot.heard.count("(first ready)") == 1


FINAL = {
    4004: "does not accept the token",
    4010: "shard",
    4011: "more shards",
    4012: "version",
    4013: "intents",
    4014: "Message Content Intent",
}


@pytest.mark.parametrize("code", FINAL)
async def test_d2_what_is_final_ends_the_bot_with_a_sentence(
    world: Playground, redis: Redis, code: int
) -> None:
    bot = ListeningBot(redis)
    async with running(world, bot) as run:
        await eventually(lambda: "(first ready)" in bot.heard, 15)

        await world.gateway("close", code=code)
        await asyncio.wait([run], timeout=10)
        error = run.exception()
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]

    assert isinstance(error, StartupError)
    assert error.exit_code == 78
    assert FINAL[code] in str(error)
    assert (await world.gateway_seen())["identified"] == 1


async def test_a_gap_that_could_not_be_looked_up_is_looked_up_again(
    world: Playground, redis: Redis
) -> None:
    bot = ListeningBot(redis)
    bot.gap_failures.append(StoreUnavailable("away"))

    async with listening(world, bot):
        assert bot.heard == ["(gap 0)", "(gap 0)", "(first ready)"]


async def test_a_gateway_that_sends_everybody_away_is_not_stormed(
    world: Playground, redis: Redis
) -> None:
    """Each attempt in vain comes later than the one before, and none begins a new session."""
    async with listening(world, ListeningBot(redis)) as bot:
        began = asyncio.get_running_loop().time()
        for resumed in range(5):
            await eventually(partial(has_resumed, bot, resumed), 20)
            await world.gateway("close", code=4000)
        await eventually(partial(has_resumed, bot, 5), 20)

        pauses_s = sum(FIRST_PAUSE_S * 2**attempt for attempt in range(5))
        assert asyncio.get_running_loop().time() - began >= pauses_s / 2
        assert (await world.gateway_seen())["identified"] == 1


def has_resumed(bot: ListeningBot, times: int) -> bool:
    return bot.heard.count("(resumed)") >= times
