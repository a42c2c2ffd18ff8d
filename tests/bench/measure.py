"""Measure the running bot from outside, against a scripted model and a local Discord.

    .venv/bin/python -m tests.bench.measure [--turns 40] [--json FILE]

The bot is a process of its own; model and Discord live in this one, so that
both ends of a delay are read from one clock. Model: 300 ms to the first
token, then 40 tokens/s, 200 tokens a reply, unless told otherwise. No merge
pause. Prints a table. CPU depends on what else the machine does: compare
figures of one quiet hour, and the bot's with the floor's beside them.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.valkey import open_embedded
from bot.core.lengths import Length
from bot.core.scene import ChannelId, CharacterKey, GuildId, Place, SceneHead, UserId
from bot.playground.server import Address, serve
from bot.playground.site import Config
from bot.playground.world import ASSETS_ID, GUILD_ID, HARBOUR_ID, MARA_ID, TAVERN_ID
from tests.fakes.scripted_tgi import ScriptedTgi, stories
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
QUIET_CHANNELS = 1000
TOKENS_PER_S = 40.0
IDLE_S = 10.0
IMPORTS = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """One measured reply, in seconds."""

    added_s: float
    added_at_end_s: float
    cpu_s: float
    requests: int


class Bot:
    """The bot's process, as /proc shows it."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        # Linux's clock of another process's CPU, see clock_getcpuclockid(3):
        # /proc counts in steps of 10 ms, which is more than a reply costs.
        self._cpu_clock = ~pid << 3 | 2

    def cpu_s(self) -> float:
        return time.clock_gettime(self._cpu_clock)

    def memory_mb(self) -> float:
        rows = (self._proc / "smaps_rollup").read_text().splitlines()
        pss = next(row for row in rows if row.startswith("Pss:"))
        return int(pss.split()[1]) / 1024

    def resident_mb(self) -> float:
        rows = (self._proc / "status").read_text().splitlines()
        return int(next(row for row in rows if row.startswith("VmRSS:")).split()[1]) / 1024


class Member:
    """Writes through the page's API."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base

    async def post(self, verb: str, **body: Any) -> Any:
        body = {"as": str(MARA_ID), **body}
        async with self._http.post(f"{self._base}/page/{verb}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def get(self, path: str) -> Any:
        async with self._http.get(f"{self._base}/page/{path}") as answer:
            answer.raise_for_status()
            return await answer.json()

    async def newest(self, channel: int) -> Any:
        found = await self.get(f"channels/{channel}/messages?as={MARA_ID}&limit=1")
        rows = found["messages"] if isinstance(found, dict) else found
        return rows[-1]


@asynccontextmanager
async def started_bot(
    environment: dict[str, str], health: str
) -> AsyncGenerator[tuple[Bot, float], None]:
    """The bot, ready, and how long that took."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *os.environ.get("PYTHON_FLAGS", "").split(),
        "-m",
        "bot",
        "run",
        cwd=ROOT,
        env=environment,
    )
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(30):
            while True:
                try:
                    async with http.get(health) as answer:
                        if answer.status == 200:
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
        yield Bot(process.pid), time.monotonic() - started
    finally:
        process.terminate()
        await process.wait()


async def measure_reply(member: Member, tgi: ScriptedTgi, bot: Bot, channel: int) -> Reply:
    cpu, before = bot.cpu_s(), len(tgi.asked)
    await member.post("messages", channel_id=str(channel), content="And then?")
    while True:
        await asyncio.sleep(0.05)
        newest = await member.newest(channel)
        is_whole = len(tgi.asked) > before and tgi.asked[-1].ended
        if is_whole and newest["author"].get("bot") and not newest.get("components"):
            break
    history = await member.get(f"history?message_id={newest['id']}")
    rows = history["revisions"] if isinstance(history, dict) else history
    asked = tgi.asked[-1]
    assert asked.first_token_at is not None
    assert asked.ended_at is not None
    return Reply(
        added_s=rows[0]["at"] - asked.first_token_at,
        added_at_end_s=rows[-1]["at"] - asked.ended_at,
        cpu_s=bot.cpu_s() - cpu,
        requests=len(rows),
    )


async def floor(tgi: ScriptedTgi, tokens: int) -> dict[str, float]:
    """What such a reply costs without a bot around it; see `floor.py`."""
    arguments = [tgi.url, "--tokens", str(tokens), "--tokens-per-s", str(TOKENS_PER_S)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.floor", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    found = json.loads(output)
    return {
        "floor: one wake-up a token, CPU ms": found["wake_ups"],
        "floor: bytes read and dropped, CPU ms": found["bare_read"],
        "the bot's reader alone, CPU ms": found["own_read"],
    }


async def import_ms() -> float:
    """Time to import the program in a fresh interpreter; the middle of some."""
    code = "import time; t = time.perf_counter(); import bot.app; print(time.perf_counter() - t)"
    took: list[float] = []
    for _ in range(IMPORTS):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", code), cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        took.append(float((await process.communicate())[0]))
    return statistics.median(took) * 1000


async def quiet_channels(redis_url: str, member: Member, bot: Bot, count: int) -> float:
    """Megabytes that *count* channels with a live scene add to the bot."""
    before = bot.memory_mb()
    client = connect(redis_url, timeout_s=1.0)
    assert isinstance(client, Redis)
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=30))
    for number in range(count):
        thread = await member.post("threads", channel_id=str(TAVERN_ID), name=f"quiet {number}")
        place = Place(ChannelId(int(thread["id"])), GuildId(GUILD_ID), ChannelId(TAVERN_ID))
        head = SceneHead(place, UserId(MARA_ID), CharacterKey("clover"), "Clover", started_ms=1)
        await store.start(head, None)
    await client.aclose()
    await asyncio.sleep(1)
    return bot.memory_mb() - before


