"""One process follows another: what was said in between is heard, in order, once."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.playground.world import ADULTS_ID
from tests.faults.listening_bot import ListeningBot, listening, running, seq_saved
from tests.playground.driver import Playground, eventually, playground


@pytest.fixture
async def world() -> AsyncGenerator[Playground, None]:
    async with playground() as world:
        yield world


async def predecessor(world: Playground, redis: Redis) -> None:
    """A process that has heard one line and left in order."""
    async with listening(world, ListeningBot(redis, "zero")) as bot:
        await world.mara.send("before")
        await eventually(lambda: "before" in bot.heard)


async def test_what_was_said_edited_and_deleted_in_between_is_heard_in_order(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)
    first = await world.mara.send("first")
    await world.mara.edit(first, "first, corrected")
    second = await world.mara.send("second")
    await world.mara.delete(second)
    thread = await world.mara.thread("aside")
    await world.act(
        "/page/controls/channel", {"channel_id": str(thread), "delete": True, "changes": None}
    )
    await world.act(
        "/page/controls/channel", {"channel_id": str(ADULTS_ID), "delete": True, "changes": None}
    )

    async with listening(world, ListeningBot(redis)) as bot:
        await world.mara.send("after")
        await eventually(lambda: "after" in bot.heard)

    assert [entry for entry in bot.heard if entry != "(resumed)"] == [
        "first",
        "first, corrected*",
        "second",
        f"-{second.id}",
        "aside",  # Discord's own line about the thread
        f"-thread {thread}",
        f"-channel {ADULTS_ID}",
        "(first ready)",
        "after",
    ]


async def test_a_session_left_in_order_is_not_ended_at_discord(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)

    assert (await world.gateway_seen())["closed"] == [4000]


async def test_a_session_that_discord_has_forgotten_leaves_a_gap_that_is_looked_up_first(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)
    await world.gateway("invalidate", resumable=False)

    async with listening(world, ListeningBot(redis)) as bot:
        assert bot.heard == ["(gap 0)", "(first ready)"]


async def test_an_old_session_that_is_lost_while_it_tells_leaves_a_gap(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)
    bot = ListeningBot(redis, guild_ready_timeout=1)  # so long both sessions are listened to
    async with running(world, bot):

        async def is_telling() -> bool:
            seen = await world.gateway_seen()
            return bool((seen["identified"], seen["resumed"]) == (2, 1))

        await eventually(is_telling, 15)
        await world.gateway("cut")
        await eventually(lambda: "(first ready)" in bot.heard, 20)

    assert "(gap 0)" in bot.heard


async def test_new_lines_wait_until_the_missed_ones_are_handled(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)
    await world.mara.send("missed")
    bot, may_go_on = ListeningBot(redis), asyncio.Event()

    async def hold(text: str) -> None:
        if text == "missed":
            bot.heard.append("(asked)")
            await may_go_on.wait()

    bot.on_line = hold
    async with running(world, bot):
        await eventually(lambda: "(asked)" in bot.heard, 15)
        new = await world.mara.send("new")
        await world.mara.edit(new, "new, corrected")
        await eventually(lambda: len(bot._handling) == 3)
        may_go_on.set()
        await eventually(lambda: "new, corrected*" in bot.heard)

    assert bot.lines == ["missed", "new", "new, corrected*"]


async def test_it_is_known_for_how_long_the_missed_ones_are_told(
    world: Playground, redis: Redis
) -> None:
    """Nobody answers the first of them while others come."""
    await predecessor(world, redis)
    await world.mara.send("missed")
    await world.mara.send("missed, too")
    bot = ListeningBot(redis)
    was_told: dict[str, bool] = {}

    async def note(text: str) -> None:
        was_told[text] = bot.backlog.is_told

    bot.on_line = note
    async with listening(world, bot):
        await world.mara.send("new")
        await eventually(lambda: "new" in bot.heard)

    assert was_told == {"missed": True, "missed, too": True, "new": False}


async def test_a_line_that_is_still_being_handled_does_not_count_as_heard(
    world: Playground, redis: Redis
) -> None:
    bot, may_go_on = ListeningBot(redis), asyncio.Event()

    async def hold(text: str) -> None:
        if text == "slow":
            await may_go_on.wait()

    async with listening(world, bot):
        before = await seq_saved(redis)
        bot.on_line = hold
        await world.mara.send("slow")
        await world.mara.send("quick")
        await eventually(lambda: "quick" in bot.heard)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await bot._save()
        meanwhile = await seq_saved(redis)
        may_go_on.set()

    assert meanwhile == before
    assert await seq_saved(redis) == before + 2


async def test_every_shard_goes_on_from_where_it_was(world: Playground, redis: Redis) -> None:
    options: dict[str, Any] = {"shard_count": 2, "shard_ids": [0, 1]}
    async with listening(world, ListeningBot(redis, "zero", **options)) as bot:
        await world.mara.send("before")
        await eventually(lambda: "before" in bot.heard)
    gaps = bot.heard.count("(gap 0)"), bot.heard.count("(gap 1)")
    await world.mara.send("missed")

    async with listening(world, ListeningBot(redis, **options)) as bot:
        assert bot.heard == ["missed", "(first ready)"]

    assert gaps == (1, 1)


async def test_shards_of_another_number_are_not_gone_on_with(
    world: Playground, redis: Redis
) -> None:
    await predecessor(world, redis)

    async with listening(world, ListeningBot(redis, shard_count=2, shard_ids=[0, 1])) as bot:
        assert sorted(bot.heard) == ["(first ready)", "(gap 0)", "(gap 1)"]


async def test_an_event_that_is_not_understood_takes_no_other_with_it(
    world: Playground, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await predecessor(world, redis)
    first = await world.mara.send("first")
    await world.mara.edit(first, "first, corrected")
    await world.mara.send("second")
    bot = ListeningBot(redis)

    def misunderstand(data: dict[str, Any]) -> None:
        raise KeyError(data["id"])

    bot._connection.parsers["MESSAGE_UPDATE"] = misunderstand
    async with listening(world, bot):
        await world.mara.send("third")
        await eventually(lambda: "third" in bot.heard)

    assert bot.lines == ["first", "second", "third"]
    assert "an event was not understood" in caplog.messages


async def test_a_guild_that_comes_late_is_waited_for(world: Playground, redis: Redis) -> None:
    await predecessor(world, redis)
    await world.mara.send("missed")
    bot = ListeningBot(redis)
    guild_create = bot._connection.parsers["GUILD_CREATE"]
    late: list[Any] = []
    bot._connection.parsers["GUILD_CREATE"] = late.append
    async with running(world, bot):
        await eventually(lambda: bot._streams[0].is_complete.is_set() if bot._streams else False)
        assert bot.lines == []
        guild_create(late.pop())
        await eventually(lambda: "(first ready)" in bot.heard)

    assert bot.heard[:2] == ["missed", "(first ready)"]
