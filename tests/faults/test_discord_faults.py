"""The local Discord's faults, as our own transport and a bare client meet them."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, NotTaken, WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import PostAmbiguous, PostRefused
from bot.core.ports import Speaker
from bot.core.scene import ChannelId, GuildId, Place
from bot.playground.world import GUILD_ID, HARBOUR_ID, TAVERN_ID
from tests.fakes.discord_faults import CLOUDFLARE_1015, STORE_THEN_SILENCE, DiscordFaults
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
    limited,
    refusal,
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


@pytest.mark.parametrize("scope", ["user", "shared"])
async def test_a_limit_of_one_route_costs_one_call_and_holds_up_no_other_channel(
    world: Playground, faults: DiscordFaults, rest: DiscordRest, voice: DiscordVoice, scope: str
) -> None:
    await voice.say(TAVERN, MIRA, "one")
    await voice.say(HARBOUR, MIRA, "two")
    [hook] = await world.rest("GET", f"/channels/{TAVERN_ID}/webhooks")
    faults.asked.clear()
    faults.storm(f"POST /webhooks/{hook['id']}", 0.3, scope=scope)
    began = time.monotonic()

    late = asyncio.create_task(voice.say(TAVERN, MIRA, "late"))
    await voice.say(HARBOUR, MIRA, "in time")
    waits = not late.done()
    await late

    assert waits
    assert time.monotonic() - began >= 0.3
    assert times(faults, EXECUTE) == 3
    assert rest._limits.invalid_lately == (scope == "user")


async def test_under_a_global_limit_nothing_leaves(
    world: Playground, faults: DiscordFaults, rest: DiscordRest, voice: DiscordVoice
) -> None:
    await voice.typing(TAVERN)
    faults.script("POST", limited(0.3, scope="global"))
    began = time.monotonic()

    await asyncio.gather(voice.typing(TAVERN), voice.typing(HARBOUR), voice.notice(TAVERN, "x"))

    assert time.monotonic() - began >= 0.3
    assert len(faults.asked) <= 1 + 3 + 1
    assert await screen(world) == ["x"]
    assert rest._limits.invalid_lately == 1


async def test_shut_out_by_cloudflare_nothing_more_is_sent(
    faults: DiscordFaults, voice: DiscordVoice
) -> None:
    await voice.say(TAVERN, MIRA, "one")
    faults.asked.clear()
    faults.script("POST", CLOUDFLARE_1015)

    for _ in range(5):
        with pytest.raises(NotTaken):
            await voice.say(TAVERN, MIRA, "two")
        with pytest.raises(NotTaken):
            await voice.notice(HARBOUR, "three")

    assert len(faults.asked) == 1


async def test_a_limit_for_ten_minutes_is_not_waited_for(
    faults: DiscordFaults, voice: DiscordVoice
) -> None:
    message = await voice.say(TAVERN, MIRA, "one")
    faults.script(EDIT, limited(600))
    began = time.monotonic()

    for _ in range(3):
        with pytest.raises(NotTaken):
            await voice.edit(TAVERN, message, MIRA, "two")

    assert times(faults, EDIT) == 1
    assert time.monotonic() - began < 0.5


async def test_every_call_takes_as_long_as_it_is_told(
    world: Playground, faults: DiscordFaults
) -> None:
    faults.latency_s = 0.1
    began = time.monotonic()

    await world.rest("GET", "/users/@me")

    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("way", ["deleted", "10015", "50027"])
async def test_a_webhook_that_is_gone_is_replaced_once(
    world: Playground, faults: DiscordFaults, voice: DiscordVoice, way: str
) -> None:
    await voice.say(TAVERN, MIRA, "one")
    match way:
        case "deleted":
            await world.delete_webhooks(TAVERN_ID)
        case "10015":
            await world.delete_webhooks(TAVERN_ID)
            faults.script(EXECUTE, refusal(404, 10015))
        case "50027":
            await world.delete_webhooks(TAVERN_ID)
            faults.script(EXECUTE, refusal(401, 50027))
    faults.asked.clear()

    await voice.say(TAVERN, MIRA, "two")

    assert await screen(world) == ["one", "two"]
    assert times(faults, EXECUTE) == 2
    assert times(faults, "POST /channels/") == 1


async def test_a_message_of_a_webhook_that_is_gone_cannot_be_edited_and_is_asked_for_once(
    world: Playground, faults: DiscordFaults, voice: DiscordVoice
) -> None:
    message = await voice.say(TAVERN, MIRA, "one")
    await world.delete_webhooks(TAVERN_ID)

    with pytest.raises(PostRefused):
        await voice.edit(TAVERN, message, MIRA, "two")

    assert times(faults, EDIT) == 1
    assert await screen(world) == ["one"]


async def test_after_the_calm_nothing_fails(world: Playground, faults: DiscordFaults) -> None:
    faults.storm("", 60)
    with pytest.raises(Refused):
        await world.rest("GET", "/users/@me")

    faults.calm()

    assert await world.rest("GET", "/users/@me")
