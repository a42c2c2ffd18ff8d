"""Hours of play in minutes: many lines, a bot that is killed, a model that breaks off."""

import asyncio
import random
from datetime import timedelta
from itertools import pairwise
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
TRIES = 5
REPLY = (story(15) + ".").strip()
SEED = 20261123


async def write_lines(member: Member, channel: int, chance: random.Random) -> None:
    """Write one line after another, each once the last is answered in full.

    A line that meets a dead bot is never heard; its writer says it again.
    """
    for number in range(LINES):
        for _ in range(TRIES):
            sent = await member.send(f"Line {number}.", channel)

            def answers(shown: Shown, after: int = sent.id) -> bool:
                return shown.is_webhook and shown.id > after and shown.content == REPLY

            try:
                await member.wait_for_message(answers, 20, channel=channel)
            except AssertionError:
                continue
            break
        else:
            raise AssertionError(f"line {number} was never answered")
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
        stage.tgi.reply, stage.tgi.tokens_per_s = rest_of_the_reply, 40
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
            screen = {m.id: m.content for m in await mara.messages(channel, 100) if m.is_webhook}
            replies = [turn for turn in scene.turns if turn.role is Role.CHARACTER]
            remembered = {turn.messages[0]: turn.text for turn in replies[-len(screen) :]}
            assert screen == remembered
            roles = [turn.role for turn in scene.turns]
            assert (Role.CHARACTER, Role.CHARACTER) not in pairwise(roles)
        assert kills > 3


def rest_of_the_reply(prompt: str) -> str:
    """What a model goes on with: the whole reply, or what a broken one lacks."""
    begun = prompt.rpartition("Clover:")[2]
    return (" " + REPLY).removeprefix(begun)
