"""Row D5: posts of which nobody can tell whether they were stored. None is lost or doubled."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordVoice, WebhookDirectory
from bot.core.errors import PostAmbiguous
from bot.core.scene import MessageId, Place, mark_of, player_turn_id, reply_turn_id
from bot.services.posting import Poster
from tests.fakes.discord_faults import STORE_THEN_SILENCE
from tests.fakes.scripted_discord import (
    BAD_GATEWAY,
    RESET,
    STORE_THEN_502,
    STORE_THEN_RESET,
    Fault,
    scripted_discord,
)
from tests.faults.discord_desk import (
    EXECUTE,
    MIRA,
    PLAIN,
    TAVERN,
    Desk,
    NoFaces,
    button,
    discord_desk,
)
from tests.services.growing import poster_on

SILENCE = Fault(after_s=3600)
LETTERS = Place(TAVERN.channel, None, None)  # as in a direct message: no webhook
DOUBTFUL = [
    STORE_THEN_502,
    STORE_THEN_RESET,
    STORE_THEN_SILENCE,
    BAD_GATEWAY,
    RESET,
    SILENCE,
]
NAMES = ["store-502", "store-reset", "store-silence", "502", "reset", "silence"]
MARK = mark_of(reply_turn_id(player_turn_id(MessageId(1_000))), 0)


class Faulty(Protocol):
    def script(self, call: str, *faults: Fault) -> None: ...


@dataclass
class Side:
    """A Discord, a poster on it, and what stands in the channel."""

    faults: Faulty
    poster: Poster
    screen: Callable[[], Awaitable[list[tuple[int, str]]]]

    async def post(self, text: str, place: Place = TAVERN) -> MessageId:
        after = MessageId(1_000)
        return await self.poster.post(place, MIRA, text, [button(MARK)], mark=MARK, after=after)


@pytest.fixture(params=["scripted", "local"])
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    if request.param == "local":
        async with discord_desk() as desk:

            async def shown() -> list[tuple[int, str]]:
                messages = await desk.world.mara.messages("tavern")
                return [(int(each.id), each.content) for each in messages]

            yield Side(desk.faults, desk.poster, shown)
        return
    async with scripted_discord() as discord, aiohttp.ClientSession() as session:
        rest = DiscordRest(session, api_url=discord.url, token="t", answer_s=0.3, whole_s=2.0)

        async def on_screen() -> list[tuple[int, str]]:
            return [(each.id, each.text) for each in discord.on_screen(TAVERN.channel)]

        poster = poster_on(DiscordVoice(rest, WebhookDirectory(rest), NoFaces()))
        yield Side(discord, poster, on_screen)


@pytest.mark.parametrize("fault", DOUBTFUL, ids=NAMES)
async def test_d5_a_doubtful_post_is_there_once(side: Side, fault: Fault) -> None:
    side.faults.script(EXECUTE, fault)

    message = await side.post("Ahoy!")

    assert await side.screen() == [(message, "Ahoy!")]


@pytest.mark.parametrize("fault", DOUBTFUL, ids=NAMES)
async def test_d5_a_doubtful_second_try_is_there_once(side: Side, fault: Fault) -> None:
    side.faults.script(EXECUTE, BAD_GATEWAY, fault)

    if fault.stores:
        message = await side.post("Ahoy!")
        assert await side.screen() == [(message, "Ahoy!")]
    else:
        with pytest.raises(PostAmbiguous):
            await side.post("Ahoy!")
        assert await side.screen() == []


@pytest.mark.parametrize("fault", DOUBTFUL, ids=NAMES)
async def test_d5_a_doubtful_post_of_the_bot_itself_is_there_once(side: Side, fault: Fault) -> None:
    side.faults.script(f"POST {PLAIN}", fault)

    message = await side.post("Ahoy!", LETTERS)

    assert await side.screen() == [(message, "**Mira**\nAhoy!")]


@pytest.mark.parametrize("fault", [BAD_GATEWAY, RESET, SILENCE], ids=["502", "reset", "silence"])
async def test_d5_looking_may_fail_too(side: Side, fault: Fault) -> None:
    side.faults.script(EXECUTE, STORE_THEN_502)
    side.faults.script(f"GET {PLAIN}", fault)

    message = await side.post("Ahoy!")

    assert await side.screen() == [(message, "Ahoy!")]


async def everything(desk: Desk) -> list[tuple[int, str]]:
    """All messages of the tavern, oldest first."""
    found: list[tuple[int, str]] = []
    before = ""
    while page := await desk.world.rest("GET", f"{PLAIN}?limit=100{before}"):
        found.extend((int(each["id"]), each["content"]) for each in page)
        before = f"&before={page[-1]['id']}"
    return sorted(found)


async def test_d5_of_300_posts_none_is_lost_and_none_doubled() -> None:
    async with discord_desk(seed=5) as desk:
        desk.faults.strew(EXECUTE, STORE_THEN_502, 0.05)
        desk.faults.strew(EXECUTE, STORE_THEN_RESET, 0.02)
        desk.faults.strew(EXECUTE, BAD_GATEWAY, 0.02)

        posted = [(await desk.post(str(number), number), str(number)) for number in range(300)]

        assert await everything(desk) == posted
        assert len(desk.faults.struck) >= 15
        assert desk.metrics.foreign_posts == 0
