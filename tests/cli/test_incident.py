"""S43: `incident`, from the command line, while a bot plays on the local Discord."""

import json
import re
from collections.abc import AsyncGenerator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.__main__ import command_line
from bot.playground.rights import Right
from bot.playground.world import BOT_ID, GUILD_ID, HARBOUR_ID, TAVERN_ID
from tests import canaries
from tests.cli.running import NOWHERE, Ended, run
from tests.wire.playing import Played, playing
from tests.wire.running import ROOT

NEEDED = ("BOT_DISCORD__TOKEN", "BOT_DISCORD__API_URL")
HOOKS = "/channels/{}/webhooks"


@pytest.fixture
async def leak(redis: Redis, redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    """Clover has spoken in the tavern; strangers' webhooks stand beside the bot's."""
    assert redis is not None
    async with playing(redis_url, tmp_path) as played:
        await played.reply(after=await played.say("Clover, are you there?"), by="Clover")
        # What somebody with the token has made is the application's, too.
        await played.world.rest("POST", HOOKS.format(HARBOUR_ID), json={"name": "Mine now"})
        for channel in (TAVERN_ID, HARBOUR_ID):
            await played.world.foreign_webhook(channel)
        for hook in await played.world.webhooks():
            canaries.note_secret(hook["token"])
        yield played


async def incident(played: Played, *arguments: str, **settings: str) -> Ended:
    """The command, as a host runs it beside the bot; nothing secret is in what it says."""
    given = {name: played.bot.settings[name] for name in NEEDED} | settings
    ended = await run(played.bot.folder, "incident", *arguments, typed=b"", **given)
    assert canaries.caught(ended.printed.decode() + ended.complaint) == []
    return ended


async def kept(played: Played) -> dict[str, list[str]]:
    """The webhooks there are: `ours` and others'."""
    found: dict[str, list[str]] = {"ours": [], "others": []}
    for hook in await played.world.webhooks():
        found["ours" if hook["application_id"] == str(BOT_ID) else "others"].append(hook["id"])
    return found


async def test_a_dry_run_finds_all_and_removes_nothing(leak: Played) -> None:
    before = await kept(leak)

    for arguments in ([], ["--dry-run"]):
        ended = await incident(leak, *arguments, "--since", "2026-01-31T18:30")

        assert (ended.code, ended.complaint) == (0, "")
        told = ended.printed.decode()
        assert told.startswith("token    logs in as ")
        assert f"({GUILD_ID}, owner " in told
        assert "webhooks 2\n" in told
        assert all(f"found    webhook {each} in channel" in told for each in before["ours"])
        assert not any(each in told for each in before["others"])
        assert "Nothing was removed" in told
        assert "from 2026-01-31 18:30 UTC until" in told
        assert "To Discord" in told
    assert [len(found) for found in before.values()] == [2, 2]
    assert await kept(leak) == before


async def test_acting_removes_ours_alone_and_the_character_speaks_again(leak: Played) -> None:
    before = await kept(leak)

    ended = await incident(leak, "--remove-webhooks")

    assert (ended.code, ended.complaint) == (0, "")
    told = ended.printed.decode()
    assert all(f"removed  webhook {each} in channel" in told for each in before["ours"])
    assert "have been removed: 2 webhooks in 2 channels" in told
    assert await kept(leak) == {**before, "ours": []}
    # The bot ran on meanwhile: it asks once for what is gone, and makes one anew.
    reply = await leak.reply(after=await leak.say("And now, Clover?"), by="Clover")
    assert reply.is_webhook
    [new] = (await kept(leak))["ours"]
    assert new not in before["ours"]


async def test_as_json_it_tells_the_same(leak: Played) -> None:
    before = await kept(leak)

    dry = await as_json(leak, 0)
    acted = await as_json(leak, 0, "--remove-webhooks", "--since", "2026-01-31")
    again = await as_json(leak, 0, "--remove-webhooks")

    assert (dry["token"], dry["dry_run"], dry["removed"], dry["since"]) == (
        "accepted",
        True,
        0,
        None,
    )
    [server] = dry["servers"]
    assert server["id"] == str(GUILD_ID)
    assert server["members"] > 1
    assert [hook["id"] for hook in server["webhooks"]] == before["ours"]
    assert {hook["state"] for hook in server["webhooks"]} == {"found"}
    assert (acted["dry_run"], acted["removed"]) == (False, 2)
    assert "2026-01-31 00:00 UTC" in acted["servers"][0]["letter"]
    assert {hook["state"] for hook in acted["servers"][0]["webhooks"]} == {"removed"}
    assert again["removed"] == 0
    assert again["settled"]


async def as_json(played: Played, code: int, *arguments: str) -> dict[str, Any]:
    ended = await incident(played, "--json", *arguments)
    assert (ended.code, ended.complaint) == (code, "")
    told: dict[str, Any] = json.loads(ended.printed)
    return told


async def test_where_it_may_not_look_it_says_so_and_ends_with_1(leak: Played) -> None:
    before = await kept(leak)
    await leak.world.set_roles(BOT_ID)
    allow = Right.MANAGE_WEBHOOKS | Right.VIEW_CHANNEL
    await leak.world.overwrite(HARBOUR_ID, BOT_ID, allow=allow)

    told = await as_json(leak, 1, "--remove-webhooks")

    [server] = told["servers"]
    assert "Manage Webhooks" in server["unseen"]
    assert [hook["channel"] for hook in server["webhooks"]] == [str(HARBOUR_ID)]
    assert "by hand" in server["letter"]
    assert len((await kept(leak))["ours"]) == len(before["ours"]) - 1


async def test_what_it_cannot_work_with_is_one_sentence_and_a_code(leak: Played) -> None:
    cases = [
        ([], {"BOT_DISCORD__TOKEN": "wrong"}, 78, "does not accept the configured token"),
        ([], {"BOT_DISCORD__TOKEN": ""}, 78, "No Discord token is set"),
        ([], {"BOT_DISCORD__API_URL": NOWHERE}, 69, "Discord cannot be asked"),
        (["--since", "yesterday"], {}, 2, "no time such as"),
        (["--since", "0001-01-01T00:00+14:00"], {}, 2, "no time such as"),
        (["--dry-run", "--remove-webhooks"], {}, 2, "not allowed with"),
    ]
    for arguments, settings, code, words in cases:
        ended = await incident(leak, *arguments, **settings)
        assert (ended.code, ended.printed) == (code, b"")
        assert words in ended.complaint
        assert "Traceback" not in ended.complaint
    dead = await incident(leak, "--json", BOT_DISCORD__TOKEN="wrong")
    assert (dead.code, json.loads(dead.printed)) == (78, {"token": "refused"})


def test_the_runbook_has_the_command_word_for_word() -> None:
    """A line that somebody copies in a hurry has to be one that is understood."""
    page = (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")
    lines = re.findall(r"bot incident( [^>`\n]*)", page)

    chosen = [command_line().parse_args(["incident", *line.split()]) for line in lines]

    assert [each.remove_webhooks for each in chosen].count(True) == 1
    assert [each.dry_run for each in chosen].count(True) == 2
    assert all(each.since is None or each.since.tzinfo is UTC for each in chosen)