def environment_of(address: Address, tgi: ScriptedTgi, redis_url: str, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "BOT_DISCORD__TOKEN": "local-token",
        "BOT_DISCORD__API_URL": address.api_url,
        "BOT_DISCORD__ASSET_CHANNEL": str(ASSETS_ID),
        "BOT_REDIS__URL": redis_url,
        "BOT_TGI__URLS": tgi.url,
        "BOT_HTTP__PORT": str(port),
        "BOT_TURNS__MERGE_PAUSE_S": "0",
        "BOT_CHARACTERS": str(ROOT / "characters"),
        "BOT_GUILDS__MEMBERS_START": "true",
        "BOT_GUILDS__ASK_PLAYERS": "false",
        "BOT_GUILDS__AI_NOTICE": "false",
        "BOT_LIMITS__MEMBER_USES": "100000",
        "BOT_LIMITS__SERVER_USES": "100000",
        "BOT_LIMITS__UPLOADS": "100000",
    }


async def run(options: argparse.Namespace) -> dict[str, float]:
    reply = stories(options.reply_tokens)
    tgi = ScriptedTgi(reply=reply, first_token_s=0.3, tokens_per_s=TOKENS_PER_S)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            tgi.running(),
            serve(Config(token="local-token", secret="local"), port=0) as address,
            open_embedded(Path(folder)) as redis_url,
            aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                headers={"Origin": address.base_url, "Sec-Fetch-Site": "same-origin"},
            ) as http,
        ):
            await (await http.get(address.page_url)).read()
            member = Member(http, address.base_url)
            port = free_port()
            environment = environment_of(address, tgi, redis_url, port)
            health = f"http://127.0.0.1:{port}/readyz"
            async with started_bot(environment, health) as (_, cold_s):
                pass
            async with started_bot(environment, health) as (bot, warm_s):
                figures = await _measured(options, member, tgi, bot, redis_url)
            return {
                **figures,
                **await floor(tgi, options.reply_tokens),
                "start with empty store, s": cold_s,
                "start again, s": warm_s,
                "import, ms": await import_ms(),
            }


async def _measured(
    options: argparse.Namespace,
    member: Member,
    tgi: ScriptedTgi,
    bot: Bot,
    redis_url: str,
) -> dict[str, float]:
    client = connect(redis_url, timeout_s=1.0)
    assert isinstance(client, Redis)
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=30))
    place = Place(ChannelId(HARBOUR_ID), GuildId(GUILD_ID), ChannelId(HARBOUR_ID))
    head = SceneHead(
        place,
        UserId(MARA_ID),
        CharacterKey("clover"),
        "Clover",
        length=Length("long"),
        started_ms=1,
    )
    await store.start(head, None)
    await client.aclose()
    replies = [await measure_reply(member, tgi, bot, HARBOUR_ID) for _ in range(options.turns + 2)]
    del replies[:2]  # they fill caches
    before = bot.cpu_s()
    await asyncio.sleep(IDLE_S)
    idle_cpu_s = bot.cpu_s() - before
    used_mb, resident_mb = bot.memory_mb(), bot.resident_mb()
    quiet_mb = await quiet_channels(redis_url, member, bot, options.quiet)
    return {
        **_spread("added until first text, ms", [reply.added_s * 1000 for reply in replies]),
        **_spread("added at end of reply, ms", [reply.added_at_end_s * 1000 for reply in replies]),
        **_spread("CPU per reply, ms", [reply.cpu_s * 1000 for reply in replies]),
        "CPU per idle second, ms": idle_cpu_s / IDLE_S * 1000,
        "Discord calls per reply": statistics.mean(reply.requests for reply in replies),
        "memory (PSS), MB": used_mb,
        "memory (RSS), MB": resident_mb,
        f"{options.quiet} quiet channels add, MB": quiet_mb,
    }


def _spread(label: str, values: Sequence[float]) -> dict[str, float]:
    name, unit = label.rsplit(", ", 1)
    ordered = sorted(values)
    return {
        f"{name} p50, {unit}": statistics.median(ordered),
        f"{name} p99, {unit}": ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=40)
    parser.add_argument("--reply-tokens", type=int, default=200)
    parser.add_argument("--quiet", type=int, default=QUIET_CHANNELS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures = asyncio.run(run(options))
    for name, value in figures.items():
        print(f"{name:40} {value:10.2f}")  # noqa: T201
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
