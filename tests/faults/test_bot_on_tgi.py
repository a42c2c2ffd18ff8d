"""Rows L1 to L9 as members see them: a running bot, and model servers that fail under it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from bot.adapters.redis_store import connect
from bot.core.scene import ChannelId
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.scripted_tgi import ScriptedTgi, count, story
from tests.faults.crashing_bot import CRASHING
from tests.faults.lab.stage import Lab, going_on, open_lab
from tests.faults.lab.watching import Kind, Seen
from tests.playground.driver import eventually
from tests.wire.nursery import nursery
from tests.wire.running import BotProcess

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

AWAY = "model is not answering"
EDIT_EVERY_S = 0.125


@dataclass
class Stage:
    """One bot before two model servers, which say the same."""

    lab: Lab
    bot: BotProcess
    other: ScriptedTgi
    way_to_other: FaultProxy
    told: int = 0
    tale: str = ""

    async def begin(self) -> int:
        """Start a scene; returns its channel."""
        channel = await self.lab.world.mara.thread("A story")
        return await self.lab.begin(channel, greeting="none", length="unlimited")

    async def ask(self, channel: int, *, tokens: int = 30, tokens_per_s: float = 0) -> int:
        """Let Mara ask for a tale that she has not heard yet; returns her message."""
        self.told += 1
        self.tale = " ".join(f"{word}{self.told}" for word in story(tokens).split()) + "."
        for server in (self.lab.tgi, self.other):
            server.reply, server.tokens_per_s = going_on(self.tale), tokens_per_s
        return (await self.lab.world.mara.send("Tell me of the sea.", channel)).id

    async def is_told(self, channel: int, line: int) -> float:
        """Wait until the tale stands there, whole and once; returns when it does."""
        return await self.lab.shows(channel, self.tale, after=line)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    redis = connect(redis_url, timeout_s=1.0)
    assert isinstance(redis, Redis)
    await redis.flushall()
    folder = Path(tmp_path_factory.mktemp("bot_on_tgi"))
    async with (
        ScriptedTgi().running() as other,
        FaultProxy(other.url.removeprefix("http://")) as way_to_other,
        open_lab(redis, redis_url, folder) as lab,
    ):
        lab.settings["BOT_TGI__URLS"] += f",http://{way_to_other.address}"
        begin = partial(nursery().fork, [str(folder)], main=CRASHING)
        # L1: nobody is there when it starts.
        async with lab.way_to_tgi.refusing(), way_to_other.refusing():
            bot = await lab.start_bot(begin=begin)
            await eventually(lambda: "ready guilds" in bot.said, 20)
        await bot.wait_ready()
        yield Stage(lab, bot, other, way_to_other)
        await lab.close()
    await redis.aclose()


async def test_l1_while_all_are_down_a_channel_is_told_once_and_then_answered_by_itself(
    stage: Stage,
) -> None:
    lab, mara = stage.lab, stage.lab.world.mara
    channel = await stage.begin()
    async with lab.way_to_tgi.refusing(), stage.way_to_other.refusing():
        await mara.send("Anybody?", channel)
        await lab.is_told(channel, AWAY)
        line = await stage.ask(channel)
        statuses = await stage.bot.status("/readyz"), await stage.bot.status("/livez")
        await eventually(lambda: stage.bot.said.count("the model is away") >= 3)
        told = len(lab.notices(channel))

    await stage.is_told(channel, line)

    assert statuses == (503, 200)
    assert told == 1
    await eventually(lambda: lab.notices(channel) == [])
    await lab.holds(channel)


@pytest.mark.parametrize("is_first", [True, False])
async def test_l2_one_that_is_down_costs_no_visible_delay(stage: Stage, is_first: bool) -> None:  # noqa: FBT001
    channel = await stage.begin()
    down = stage.lab.way_to_tgi if is_first else stage.way_to_other
    took = []
    async with down.refusing():
        for _ in range(3):
            began = asyncio.get_running_loop().time()
            line = await stage.ask(channel)
            took.append(await stage.is_told(channel, line) - began)

    print(f"\n  told within {[round(each, 2) for each in took]} s")  # noqa: T201
    assert sorted(took)[1] < 1 + 0.5  # and what a reply takes anyway, on a busy machine too
    assert stage.lab.notices(channel) == []
    await stage.lab.holds(channel)


async def test_l4_a_slow_one_costs_few_edits_and_loses_nothing(stage: Stage) -> None:
    lab = stage.lab
    channel = await stage.begin()
    began = time.monotonic()
    edits = sum(call.startswith("PATCH") for call in lab.faults.asked)
    line = await stage.ask(channel, tokens=12, tokens_per_s=5)

    await stage.is_told(channel, line)

    took_s = time.monotonic() - began
    edits = sum(call.startswith("PATCH") for call in lab.faults.asked) - edits
    print(f"\n  {edits} edits in {took_s:.1f} s")  # noqa: T201
    assert edits <= took_s / EDIT_EVERY_S + 1
    await lab.holds(channel)


async def test_l3_l5_l7_one_that_breaks_off_in_any_way_is_gone_on_from(stage: Stage) -> None:
    lab = stage.lab
    channel = await stage.begin()
    line = await stage.ask(channel, tokens=60, tokens_per_s=60)
    await eventually(lambda: _signs_shown(lab, channel) > 40)

    lab.way_to_tgi.cut_all(reset=True)
    stage.way_to_other.cut_all(reset=True)

    await stage.is_told(channel, line)
    [shown] = _said(lab, channel)
    assert all(stage.tale.startswith(text) for text in shown.revisions)
    await lab.holds(channel)


async def test_l9_one_that_comes_back_smaller_is_asked_for_what_fits(stage: Stage) -> None:
    lab = stage.lab
    channel = await stage.begin()
    for _ in range(3):
        await stage.is_told(channel, await stage.ask(channel, tokens=150))
    servers = (lab.tgi, stage.other)
    async with lab.way_to_tgi.refusing(), stage.way_to_other.refusing():
        await lab.world.mara.send("Anybody?", channel)
        await lab.is_told(channel, AWAY)
        for server in servers:
            server.max_total_tokens = 1024
            server.asked.clear()

    await stage.is_told(channel, await stage.ask(channel))

    for asked in (*lab.tgi.asked, *stage.other.asked):
        assert count(asked.prompt) + asked.parameters["max_new_tokens"] <= 1024
    await lab.holds(channel)


def _said(lab: Lab, channel: int) -> list[Seen]:
    shown = lab.watcher.screen()[ChannelId(channel)]
    return [seen for seen in shown if seen.kind is Kind.CHARACTER]


def _signs_shown(lab: Lab, channel: int) -> int:
    return sum(len(seen.text) for seen in _said(lab, channel))
