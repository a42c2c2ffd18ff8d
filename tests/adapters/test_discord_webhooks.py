import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, NotTaken, Refused, WebhookDirectory
from bot.core.scene import ChannelId
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    STORE_THEN_502,
    ScriptedDiscord,
    refusal,
    scripted_discord,
)

HARBOUR = ChannelId(7)
CREATE = "POST /channels/.*/webhooks"


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


@pytest.fixture
async def rest(discord: ScriptedDiscord) -> AsyncIterator[DiscordRest]:
    async with aiohttp.ClientSession() as session:
        yield DiscordRest(session, api_url=discord.url, token="t", chance=lambda: 0.0)


async def test_our_own_webhook_is_found_among_others(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.add_webhook(HARBOUR, application=99)
    discord.add_webhook(HARBOUR, application=None)
    ours = discord.add_webhook(HARBOUR)

    webhook = await WebhookDirectory(rest).find(HARBOUR)

    assert webhook is not None
    assert webhook.id == ours
    assert not discord.calls(CREATE)


async def test_where_we_have_none_one_is_made(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    webhook = await WebhookDirectory(rest).find(HARBOUR)

    assert webhook is not None
    assert webhook.id in discord.webhooks


async def test_everybody_who_asks_at_once_shares_one_search(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.latency_s = 0.02
    directory = WebhookDirectory(rest)

    found = await asyncio.gather(*(directory.find(HARBOUR) for _ in range(10)))

    assert len(set(found)) == 1
    assert len(discord.calls("GET .*webhooks")) == len(discord.calls(CREATE)) == 1


async def test_a_cancelled_search_does_not_stop_the_others(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.latency_s = 0.05
    directory = WebhookDirectory(rest)
    first = asyncio.create_task(directory.find(HARBOUR))
    second = asyncio.create_task(directory.find(HARBOUR))
    async with asyncio.timeout(2):
        while not discord.requests:  # a socket sets no event
            await asyncio.sleep(0.001)

    first.cancel()

    assert await second is not None
    assert directory._searches == {}


async def test_what_was_found_is_remembered(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    directory = WebhookDirectory(rest)
    await directory.find(HARBOUR)
    asked = len(discord.requests)

    await directory.find(HARBOUR)

    assert len(discord.requests) == asked


async def test_only_so_many_channels_are_remembered(rest: DiscordRest) -> None:
    directory = WebhookDirectory(rest, keep=2)

    for number in range(5):
        await directory.find(ChannelId(number))

    assert list(directory._known) == [3, 4]


@pytest.mark.parametrize(
    ("call", "status", "code"),
    [("GET .*webhooks", 403, 50013), ("GET .*webhooks", 403, 50001), (CREATE, 400, 30007)],
)
async def test_where_we_may_have_none_is_remembered_for_some_minutes(
    rest: DiscordRest, discord: ScriptedDiscord, call: str, status: int, code: int
) -> None:
    now = 0.0
    directory = WebhookDirectory(rest, none_for_s=300, clock=lambda: now)
    discord.script(call, refusal(status, code))

    assert await directory.find(HARBOUR) is None
    asked = len(discord.requests)
    assert await directory.find(HARBOUR) is None
    assert len(discord.requests) == asked

    now = 301.0
    assert await directory.find(HARBOUR) is not None


async def test_a_channel_that_is_gone_is_refused(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    discord.script("GET .*webhooks", refusal(404, 10003))

    with pytest.raises(Refused):
        await WebhookDirectory(rest).find(HARBOUR)


async def test_a_doubtful_creation_posts_nothing_and_is_found_next_time(
    rest: DiscordRest, discord: ScriptedDiscord
) -> None:
    directory = WebhookDirectory(rest)
    discord.script(CREATE, STORE_THEN_502)

    with pytest.raises(NotTaken):
        await directory.find(HARBOUR)
    webhook = await directory.find(HARBOUR)

    assert webhook is not None
    assert list(discord.webhooks) == [webhook.id]


async def test_a_failing_look_up_is_repeated(rest: DiscordRest, discord: ScriptedDiscord) -> None:
    discord.script("GET .*webhooks", BAD_GATEWAY)

    assert await WebhookDirectory(rest).find(HARBOUR) is not None
