"""The local Discord's faults, as our own transport and a bare client meet them."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import PostAmbiguous
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, GuildId, Place
from bot.playground.world import GUILD_ID, HARBOUR_ID, TAVERN_ID
from tests.fakes.discord_faults import STORE_THEN_SILENCE, DiscordFaults
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
)
from tests.playground.driver import Playground, Refused, playground

TAVERN = Place(ChannelId(TAVERN_ID), GuildId(GUILD_ID), ChannelId(TAVERN_ID))
HARBOUR = Place(ChannelId(HARBOUR_ID), GuildId(GUILD_ID), ChannelId(HARBOUR_ID))
MIRA = Speaker("Mira")
EXECUTE = "POST /webhooks/"
EDIT = "PATCH /webhooks/"
PLAIN = f"/channels/{TAVERN_ID}/messages"


class NoFaces:
    async def url(self, character: Character) -> str | None:
        _ = character
        return None


@pytest.fixture
def faults() -> DiscordFaults:
    return DiscordFaults(seed=1)


@pytest.fixture
async def world(faults: DiscordFaults) -> AsyncIterator[Playground]:
    async with playground(faults=[faults.strike]) as world:
        yield world


@pytest.fixture
async def rest(world: Playground) -> AsyncIterator[DiscordRest]:
    async with aiohttp.ClientSession() as session:
        yield DiscordRest(
            session,
            api_url=world.address.api_url,
            token=world.token,
            answer_s=0.3,
            whole_s=2.0,
            chance=lambda: 0.0,
        )


@pytest.fixture
def voice(rest: DiscordRest) -> DiscordVoice:
    return DiscordVoice(rest, WebhookDirectory(rest), NoFaces())


async def screen(world: Playground, channel: str = "tavern") -> list[str]:
    return [message.content for message in await world.mara.messages(channel)]


def times(faults: DiscordFaults, start: str) -> int:
    return sum(call.startswith(start) for call in faults.asked)


@pytest.mark.parametrize("fault", [STORE_THEN_502, STORE_THEN_RESET, STORE_THEN_SILENCE])
async def test_a_post_that_was_stored_and_then_lost_is_doubtful_and_single(
    world: Playground, faults: DiscordFaults, voice: DiscordVoice, fault: Fault
) -> None:
    faults.script(EXECUTE, fault)

    with pytest.raises(PostAmbiguous):
        await voice.say(TAVERN, MIRA, "Ahoy!")

    assert await screen(world) == ["Ahoy!"]
    assert times(faults, EXECUTE) == 1


@pytest.mark.parametrize("fault", [BAD_GATEWAY, RESET])
async def test_a_post_that_was_lost_unstored_is_doubtful_too(
    world: Playground, faults: DiscordFaults, voice: DiscordVoice, fault: Fault
) -> None:
    faults.script(EXECUTE, fault)

    with pytest.raises(PostAmbiguous):
        await voice.say(TAVERN, MIRA, "Ahoy!")

    assert await screen(world) == []


@pytest.mark.parametrize("fault", [STORE_THEN_502, STORE_THEN_RESET, BAD_GATEWAY, RESET])
async def test_an_edit_that_was_lost_is_made_again(
    world: Playground, faults: DiscordFaults, voice: DiscordVoice, fault: Fault
) -> None:
    message = await voice.say(TAVERN, MIRA, "Ahoy")
    faults.script(EDIT, fault)

    await voice.edit(TAVERN, message, MIRA, "Ahoy!")

    assert await screen(world) == ["Ahoy!"]
    assert times(faults, EDIT) == 2


async def test_a_refusal_stays_a_refusal_for_who_meets_no_fault(
    world: Playground, faults: DiscordFaults
) -> None:
    faults.script(f"POST {PLAIN}", STORE_THEN_502)

    statuses = []
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await world.rest("POST", PLAIN, json={"content": "x" * 3000})
        statuses.append(refused.value.status)

    assert statuses == [502, 400]
    assert await screen(world) == []


async def strewn(seed: int) -> tuple[list[int], list[str]]:
    """What a hundred posts of a bare client came to, and what is on the screen."""
    faults = DiscordFaults(seed=seed)
    faults.strew("POST", STORE_THEN_502, 0.1)
    faults.strew("POST", STORE_THEN_RESET, 0.05)
    statuses = []
    async with playground(faults=[faults.strike]) as world:
        for number in range(100):
            try:
                await world.rest("POST", PLAIN, json={"content": str(number)})
                statuses.append(200)
            except Refused as refused:
                statuses.append(refused.status)
            except aiohttp.ClientError:
                statuses.append(0)
        found = await world.rest("GET", f"{PLAIN}?limit=100")
        assert len(faults.struck) == 100 - statuses.count(200)
    return statuses, [message["content"] for message in found]


async def test_faults_by_chance_come_again_with_the_same_seed() -> None:
    statuses, stored = await strewn(seed=5)

    assert 3 <= statuses.count(502) <= 25
    assert 1 <= statuses.count(0) <= 15
    assert sorted(map(int, stored)) == list(range(100))
    assert await strewn(seed=5) == (statuses, stored)


async def test_every_call_takes_as_long_as_it_is_told(
    world: Playground, faults: DiscordFaults
) -> None:
    faults.latency_s = 0.1
    began = time.monotonic()

    await world.rest("GET", "/users/@me")

    assert time.monotonic() - began >= 0.1


async def test_after_the_calm_nothing_fails(world: Playground, faults: DiscordFaults) -> None:
    faults.storm("", 60)
    with pytest.raises(Refused):
        await world.rest("GET", "/users/@me")

    faults.calm()

    assert await world.rest("GET", "/users/@me")
