"""What every `Threads` keeps to, so that tests against the scripted one mean something."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
import pytest

from bot.adapters.discord_rest import DiscordRest, DiscordThreads
from bot.core.errors import NotAllowedHere, PostAmbiguous
from bot.core.ports import ThreadHome, ThreadKind, Threads
from bot.core.scene import ChannelId, GuildId, MessageId, UserId
from tests.fakes.scripted_discord import RESET, STORE_THEN_502, refusal, scripted_discord
from tests.fakes.scripted_threads import ScriptedThreads
from tests.fakes.scripted_voice import ScriptedVoice

TAVERN = ThreadHome(ChannelId(7), GuildId(1))
STORIES = ThreadHome(ChannelId(8), GuildId(1), ThreadKind.FORUM)
BEGINNING = MessageId(1)


@dataclass
class Stage:
    """Threads, how their next start goes wrong, and what members see: names and texts."""

    threads: Threads
    loses_answer: Callable[[], None]
    is_cut_off: Callable[[], None]
    is_refused: Callable[[], None]
    names: Callable[[ThreadHome], list[str]]
    texts: Callable[[ChannelId], list[str]]


def scripted() -> Stage:
    voice = ScriptedVoice()
    threads = ScriptedThreads(voice)

    def loses_answer() -> None:
        threads.stores_first = True
        threads.outcomes.append(PostAmbiguous("502"))

    return Stage(
        threads,
        loses_answer,
        lambda: threads.outcomes.append(PostAmbiguous("reset")),
        lambda: threads.outcomes.append(NotAllowedHere("50013")),
        lambda home: [each.name for each in threads.started.values() if each.home == home],
        lambda thread: [shown.text for shown in voice.on_screen(thread)],
    )


@pytest.fixture(params=["scripted", "discord"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "scripted":
        yield scripted()
        return
    async with scripted_discord() as discord, aiohttp.ClientSession() as session:
        rest = DiscordRest(session, api_url=discord.url, token="t")
        yield Stage(
            DiscordThreads(rest, look_after_s=0),
            lambda: discord.script("POST /channels/./threads", STORE_THEN_502),
            lambda: discord.script("POST /channels/./threads", RESET),
            lambda: discord.script("POST /channels/./threads", refusal(403, 50013)),
            lambda home: [
                each["name"]
                for each in discord.threads.values()
                if each["parent_id"] == str(home.channel)
            ],
            lambda thread: [shown.text for shown in discord.on_screen(thread)],
        )


@pytest.mark.parametrize("home", [TAVERN, STORIES])
async def test_a_thread_begins_with_its_opening(stage: Stage, home: ThreadHome) -> None:
    thread = await stage.threads.open(home, "The lamp", "Hello.", after=BEGINNING)
    await stage.threads.invite(thread, UserId(5))

    assert stage.names(home) == ["The lamp"]
    assert stage.texts(thread) == ["Hello."]


@pytest.mark.parametrize("home", [TAVERN, STORIES])
async def test_a_thread_whose_answer_is_lost_is_found_and_not_started_again(
    stage: Stage, home: ThreadHome
) -> None:
    stage.loses_answer()

    thread = await stage.threads.open(home, "The lamp", "Hello.", after=BEGINNING)

    assert stage.names(home) == ["The lamp"]
    assert stage.texts(thread) == ["Hello."]


async def test_a_thread_that_is_found_nowhere_is_not_started_again(stage: Stage) -> None:
    stage.is_cut_off()

    with pytest.raises(PostAmbiguous):
        await stage.threads.open(TAVERN, "The lamp", "Hello.", after=BEGINNING)

    assert stage.names(TAVERN) == []


async def test_where_no_thread_may_be_started_that_is_said(stage: Stage) -> None:
    stage.is_refused()

    with pytest.raises(NotAllowedHere):
        await stage.threads.open(TAVERN, "The lamp", "Hello.", after=BEGINNING)

    assert stage.names(TAVERN) == []
