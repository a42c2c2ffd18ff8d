"""`/help`, and what a server is told that the bot comes to."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.core.help import MENUS, TOPICS, covers
from bot.playground.rights import Right
from bot.playground.world import BOT_ID, BOT_ROLE_ID, GUILD_ID, HARBOUR_ID, TAVERN_ID
from tests.playground.driver import Member, Shown, eventually
from tests.wire.running import Running, running

COMING: frozenset[str] = frozenset()
"""Rows for commands that need not be there yet."""
MOST_CHARACTERS = 2_000
HELLO = "Hello! I play characters"


@pytest.fixture
async def fresh(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Running, None]:
    async with running(clean_redis_url, tmp_path, BOT_GUILDS__MEMBERS_START="false") as everything:
        yield everything


async def ask(who: Member, **options: str) -> str:
    answer = await who.answer(await who.slash("help", named=options))
    assert answer.is_ephemeral
    return answer.content


def names(commands: list[dict[str, Any]]) -> set[str]:
    """The whole name of each command that can be used."""
    found = set()
    for command in commands:
        inner = [each for each in command.get("options") or () if each["type"] in (1, 2)]
        found |= {f"{command['name']} {each}" for each in names(inner)} or {command["name"]}
    return found


async def test_every_command_has_a_topic_and_every_topic_fits_a_message(fresh: Running) -> None:
    ann = fresh.world.ann
    known = names((await ann.state())["commands"])
    rows = [pattern for topic in TOPICS for pattern, _ in topic.commands]

    assert [name for name in known if not any(covers(row, name) for row in rows)] == []
    dead = {row for row in rows if not any(covers(row, name) for name in known)}
    assert dead <= COMING
    assert set(MENUS) <= known
    for topic in TOPICS:
        assert 0 < len(await ask(ann, topic=topic.name)) <= MOST_CHARACTERS
    assert len(await ask(ann)) <= MOST_CHARACTERS


async def test_it_knows_what_whoever_asks_may_do(fresh: Running) -> None:
    mara, ann = fresh.world.mara, fresh.world.ann

    assert "`/help settings`" in await ask(ann)
    assert "`/help settings`" not in await ask(mara)
    assert "`/settings channels allow`: " in await ask(ann, topic="settings")
    assert "Not for you here: `/roleplay start`" in await ask(mara, topic="start")
    assert "I know no such topic" in await ask(mara, topic="weather")
    assert ("lengths: How long replies are", "lengths") in await mara.autocomplete(
        "help", "topic", "long"
    )


async def come(stage: Running) -> None:
    """Remove the bot from the server, and invite it again, as far as it hears of it."""
    world = stage.world
    at = f"/guilds/{GUILD_ID}"
    told = {
        "channels": await world.rest("GET", f"{at}/channels"),
        "members": [await world.rest("GET", f"{at}/members/{BOT_ID}")],
        **{name: [] for name in ("threads", "voice_states", "presences", "stage_instances")},
        "guild_scheduled_events": [],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "large": False,
        "member_count": 4,
    }
    await world.tell("GUILD_DELETE", id=str(GUILD_ID))
    data = {**await world.rest("GET", at), **told}
    await world.act("/page/controls/event", {"name": "GUILD_CREATE", "data": data})


async def hellos(stage: Running, channel: int = TAVERN_ID) -> list[Shown]:
    return [each for each in await stage.world.ann.messages(channel) if HELLO in each.content]


async def test_a_server_is_told_once_what_came_and_its_buttons_do_what_they_say(
    fresh: Running,
) -> None:
    mara, ann = fresh.world.mara, fresh.world.ann
    await come(fresh)
    hello = await ann.wait_for_message(lambda m: HELLO in m.content)
    assert hello.labels == ["Check", "Start a first scene"]
    await come(fresh)
    await fresh.bot.kill()
    await fresh.bot.start()
    await fresh.bot.wait_ready()
    await come(fresh)

    checked = await ann.answer(await ann.click(hello, "Check"))
    assert checked.content.startswith("I am well here:")
    refused = await mara.answer(await mara.click(hello, "Check"))
    assert "Only who may manage the server" in refused.content
    refused = await mara.answer(await mara.click(hello, "Start a first scene"))
    assert "Nobody has allowed scenes" in refused.content
    asked = await ann.answer(await ann.click(hello, "Start a first scene"))
    begun = await ann.answer(await ann.choose(asked, "clover"))

    assert "is on" in begun.content
    assert len(await hellos(fresh)) == 1


async def test_it_is_told_where_the_bot_may_write_and_else_nowhere(fresh: Running) -> None:
    await fresh.world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=Right.SEND_MESSAGES)
    await come(fresh)
    await eventually(lambda: hellos(fresh, HARBOUR_ID))

    assert await hellos(fresh) == []


async def test_where_it_may_write_nowhere_it_is_silent_and_goes_on(fresh: Running) -> None:
    for channel in (await fresh.world.ann.state())["channels"]:
        await fresh.world.overwrite(int(channel["id"]), BOT_ROLE_ID, deny=Right.VIEW_CHANNEL)
    await come(fresh)
    await asyncio.sleep(0.5)

    assert "View Channel" in await doctor(fresh)


async def doctor(stage: Running) -> str:
    ann = stage.world.ann
    return (await ann.answer(await ann.slash("doctor"))).content
