"""Hours of play in minutes: many lines, a bot that is killed, a model that breaks off."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, Role
from tests.fakes.scripted_tgi import Fault, story
from tests.playground.driver import Member, Shown
from tests.wire.running import Running, running

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]

CHANNELS = 6
LINES = 40
SEED = 20261123


async def write_lines(member: Member, channel: int, chance: random.Random) -> None:
    """Write one line after another, each once the last is answered."""
    for number in range(LINES):
        sent = await member.send(f"Line {number}.", channel)

        def answers(shown: Shown, after: int = sent.id) -> bool:
            return shown.is_webhook and shown.id > after and not shown.labels

        await member.wait_for_message(answers, 120, channel=channel)
        await asyncio.sleep(chance.uniform(0, 0.3))


async def disturb(stage: Running, chance: random.Random) -> int:
    """Kill the bot and break the model off, again and again; returns how often it was killed."""
    kills = 0
    kinds = ["cut", "reset", "no end", "garbage"]
    try:
        while True:
            await asyncio.sleep(chance.uniform(1, 4))
            stage.tgi.fault = Fault(chance.choice(kinds), after=chance.randint(1, 10), times=2)
            await asyncio.sleep(chance.uniform(2, 5))
            await stage.bot.kill()
            kills += 1
            await stage.bot.start()
            await stage.bot.wait_ready(60)
    except asyncio.CancelledError:
        return kills


async def test_every_line_gets_one_reply_and_the_screen_is_what_is_remembered(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    async with running(redis_url, tmp_path) as stage:
        mara = stage.world.mara
        stage.tgi.reply, stage.tgi.tokens_per_s = lambda _: story(15) + ".", 40
        channels = [await mara.thread(f"Story {number}") for number in range(CHANNELS)]
        for channel in channels:
            use = await mara.slash("roleplay start", character="clover", channel=channel)
            await mara.answer(use)

        trouble = asyncio.create_task(disturb(stage, chance))
        async with asyncio.TaskGroup() as tasks:
            for channel in channels:
                tasks.create_task(write_lines(mara, channel, random.Random(channel)))
        trouble.cancel()
        kills = await trouble
        stage.tgi.fault = None

        store = RedisSceneStore(redis, keep=2000, ttl=timedelta(days=1))
        for channel in channels:
            scene = await store.read(ChannelId(channel))
            assert scene is not None
            shown = [m for m in await mara.messages(channel, 100) if not m.is_ephemeral]
            screen = {m.id: m.content for m in shown}
            for turn in scene.turns[-40:]:
                text = "".join(screen.get(message, "?") for message in turn.messages)
                assert text == turn.text
            roles = [turn.role for turn in scene.turns[1:]]
            assert roles == [Role.PLAYER, Role.CHARACTER] * LINES
        assert kills > 3
