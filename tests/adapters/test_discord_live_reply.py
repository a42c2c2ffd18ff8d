"""A growing reply on a real socket: what Discord gets to see, and how soon."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.characters import Character
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import ChannelId, GuildId, MessageId, Place, mark_of
from bot.services.live_reply import LiveReply
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
    ScriptedDiscord,
    limited,
    refusal,
)
from tests.services.growing import REPLY, TRIGGER, Notebook, poster_on

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
EXECUTE = "POST /webhooks/"


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@pytest.fixture
async def voice(discord: ScriptedDiscord) -> AsyncIterator[DiscordVoice]:
    async with aiohttp.ClientSession() as session:
        rest = DiscordRest(
            session, api_url=discord.url, token="t", per_second=10_000, chance=lambda: 0.0
        )
        yield DiscordVoice(rest, WebhookDirectory(rest), NoFaces())


def live(voice: DiscordVoice, *, every_s: float = 0.02) -> LiveReply:
    return LiveReply(
        voice,
        poster_on(voice),
        HARBOUR,
        MARA,
        pacer=Pacer(every_s=every_s, at_most_s=2 * every_s, calls=99),
        split=lambda text, limit: [text[at : at + limit] for at in range(0, len(text), limit)],
        outbox=Notebook(),
        mark=lambda part: mark_of(REPLY, part),
        buttons_while_writing=lambda mark: [Button("Stop", f"stop:7:{mark}", danger=True)],
        after=TRIGGER,
        retry_s=0.01,
    )


async def _write(voice: DiscordVoice, final: str) -> tuple[MessageId, ...]:
    async with live(voice) as reply:
        for length in range(1, len(final)):
            reply.show(final[:length])
            await asyncio.sleep(0.002)
        return await reply.finish(final)


async def test_discord_sees_one_post_and_then_ever_longer_edits(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    final = "Ahoy there, sailor! " * 5

    (message,) = await _write(voice, final)

    sent = [len(each.body["content"]) for each in discord.calls("(POST|PATCH) /webhooks/")]
    assert len(discord.calls(EXECUTE)) == 1
    assert sent == sorted(sent)
    assert len(sent) >= 4
    assert discord.messages[message].text == final
    assert discord.messages[message].components == []


@pytest.mark.parametrize("fault", [BAD_GATEWAY, STORE_THEN_502, STORE_THEN_RESET, limited(0.1)])
async def test_faults_under_edits_cost_neither_text_nor_order(
    voice: DiscordVoice, discord: ScriptedDiscord, fault: Fault
) -> None:
    final = "Ahoy there, sailor! " * 5
    discord.script("PATCH", fault, fault)

    (message,) = await _write(voice, final)

    sent = [len(each.body["content"]) for each in discord.calls("PATCH /webhooks/")]
    assert sent == sorted(sent)
    assert discord.messages[message].text == final


@pytest.mark.parametrize("fault", [STORE_THEN_502, STORE_THEN_RESET, BAD_GATEWAY, RESET])
async def test_a_doubtful_first_post_is_neither_lost_nor_doubled(
    voice: DiscordVoice, discord: ScriptedDiscord, fault: Fault
) -> None:
    discord.script(EXECUTE, fault)

    (message,) = await _write(voice, "Ahoy there, sailor!")

    assert [each.id for each in discord.on_screen(7)] == [message]
    assert discord.messages[message].text == "Ahoy there, sailor!"
    assert len(discord.calls(EXECUTE)) == (1 if fault.stores else 2)


async def test_a_webhook_that_was_deleted_between_two_replies_is_replaced(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    await _write(voice, "first")
    discord.webhooks.clear()

    await _write(voice, "second")

    assert [each.text for each in discord.on_screen(7)] == ["first", "second"]


async def test_without_webhooks_the_reply_grows_under_a_bold_name(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    discord.script("GET .*webhooks", refusal(403, 50013))

    (message,) = await _write(voice, "Ahoy there, sailor!")

    assert discord.messages[message].text == "**Mara**\nAhoy there, sailor!"


async def test_idle_text_reaches_discord_within_milliseconds(
    voice: DiscordVoice, discord: ScriptedDiscord
) -> None:
    delays: list[float] = []

    for number in range(101):
        async with live(voice) as reply:
            await asyncio.sleep(0.002)  # the model reads the prompt
            asked = len(discord.calls(EXECUTE))
            shown_at = time.monotonic()
            reply.show(f"Ahoy {number}")
            while not reply.shown:  # a socket sets no event
                await asyncio.sleep(0.001)
            await reply.finish(f"Ahoy {number}!")
            delays.append(discord.calls(EXECUTE)[asked].at - shown_at)

    # The first reply looks for the webhook; that happens once in a channel.
    delays = sorted(delays[1:])
    assert delays[50] <= 0.030
    assert delays[98] <= 0.120
