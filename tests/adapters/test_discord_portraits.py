import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, Portraits
from bot.core.characters import Character
from bot.core.errors import StoreUnavailable
from bot.core.portrait_names import portrait_name
from bot.core.scene import ChannelId, CharacterKey
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    Fault,
    ScriptedDiscord,
    refusal,
    scripted_discord,
)

ASSETS = ChannelId(50)
PICTURE = b"\x89PNG picture"
MARA = Character(CharacterKey("mara"), "Mara", "A sailor.", avatar=PICTURE)
FACELESS = Character(CharacterKey("tom"), "Tom", "A cook.")
UPLOAD = "POST /channels/50/messages"
READ = "GET /channels/50/messages"


class Notes:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.away = False

    async def get_note(self, name: str) -> str | None:
        if self.away:
            raise StoreUnavailable("away")
        return self.kept.get(name)

    async def put_note(self, name: str, text: str) -> None:
        self.kept[name] = text


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def discord() -> AsyncIterator[ScriptedDiscord]:
    async with scripted_discord() as discord:
        yield discord


@pytest.fixture
async def rest(discord: ScriptedDiscord) -> AsyncIterator[DiscordRest]:
    async with aiohttp.ClientSession() as session:
        yield DiscordRest(session, api_url=discord.url, token="t", chance=lambda: 0.0)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def clock(discord: ScriptedDiscord) -> Clock:
    return Clock(discord.attachment_ends_at - 86_400)


@pytest.fixture
def portraits(rest: DiscordRest, notes: Notes, clock: Clock) -> Portraits:
    return _portraits(rest, notes, clock)


def _portraits(rest: DiscordRest, notes: Notes, clock: Clock) -> Portraits:
    return Portraits(
        rest, notes, public_url=None, asset_channel=ASSETS, wait_s=0.5, retry_s=60, now=clock
    )


async def test_with_a_public_address_faces_are_served_from_it(
    rest: DiscordRest, notes: Notes, discord: ScriptedDiscord
) -> None:
    portraits = Portraits(rest, notes, public_url="https://bot.example/", asset_channel=ASSETS)

    url = await portraits.url(MARA)

    assert url == f"https://bot.example/portraits/{portrait_name(PICTURE)}"
    assert not discord.requests


async def test_a_members_character_has_its_key_in_the_address_of_its_face(
    rest: DiscordRest, notes: Notes
) -> None:
    portraits = Portraits(rest, notes, public_url="https://bot.example", asset_channel=None)

    url = await portraits.url(replace(MARA, key=CharacterKey("~12")))

    assert url == f"https://bot.example/portraits/~12/{portrait_name(PICTURE)}"


async def test_a_face_is_uploaded_once(portraits: Portraits, discord: ScriptedDiscord) -> None:
    urls = await asyncio.gather(*(portraits.url(MARA) for _ in range(5)))

    assert len(set(urls)) == 1
    assert urls[0] is not None
    assert [each.files for each in discord.requests] == [(PICTURE,)]
    assert discord.requests[0].body["allowed_mentions"] == {"parse": []}


async def test_after_a_restart_the_upload_is_found_again(
    portraits: Portraits, rest: DiscordRest, notes: Notes, clock: Clock, discord: ScriptedDiscord
) -> None:
    first = await portraits.url(MARA)

    again = await _portraits(rest, notes, clock).url(MARA)

    assert again == first
    assert len(discord.calls(UPLOAD)) == len(discord.calls(READ)) == 1


async def test_an_address_is_read_again_before_it_expires(
    portraits: Portraits, clock: Clock, discord: ScriptedDiscord
) -> None:
    await portraits.url(MARA)
    clock.now = discord.attachment_ends_at - 700
    await portraits.url(MARA)
    assert not discord.calls(READ)

    clock.now = discord.attachment_ends_at - 500
    await portraits.url(MARA)

    assert len(discord.calls(READ)) == 1
    assert len(discord.calls(UPLOAD)) == 1


async def test_an_upload_that_somebody_deleted_is_made_again(
    portraits: Portraits, rest: DiscordRest, notes: Notes, clock: Clock, discord: ScriptedDiscord
) -> None:
    await portraits.url(MARA)
    discord.messages.clear()

    url = await _portraits(rest, notes, clock).url(MARA)

    assert url is not None
    assert len(discord.calls(UPLOAD)) == 2


@pytest.mark.parametrize(
    "fault", [BAD_GATEWAY, refusal(403, 50013), Fault(after_s=5, status=200), Fault(status=200)]
)
async def test_a_failure_costs_a_face_for_a_while_and_never_a_reply(
    portraits: Portraits, clock: Clock, discord: ScriptedDiscord, fault: Fault
) -> None:
    discord.script(UPLOAD, fault)

    assert await portraits.url(MARA) is None
    assert await portraits.url(MARA) is None
    assert len(discord.calls(UPLOAD)) == 1

    clock.now += 61
    assert await portraits.url(MARA) is not None


async def test_a_lost_store_costs_no_reply(
    portraits: Portraits, notes: Notes, discord: ScriptedDiscord
) -> None:
    notes.away = True

    assert await portraits.url(MARA) is None

    assert not discord.requests


async def test_without_any_place_for_faces_that_is_said_once(
    rest: DiscordRest, notes: Notes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    portraits = Portraits(rest, notes, public_url=None, asset_channel=None)

    assert await portraits.url(MARA) is None
    assert await portraits.url(MARA) is None

    assert caplog.text.count("BOT_HTTP__PUBLIC_URL") == 1


async def test_a_character_without_a_picture_has_no_address(
    portraits: Portraits, discord: ScriptedDiscord
) -> None:
    assert await portraits.url(FACELESS) is None

    assert not discord.requests
