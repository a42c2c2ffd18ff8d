"""What a thread asks of Discord: its kind, its name, and which one is ours."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordThreads
from bot.core.errors import PostAmbiguous
from bot.core.ports import ThreadHome, ThreadKind
from bot.core.scene import ChannelId, GuildId, MessageId, UserId
from tests.fakes.scripted_discord import (
    BOT_USER,
    RESET,
    STORE_THEN_RESET,
    ScriptedDiscord,
    refusal,
    scripted_discord,
)

TAVERN = ThreadHome(ChannelId(7), GuildId(1))


@dataclass
class Stage:
    discord: ScriptedDiscord
    threads: DiscordThreads


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with scripted_discord() as discord, aiohttp.ClientSession() as session:
        rest = DiscordRest(session, api_url=discord.url, token="t")
        yield Stage(discord, DiscordThreads(rest, look_after_s=0))


@pytest.mark.parametrize(
    ("kind", "number"), [(ThreadKind.TEXT, 11), (ThreadKind.NEWS, 10), (ThreadKind.FORUM, None)]
)
async def test_a_thread_is_of_the_kind_that_its_channel_takes(
    stage: Stage, kind: ThreadKind, number: int | None
) -> None:
    home = ThreadHome(ChannelId(7), GuildId(1), kind)
    await stage.threads.open(home, "  The\nlamp " + "x" * 200, "Hello.", after=MessageId(1))

    [asked] = stage.discord.calls("POST /channels/7/threads")
    assert asked.body.get("type") == number
    assert asked.body["name"] == ("The lamp " + "x" * 200)[:100]
    [said] = stage.discord.calls("messages") or [asked]
    assert (said.body.get("message") or said.body)["allowed_mentions"] == {"parse": []}


async def test_only_a_new_thread_of_ours_by_that_name_is_taken_for_the_lost_one(
    stage: Stage,
) -> None:
    shape = {"parent_id": "7", "owner_id": str(BOT_USER), "name": "The lamp"}
    others = ({"id": "5"}, {"owner_id": "9"}, {"parent_id": "8"}, {"name": "The tower"})
    for number, other in enumerate(others, start=200_000):
        stage.discord.threads[number] = {"id": str(number), **shape, **other}
    stage.discord.script("POST /channels/7/threads", RESET)

    with pytest.raises(PostAmbiguous):
        await stage.threads.open(TAVERN, "The lamp", "Hello.", after=MessageId(10))

    assert len(stage.discord.calls("POST")) == 1


async def test_a_list_that_cannot_be_read_is_asked_for_again(stage: Stage) -> None:
    stage.discord.script("POST /channels/7/threads", STORE_THEN_RESET)
    stage.discord.script("GET /guilds/1/threads/active", refusal(403, 50001))

    thread = await stage.threads.open(TAVERN, "The lamp", "Hello.", after=MessageId(10))

    assert [shown.text for shown in stage.discord.on_screen(thread)] == ["Hello."]


async def test_who_is_invited_is_put_on_the_list_of_members(stage: Stage) -> None:
    await stage.threads.invite(ChannelId(7), UserId(5))

    assert [each.call for each in stage.discord.requests] == ["PUT /channels/7/thread-members/5"]
