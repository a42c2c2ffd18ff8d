"""Rows R1 to R6 as members see them: a running bot, and a Redis that fails under it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from bot.core.scene import ChannelId
from bot.services.milestones import Milestone
from tests.fakes.fault_proxy import Rules, Script, Way
from tests.fakes.scripted_tgi import story
from tests.faults.crashing_bot import CRASHING, order
from tests.faults.lab.own_redis import OwnRedis, own_redis
from tests.faults.lab.stage import Lab, going_on, open_lab
from tests.faults.lab.watching import Kind
from tests.playground.driver import eventually
from tests.wire.nursery import nursery
from tests.wire.running import BotProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

TOKENS = 80
AWAY_S = 0.5
NO_MEMORY = "cannot reach my memory"
FULL = "full or read-only"
RECOVERED_WITHIN_S = 5.0
NOTICED_WITHIN_S = 3.0


@dataclass
class Stage:
    """One bot and one server for all tests, each of which plays in a thread of its own."""

    lab: Lab
    bot: BotProcess
    server: OwnRedis
    orders: Path
    tale: str = ""
    told: int = 0

    async def begin(self) -> int:
        """Start a scene; returns its channel."""
        channel = await self.lab.world.mara.thread("A story")
        return await self.lab.begin(channel, greeting="none", length="unlimited")

    async def ask(self, channel: int, *, tokens_per_s: float = 0) -> int:
        """Let Mara ask for a tale that she has not heard yet; returns her message."""
        self.told += 1
        self.tale = " ".join(f"{word}{self.told}" for word in story(TOKENS).split()) + "."
        self.lab.tgi.reply, self.lab.tgi.tokens_per_s = going_on(self.tale), tokens_per_s
        return (await self.lab.world.mara.send("Tell me of the sea.", channel)).id

    async def is_told(self, channel: int, line: int) -> float:
        """Wait until the tale stands there, whole and once; returns when it does."""
        return await self.lab.shows(channel, self.tale, after=line)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = Path(tmp_path_factory.mktemp("bot_on_redis"))
    (folder / "redis").mkdir()
    (folder / "orders").mkdir()
    async with (
        own_redis(folder / "redis") as (server, client),
        open_lab(client, server.url, folder, BOT_TURNS__LEASE_S="2") as lab,
    ):
        bot = await lab.start_bot(
            begin=partial(nursery().fork, [str(folder / "orders")], main=CRASHING)
        )
        await bot.wait_ready()
        yield Stage(lab, bot, server, folder / "orders")
        await lab.close()


async def is_told_without_a_word(stage: Stage, channel: int, line: int) -> None:
    """Nobody sees that anything went wrong."""
    await stage.is_told(channel, line)
    await stage.lab.holds(channel)
    assert stage.lab.notices(channel) == []
    assert stage.lab.watcher.offers(channel) == []


@pytest.mark.parametrize("milestone", Milestone, ids=lambda each: each.name.lower())
async def test_r1_killed_at_any_point_of_a_turn_and_started_again_it_was_not_missed(
    stage: Stage, milestone: Milestone
) -> None:
    channel = await stage.begin()
    assert stage.bot.process is not None
    order(stage.orders, stage.bot.process.pid, milestone, victim=stage.server.pid)

    line = await stage.ask(channel, tokens_per_s=100)
    await stage.server.is_dead()
    await asyncio.sleep(AWAY_S)
    await stage.server.start()

    await is_told_without_a_word(stage, channel, line)


@pytest.mark.parametrize("milestone", Milestone, ids=lambda each: each.name.lower())
async def test_r1_what_it_lost_of_a_turn_when_it_was_killed_it_is_told_again(
    stage: Stage, milestone: Milestone
) -> None:
    """It had answered, and nothing of that had reached its disk."""
    channel = await stage.begin()
    assert stage.bot.process is not None
    await stage.server.mark()
    order(stage.orders, stage.bot.process.pid, milestone, victim=stage.server.pid)

    line = await stage.ask(channel, tokens_per_s=100)
    await stage.server.is_dead()
    stage.server.forget_since_mark()
    await stage.server.start()

    await is_told_without_a_word(stage, channel, line)


@pytest.mark.parametrize("by", ["a later line", "a restart"])
async def test_r1_a_notice_goes_when_the_reply_comes_without_being_asked_for(
    stage: Stage, by: str
) -> None:
    lab, bot, server = stage.lab, stage.bot, stage.server
    channel = await stage.begin()
    assert bot.process is not None
    order(stage.orders, bot.process.pid, Milestone.INGESTED, victim=server.pid)
    line = await stage.ask(channel)
    await server.is_dead()
    try:
        await lab.is_told(channel, NO_MEMORY)
    finally:
        await server.start()

    if by == "a restart":
        await bot.kill()
        await bot.start()
    await bot.wait_ready()
    if by == "a later line":
        line = await stage.ask(channel)

    await stage.is_told(channel, line)
    await eventually(lambda: _is_quiet(lab, channel))
    await lab.holds(channel)
    assert len(lab.watcher.offers(channel)) == 1


async def _is_quiet(lab: Lab, channel: int) -> bool:
    return lab.notices(channel) == []


async def test_r2_the_first_line_of_a_scene_is_told_of_and_made_up_for(stage: Stage) -> None:
    channel = await stage.begin()
    await stage.server.kill()
    try:
        line = await stage.ask(channel)
        await stage.lab.is_told(channel, NO_MEMORY)
    finally:
        await stage.server.start()

    await stage.is_told(channel, line)
    await stage.lab.holds(channel)


async def test_r2_a_line_that_was_lost_is_found_after_a_kill_whatever_was_stored_since(
    stage: Stage,
) -> None:
    """Nobody tells of it again, and nobody had the time to look for it."""
    lab, bot, mara = stage.lab, stage.bot, stage.lab.world.mara
    channel = await stage.begin()
    await stage.is_told(channel, await stage.ask(channel))
    await stage.server.kill()
    try:
        await mara.send("Do you hear me?", channel)
        await lab.is_told(channel, NO_MEMORY)
        assert bot.process is not None
        order(stage.orders, bot.process.pid, Milestone.INGESTED)
    finally:
        await stage.server.start()
    line = await stage.ask(channel)
    await bot.wait()
    await lab.world.gateway("invalidate", resumable=False)

    await bot.start()
    await bot.wait_ready()

    await stage.is_told(channel, line)
    await lab.holds(channel)


async def test_r2_while_it_is_down_a_channel_is_told_once_and_what_was_said_is_made_up_for(
    stage: Stage,
) -> None:
    lab, bot, mara = stage.lab, stage.bot, stage.lab.world.mara
    channels = [await stage.begin(), await stage.begin()]
    for channel in channels:
        await stage.is_told(channel, await stage.ask(channel))
    await stage.server.kill()
    try:
        for number in range(3):
            await mara.send(f"Line {number}.", channels[0])
        await mara.send("Line 0.", channels[1])
        for channel in channels:
            await lab.is_told(channel, NO_MEMORY)
        statuses = await bot.status("/readyz"), await bot.status("/livez")
    finally:
        began = time.monotonic()
        await stage.server.start()
    await bot.wait_ready()
    await stage.is_told(channels[1], await stage.ask(channels[1]))
    took_s = time.monotonic() - began

    print(f"\n  answered {took_s:.1f} s after the server was started")  # noqa: T201
    assert statuses == (503, 200)
    assert took_s < RECOVERED_WITHIN_S
    assert [len(lab.notices(channel, NO_MEMORY)) for channel in channels] == [1, 1]
    await lab.holds(*channels)


async def test_r3_a_slow_one_delays_a_reply_by_a_few_round_trips(stage: Stage) -> None:
    lab = stage.lab
    channel = await stage.begin()
    usual_s = await _told_within(stage, channel)
    lab.way_to_redis.rules = Rules(Script(to_client=Way(delay_s=0.2)))
    try:
        # The first opens connections, too, and what else the machine does comes on top.
        slow_s = min([await _told_within(stage, channel) for _ in range(2)])
        is_alive = await stage.bot.status("/livez")
    finally:
        lab.way_to_redis.rules = Rules()

    print(f"\n  told within {slow_s:.1f} s instead of {usual_s:.1f} s")  # noqa: T201
    assert slow_s < usual_s + 10 * 0.2
    assert is_alive == 200
    await lab.holds(channel)


async def _told_within(stage: Stage, channel: int) -> float:
    began = asyncio.get_running_loop().time()
    return await stage.is_told(channel, await stage.ask(channel)) - began


async def test_r4_a_frozen_one_does_not_stop_a_reply_that_is_told(stage: Stage) -> None:
    lab = stage.lab
    channel = await stage.begin()
    line = await stage.ask(channel, tokens_per_s=40)
    await eventually(lambda: _signs_shown(lab, channel) > 20)

    stage.server.freeze()
    try:
        await eventually(lambda: _signs_shown(lab, channel) > len(stage.tale) * 3 // 4, 10)
        is_alive = await stage.bot.status("/livez")
    finally:
        stage.server.thaw()

    assert is_alive == 200
    await stage.is_told(channel, line)
    await lab.holds(channel)


def _signs_shown(lab: Lab, channel: int) -> int:
    shown = lab.watcher.screen()[ChannelId(channel)]
    return sum(len(seen.text) for seen in shown if seen.kind is Kind.CHARACTER)


@pytest.mark.parametrize("what", ["memory", "disk"])
async def test_r5_r6_a_full_one_is_told_of_and_one_without_memory_lets_forget(
    stage: Stage, what: str
) -> None:
    lab, mara, server = stage.lab, stage.lab.world.mara, stage.server
    channel = await stage.begin()
    wrong = await mara.send("Forget this.", channel)
    await lab.holds(channel)
    await (server.fill() if what == "memory" else server.lose_its_disk())
    refused_at = time.monotonic()
    try:
        unready_s = await _is_ready(stage, 503) - refused_at
        refused = await mara.send("Is there room?", channel)
        await lab.is_told(channel, FULL)
        if what == "memory":
            await mara.delete(wrong)
            await eventually(lambda: _is_forgotten(stage, channel, wrong.id))
        is_alive = await stage.bot.status("/livez")
    finally:
        await (server.make_room() if what == "memory" else server.find_its_disk())
    took_again_at = time.monotonic()
    ready_s = await _is_ready(stage, 200) - took_again_at

    print(f"\n  unready after {unready_s:.1f} s, ready after {ready_s:.1f} s")  # noqa: T201
    assert is_alive == 200
    assert unready_s < NOTICED_WITHIN_S
    assert ready_s < NOTICED_WITHIN_S
    await stage.is_told(channel, await stage.ask(channel))
    await lab.holds(channel, unheard={refused.id})  # it is made up for a quarter of a minute later


async def _is_ready(stage: Stage, status: int) -> float:
    """Wait until `/readyz` answers so; returns when it does."""

    async def answers_so() -> bool:
        return await stage.bot.status("/readyz") == status

    await eventually(answers_so, 10)
    return time.monotonic()


async def _is_forgotten(stage: Stage, channel: int, message: int) -> bool:
    scene = (await stage.lab.memory.of(ChannelId(channel))).scene
    return scene is not None and all(message not in turn.messages for turn in scene.turns)
