"""P12: bots take each other's place while everybody plays, and nobody notices."""

import asyncio
import signal
import statistics
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.fakes.scripted_tgi import stories
from tests.faults.lab.relay import Relay, relay
from tests.faults.lab.stage import open_lab

CHANNELS = 5
LINES = 12
HANDED_OVER = 2
TOKENS = 20


@pytest.fixture
async def bots(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncIterator[Relay]:
    async with open_lab(redis, redis_url, tmp_path) as lab, relay(lab) as bots:
        lab.tgi.reply, lab.tgi.tokens_per_s = stories(TOKENS), 100
        yield bots


async def play(bots: Relay, channel: int) -> list[float]:
    """Say one line after the other, each once the last is answered; returns how long that took."""
    loop = asyncio.get_running_loop()
    took = []
    for number in range(LINES):
        began = loop.time()
        line = await bots.lab.world.mara.send(f"Line {number}.", channel)
        await bots.lab.is_answered(channel, after=line.id)
        took.append(loop.time() - began)
    return took


async def replace_leaders(bots: Relay) -> None:
    """Tell one bot after the other to end; one waits for its place."""
    for _ in range(HANDED_OVER):
        await bots.is_awaited()
        before = bots.hand_over()
        before.send(signal.SIGTERM)
        code, _ = await before.wait(40)
        assert code == 0
        await bots.leader.wait_ready()


async def test_p12_handed_over_twice_while_all_play_every_line_has_one_reply(bots: Relay) -> None:
    lab = bots.lab
    threads = [await lab.world.mara.thread(f"Story {number}") for number in range(CHANNELS)]
    channels = [await lab.begin(thread, greeting="none", length="long") for thread in threads]

    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(play(bots, channel)) for channel in channels]
        tasks.create_task(replace_leaders(bots))

    await lab.holds()
    for channel in channels:
        assert len(await lab.replies(channel)) == LINES
    took = sorted(seconds for each in playing for seconds in each.result())
    median, slowest = statistics.median(took), took[-1]
    print(f"\n  answered within {median:.1f} s, the slowest within {slowest:.1f} s")  # noqa: T201
    assert slowest < 10
