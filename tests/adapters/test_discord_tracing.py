"""The moment at which a post has left for Discord, on a real socket."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory, post_sent
from bot.core.characters import Character
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, GuildId, Place
from tests.fakes.scripted_discord import ScriptedDiscord, scripted_discord

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
EXECUTE = "POST /webhooks/"


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


async def test_it_is_told_once_per_post_of_a_webhook_and_of_nothing_else(
    discord: ScriptedDiscord,
) -> None:
    sent: list[int] = []
    trace = post_sent(lambda: sent.append(len(discord.calls(EXECUTE))))
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        rest = DiscordRest(session, api_url=discord.url, token="t")
        voice = DiscordVoice(rest, WebhookDirectory(rest), NoFaces())

        message = await voice.say(HARBOUR, MARA, "Ahoy")
        await voice.edit(HARBOUR, message, MARA, "Ahoy!")
        await voice.notice(HARBOUR, "Hello.")
        await voice.typing(HARBOUR)
        await voice.delete(HARBOUR, message)
        await voice.say(HARBOUR, MARA, "Ahoy again!")

    assert len(sent) == 2


async def test_a_process_that_ends_then_has_posted(discord: ScriptedDiscord) -> None:
    """All of the post is on its way when it is told, and no answer is here."""
    discord.latency_s = 3600
    arrived = asyncio.Event()

    class Killed(BaseException):
        """As good as `kill -9` for what this process still would do."""

    async def post(session: aiohttp.ClientSession) -> None:
        rest = DiscordRest(session, api_url=discord.url, token="t")
        directory = WebhookDirectory(rest)
        hook = discord.add_webhook(7)
        discord.latency_s = 0
        await directory.find(HARBOUR.channel)
        discord.latency_s = 3600
        assert hook in discord.webhooks
        await DiscordVoice(rest, directory, NoFaces()).say(HARBOUR, MARA, "Ahoy")

    trace = post_sent(arrived.set)
    async with aiohttp.ClientSession(trace_configs=[trace]) as session:
        posting = asyncio.create_task(post(session))
        async with asyncio.timeout(3):
            await arrived.wait()
        posting.cancel()
        await asyncio.wait([posting])

    async with asyncio.timeout(3):
        while not discord.calls(EXECUTE):
            await asyncio.sleep(0.001)
    assert discord.calls(EXECUTE)[0].body["content"] == "Ahoy"
