"""S29: two bots never talk each other into a loop."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from bot.core.cast import MOST_BANTER
from bot.playground.world import TAVERN_ID
from tests.wire.playing import Played, playing

A_WHILE_S = 1.0


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


async def test_s29_another_bot_that_answers_each_reply_is_not_heard(played: Played) -> None:
    path = await played.world.foreign_webhook(TAVERN_ID, "Echo")
    await played.reply(after=await played.say("Ahoy!"))
    asked = len(played.tgi.asked)

    for _ in range(5):
        await played.world.rest("POST", path, json={"content": "Clover, tell me more!"})
        await asyncio.sleep(0.1)
    await asyncio.sleep(A_WHILE_S)

    assert len(played.tgi.asked) == asked
    assert "Echo" not in [name for name, _ in await played.memory()]


async def test_s29_own_webhooks_are_known_to_every_process(played: Played) -> None:
    await played.reply(after=await played.say("Ahoy!"))
    await played.restart()
    asked = len(played.tgi.asked)

    reply = await played.reply(after=await played.say("Again!"))
    await asyncio.sleep(A_WHILE_S)

    assert len(played.tgi.asked) == asked + 1
    assert [name for name, _ in await played.memory()] == ["Mara", "Clover"] * 2
    assert reply.content == (await played.memory())[-1][1]


async def test_s29_characters_answer_each_other_no_more_often_than_they_may(
    played: Played,
) -> None:
    await played.command("roleplay add", character="hollis")
    most = {"max": min(2, MOST_BANTER)}
    await played.command("scene banter", named=most)
    await played.say("Clover, begin!")

    await played.asked(1 + most["max"])
    await asyncio.sleep(A_WHILE_S)

    assert len(played.tgi.asked) == 1 + most["max"]
