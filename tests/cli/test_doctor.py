"""`doctor`, from the command line, on the local Discord, a real Redis and a scripted model."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.core.scene import GuildId
from bot.playground.rights import Right
from bot.playground.world import ASSETS_ID, BOT_ID, BOT_ROLE_ID, GUILD_ID
from tests.cli.running import NOWHERE
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Playground, playground
from tests.sealing import HOST_KEY, sealed_on
from tests.wire.nursery import nursery
from tests.wire.running import ROOT, settings_for, surroundings

COMMAND = {"name": "roleplay", "description": "Play", "type": 1}


@dataclass
class Clinic:
    """All that a host has set up."""

    folder: Path
    world: Playground
    tgi: ScriptedTgi
    settings: dict[str, str]

    async def findings(self, code: int, **settings: str) -> list[dict[str, str]]:
        """What is found, after the exit code was as expected."""
        ended, printed = await self.run("--json", **settings)
        told: dict[str, Any] = json.loads(printed)
        assert (ended, told["fine"]) == (code, code == 0), told
        found: list[dict[str, str]] = told["findings"]
        return found

    async def run(self, *arguments: str, **settings: str) -> tuple[int, str]:
        """Its exit code, and all it printed."""
        given = {"BOT_DATA": str(self.folder / "data"), **self.settings, **settings}
        env = surroundings(PYTHONPATH=str(ROOT), **given)
        log = self.folder / "doctor.log"
        process = await nursery().fork(["doctor", *arguments], cwd=self.folder, env=env, log=log)
        async with asyncio.timeout(30):
            return await process.wait(), log.read_text()

    async def one(self, **settings: str) -> dict[str, str]:
        """The only thing that has to be done."""
        [finding] = [
            each for each in await self.findings(1, **settings) if each["state"] == "broken"
        ]
        return finding


@asynccontextmanager
async def clinic(redis_url: str, folder: Path, **world: Any) -> AsyncGenerator[Clinic, None]:
    async with playground(**world) as local, ScriptedTgi().running() as tgi:
        await local.rest("POST", f"/applications/{BOT_ID}/commands", json=COMMAND)
        yield Clinic(folder, local, tgi, settings_for(local, redis_url=redis_url, tgi_url=tgi.url))


@pytest.fixture
async def ward(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncGenerator[Clinic, None]:
    assert redis is not None
    async with clinic(redis_url, tmp_path) as everything:
        yield everything


async def test_where_all_is_well_a_line_each_says_so(ward: Clinic) -> None:
    code, printed = await ward.run()

    lines = printed.splitlines()
    assert code == 0, lines
    parts = {line.split()[1] for line in lines}
    assert parts == {
        *("settings", "discord", "permissions", "commands"),
        *("redis", "model", "clock"),
    }
    assert {line.split()[0] for line in lines} == {"fine"}
    assert ward.world.token not in printed


async def test_what_is_wrong_is_named_with_what_to_do(ward: Clinic) -> None:
    cases = [
        ({"BOT_DISCORD__TOKEN": "wrong"}, "discord", "Reset Token"),
        ({"BOT_DISCORD__TOKEN": ""}, "discord", "BOT_DISCORD__TOKEN"),
        ({"BOT_DISCORD__API_URL": NOWHERE}, "discord", "network"),
        ({"BOT_REDIS__URL": "redis://127.0.0.1:9"}, "redis", "Start it"),
        ({"BOT_TGI__URLS": NOWHERE}, "model", "Start it"),
        ({"BOT_TURNS__WAITING": "many"}, "settings", "BOT_TURNS__WAITING"),
        ({"BOT_TURNS__WAITNG": "5"}, "settings", "BOT_TURNS__WAITING"),
        ({"BOT_PROMPT__PROFILE": "nobody"}, "settings", "nobody"),
    ]
    for settings, part, words in cases:
        finding = await ward.one(**settings)
        assert finding["part"] == part, finding
        assert words in finding["what"] + finding["do"], finding
        assert finding["do"]


async def test_what_redis_and_the_model_are_set_up_for_is_looked_at(
    ward: Clinic, redis: Redis
) -> None:
    ward.tgi.max_total_tokens = 2048
    await redis.config_set("maxmemory-policy", "allkeys-lru")
    try:
        findings = await ward.findings(1)
    finally:
        await redis.config_set("maxmemory-policy", "noeviction")

    told = "\n".join(each["do"] for each in findings)
    assert "CONFIG SET maxmemory-policy noeviction" in told
    assert "--max-total-tokens 4096" in told


async def test_a_redis_that_the_bot_could_not_use_is_named_as_the_start_would_name_it(
    ward: Clinic, redis_url: str
) -> None:
    for url, words in (
        (redis_url.replace("unix://", "unix://nobody:wrong@"), "does not accept the user name"),
        (f"{redis_url}?db=99", "cannot be reached"),
    ):
        finding = await ward.one(BOT_REDIS__URL=url, BOT_REDIS__GIVE_UP_S="0.5")

        assert finding["part"] == "redis", finding
        assert words in finding["what"]
        assert "wrong" not in finding["what"] + finding["do"]


async def test_a_key_that_is_missing_is_named(ward: Clinic, redis: Redis) -> None:
    await sealed_on(redis).in_guild(GuildId(GUILD_ID), anew=True)
    other = base64.b64encode(HOST_KEY[::-1]).decode()

    for keys in ("", other):
        finding = await ward.one(BOT_REDIS__ENCRYPTION_KEYS=keys)

        assert finding["part"] == "redis", finding
        assert "BOT_REDIS__ENCRYPTION_KEYS" in finding["what"]
    right = base64.b64encode(HOST_KEY).decode()
    await ward.findings(0, BOT_REDIS__ENCRYPTION_KEYS=right)


async def test_a_model_server_that_wants_another_key_is_named(ward: Clinic) -> None:
    ward.tgi.api_key = "another"

    finding = await ward.one(BOT_TGI__API_KEY="wrong")

    assert (finding["part"], finding["do"]) == ("model", "Put it into BOT_TGI__API_KEY.")


async def test_a_redis_that_takes_nothing_new_is_broken_though_it_can_be_read(
    ward: Clinic, redis: Redis, redis_url: str
) -> None:
    may = ("~*", "+@read", "+@connection", "+info", "+time")
    await redis.execute_command("ACL", "SETUSER", "reader", "on", ">x", *may)  # type: ignore[no-untyped-call]
    reader = redis_url.replace("unix://", "unix://reader:x@")
    finding = await ward.one(BOT_REDIS__URL=reader)
    await redis.config_set("maxmemory", "1mb")
    try:
        full = await ward.one()
    finally:
        await redis.config_set("maxmemory", "0")

    assert "does not allow its user" in finding["what"]
    assert "is full" in full["what"]
    assert finding["part"] == full["part"] == "redis"
    assert "remembered" in finding["do"]


async def test_an_intent_that_is_off_and_a_right_that_is_lacking_are_named(
    redis: Redis, redis_url: str, tmp_path: Path
) -> None:
    assert redis is not None
    async with clinic(redis_url, tmp_path, message_content=False) as ward:
        await ward.world.set_roles(BOT_ID)
        findings = await ward.findings(1)

    broken = {each["part"]: each["do"] for each in findings if each["state"] == "broken"}
    assert set(broken) == {"discord", "permissions", "settings"}
    assert "Message Content Intent" in broken["discord"]
    assert "“Manage Webhooks”" in broken["permissions"]
    assert "“View Channel”" in broken["settings"]


async def test_without_a_channel_for_portraits_it_advises_one_and_ends_well(ward: Clinic) -> None:
    assert ward.settings["BOT_DISCORD__ASSET_CHANNEL"] == str(ASSETS_ID)
    findings = await ward.findings(0, BOT_DISCORD__ASSET_CHANNEL="")

    [advice] = [each for each in findings if each["state"] == "advice"]
    assert "BOT_DISCORD__ASSET_CHANNEL" in advice["do"]


async def test_a_channel_of_the_settings_that_cannot_be_used_is_named(ward: Clinic) -> None:
    unseen = await ward.one(BOT_DISCORD__REPORT_CHANNEL="1234567890123456789")
    rights = {"allow": Right.VIEW_CHANNEL, "deny": Right.ATTACH_FILES}
    await ward.world.overwrite(ASSETS_ID, BOT_ROLE_ID, **rights)
    useless = await ward.one(BOT_DISCORD__REPORT_CHANNEL=str(ASSETS_ID))

    assert (
        unseen["what"] == "BOT_DISCORD__REPORT_CHANNEL names a channel that the bot does not see."
    )
    assert "“Attach Files”" in useless["what"]
    assert "BOT_DISCORD__ASSET_CHANNEL" in useless["what"]
