"""D5: however often a post is lost on its way back, or its process killed, it stands there once."""

import asyncio
import json
import signal
import sys
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.core.scene import Role
from bot.playground.server import serve
from bot.playground.site import Config
from bot.playground.world import TAVERN_ID
from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.scripted_discord import STORE_THEN_502, STORE_THEN_RESET
from tests.faults.lab.invariants import Evidence, broken
from tests.faults.lab.memory import Kept, Memory
from tests.faults.lab.stage import POST_AS_CHARACTER
from tests.faults.lab.watching import Kind, Watcher
from tests.faults.posting_bot import PROGRAM, Task
from tests.playground.driver import TOKEN, visiting
from tests.wire.running import ROOT, surroundings

CHANNELS = 20
SEED = 20261126


async def until_done(task: Task, folder: Path) -> int:
    """Start the process again and again until it has done its task; returns how often it died."""
    file = folder / "task.json"
    for start in range(1_000):
        file.write_text(json.dumps(asdict(replace(task, start=start))))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(PROGRAM), str(file)),
            cwd=folder,
            env=surroundings(PYTHONPATH=str(ROOT)),
        )
        code = await process.wait()
        if code == 0:
            return start
        assert code == -signal.SIGKILL
    raise AssertionError("it dies again and again")


def without_lines(kept: Kept) -> Kept:
    """Nobody wrote the lines that were answered."""
    assert kept.scene is not None
    turns = tuple(turn for turn in kept.scene.turns if turn.role is Role.CHARACTER)
    return replace(kept, scene=replace(kept.scene, turns=turns))


async def post_under_faults(redis: Redis, redis_url: str, folder: Path, replies: int) -> None:
    faults, watcher = DiscordFaults(seed=SEED), Watcher()
    faults.strew(POST_AS_CHARACTER, STORE_THEN_502, 0.05)
    faults.strew(POST_AS_CHARACTER, STORE_THEN_RESET, 0.02)
    config = Config(token=TOKEN, secret="key")
    async with serve(config, faults=[watcher.hear, faults.strike, watcher.see]) as address:
        async with visiting(address, token=TOKEN) as world:  # nobody looks on later
            channels = [await world.mara.thread(f"Story {number}") for number in range(CHANNELS)]
        task = Task(
            redis_url, address.api_url, TOKEN, TAVERN_ID, channels,
            replies=replies // CHANNELS, kills=0.01, seed=SEED, start=0,
        )  # fmt: skip
        kills = await until_done(task, folder)

        remembered = await Memory(redis).of_all()
        kept = {channel: without_lines(each) for channel, each in remembered.items()}
        assert broken(Evidence(watcher.screen(), kept, watcher.posts, watcher.calls)) == []
        shown = Counter(
            seen.text
            for channel in watcher.screen().values()
            for seen in channel
            if seen.kind is Kind.CHARACTER
        )
        told = {f"Reply {n} in {c}." for c in channels for n in range(replies // CHANNELS)}
        assert set(shown) == told, "losses"
        assert set(shown.values()) == {1}, "duplicates"
        kinds = Counter(struck.fault.status for struck in faults.struck)
        lost = f"{kinds[502]} lost to a 502, {kinds[None]} to a reset, {kills} kills"
        print(f"\n  {len(told)} replies: {lost}")  # noqa: T201  # the numbers are what this is for
        assert kinds[502] > replies * 0.03
        assert kinds[None] > replies * 0.01
        assert kills > replies * 0.005


@pytest.mark.timeout(180)
async def test_d5_p2_a_thousand_posts_stand_there_once_each(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    await post_under_faults(redis, redis_url, tmp_path, 1_000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_d5_p2_ten_thousand_posts_stand_there_once_each(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    await post_under_faults(redis, redis_url, tmp_path, 10_000)
