"""Discord's time, as its answers tell it to a host that has another."""

import time
from collections.abc import AsyncIterator
from email.utils import formatdate

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordClock, DiscordRest
from bot.adapters.discord_rest.routes import typing
from bot.core.scene import ChannelId
from tests.fakes.scripted_discord import ScriptedDiscord, scripted_discord

HOUR_MS = 3_600_000
NOON_MS = 1_800_000_000_000


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


class Host:
    """A clock that is where the test puts it."""

    def __init__(self) -> None:
        self.clock_s = 100.0
        self.clock = DiscordClock(host_ms=lambda: NOON_MS, clock_s=lambda: self.clock_s)

    def hears(self, at_ms: int) -> int:
        """Be told *at_ms*; returns what time it is."""
        self.clock.hear(formatdate(at_ms / 1000, usegmt=True))
        return self.clock.now_ms()


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, -HOUR_MS, 3_000])
def test_p4_discords_time_is_believed(ahead_ms: int) -> None:
    host = Host()

    assert host.hears(NOON_MS + ahead_ms) == NOON_MS + ahead_ms
    host.clock_s += 1.5
    assert host.clock.now_ms() == NOON_MS + ahead_ms + 1_500


def test_what_a_whole_second_and_the_way_make_up_is_no_difference() -> None:
    host = Host()
    host.clock_s += 1.234

    assert host.hears(NOON_MS) == NOON_MS + 1_234


@pytest.mark.parametrize("date", ["", "noon", "Thu, 99 Foo 9999 99:99:99 GMT", "0" * 400])
def test_what_is_no_date_says_nothing(date: str) -> None:
    host = Host()

    host.clock.hear(date)

    assert host.clock.now_ms() == NOON_MS


async def test_p4_every_answer_tells_the_time(discord: ScriptedDiscord) -> None:
    clock = DiscordClock(host_ms=lambda: time.time_ns() // 1_000_000 + HOUR_MS)

    async with aiohttp.ClientSession(trace_configs=[clock.listen()]) as session:
        await DiscordRest(session, api_url=discord.url, token="t").request(typing(ChannelId(7)))

    assert abs(clock.now_ms() - time.time_ns() // 1_000_000) < 5_000


async def test_an_answer_that_was_on_its_way_for_long_is_not_believed(
    discord: ScriptedDiscord,
) -> None:
    frozen_s = [0.0]
    clock = DiscordClock(clock_s=lambda: time.monotonic() + frozen_s[0])
    before_ms = clock.now_ms()

    async def freeze(*_: object) -> None:
        frozen_s[0] += 3600

    asleep = aiohttp.TraceConfig()
    asleep.on_request_start.append(freeze)
    async with aiohttp.ClientSession(trace_configs=[clock.listen(), asleep]) as session:
        await DiscordRest(session, api_url=discord.url, token="t").request(typing(ChannelId(7)))

    assert clock.now_ms() >= before_ms + HOUR_MS
