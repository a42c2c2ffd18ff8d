"""The voice as the bot itself: notices, typing, reactions."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordVoice
from bot.core.scene import MessageId
from tests.adapters.voices import AGAIN, HARBOUR, MARA, PIER, voice_of
from tests.fakes.scripted_discord import ScriptedDiscord, scripted_discord


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


@pytest.fixture
async def voice(discord: ScriptedDiscord) -> AsyncIterator[DiscordVoice]:
    async with aiohttp.ClientSession() as session:
        yield voice_of(discord, session)


async def test_a_notice_comes_from_the_bot_itself(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    message = await voice.notice(HARBOUR, "The model is away.", [AGAIN])

    stored = discord.messages[message]
    assert (stored.webhook, stored.text, stored.labels) == (None, "The model is away.", ["Again"])


async def test_six_buttons_stand_in_two_rows(voice: DiscordVoice, discord: ScriptedDiscord) -> None:
    message = await voice.notice(HARBOUR, "Choose.", [AGAIN] * 6)

    assert [len(row["components"]) for row in discord.messages[message].components] == [5, 1]


async def test_typing_and_reactions_go_to_the_channel_itself(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    await voice.typing(PIER)
    await voice.react(PIER, MessageId(5), "⏳")

    assert [each.call for each in discord.requests] == [
        "POST /channels/71/typing",
        "PUT /channels/71/messages/5/reactions/⏳/@me",
    ]


async def test_only_so_many_posts_are_remembered(
    voice: DiscordVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.discord_rest.voice.REMEMBERED_POSTS", 2)

    for _ in range(4):
        await voice.say(HARBOUR, MARA, "Ahoy!")

    assert len(voice._posted) == 2
