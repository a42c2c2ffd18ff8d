"""What a supervisor and a metrics collector see of a running bot."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from tests.faults.lab.own_redis import OwnRedis, own_redis
from tests.playground.driver import eventually
from tests.test_deploy import PARTS, measured
from tests.wire.playing import playing
from tests.wire.running import BotProcess, running

FLIPS_WITHIN_S = 3.0
SNOWFLAKE = re.compile(r"\d{17,}")
FAMILY = re.compile(r"^# TYPE (rp_\w+)", re.MULTILINE)


async def page(bot: BotProcess, path: str) -> str:
    url = f"http://127.0.0.1:{bot.settings['BOT_HTTP__PORT']}{path}"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return await answer.text()


@pytest.mark.parametrize("end", [OwnRedis.kill, None], ids=["killed", "frozen"])
async def test_a_redis_that_is_gone_shows_at_once_and_only_where_it_ought_to(
    tmp_path: Path, end: Callable[[OwnRedis], Awaitable[None]] | None
) -> None:
    folder = tmp_path / "redis"
    folder.mkdir()
    async with own_redis(folder) as (server, _), running(server.url, tmp_path) as stage:
        assert await stage.bot.status("/readyz") == 200
        gone_at = time.monotonic()
        if end is not None:
            await end(server)
        else:
            server.freeze()

        while await stage.bot.status("/readyz") != 503:
            await asyncio.sleep(0.05)
        took_s = time.monotonic() - gone_at
        reasons = (await stage.bot.ready())["reasons"]
        is_alive = await stage.bot.status("/livez")

        assert took_s < FLIPS_WITHIN_S
        assert set(reasons) == {"redis"}
        assert is_alive == 200
        if end is None:
            server.thaw()


async def test_a_turn_is_measured_and_nobody_is_named(clean_redis_url: str, tmp_path: Path) -> None:
    async with playing(clean_redis_url, tmp_path) as played:
        await played.reply(after=await played.say("Ahoy, Clover!"))

        async def is_counted() -> bool:
            return 'rp_turns_total{outcome="replied"} 1.0' in await page(played.bot, "/metrics")

        await eventually(is_counted)
        told = await page(played.bot, "/metrics")

    assert {PARTS.sub("", name) for name in FAMILY.findall(told)} >= measured()
    for line in (
        'rp_ingest_total{result="ok"} 1.0',
        'rp_turn_seconds_count{stage="first_visible"} 1.0',
        'rp_turn_seconds_count{stage="decode"} 1.0',
        'rp_llm_requests_total{replica="0",result="ok"} 1.0',
        'rp_llm_breaker_state{replica="0"} 0.0',
        'rp_gateway_events_total{type="MESSAGE_CREATE"}',
        'rp_redis_seconds_count{script="take"}',
        "rp_redis_policy_ok 1.0",
        "rp_turns_inflight 0.0",
        "rp_identify_remaining",
    ):
        assert line in told, line
    assert not SNOWFLAKE.search("\n".join(line.rpartition(" ")[0] for line in told.splitlines()))
    assert "Ahoy" not in told
