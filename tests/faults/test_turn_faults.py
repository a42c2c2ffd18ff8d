"""Rows of the model server as a member sees them: what stands in the channel in the end."""

from collections.abc import AsyncIterator, Callable

import pytest

from bot.core.scene import ChannelId, GuildId, Place
from tests.fakes.scripted_tgi import Fault, story
from tests.services.stage import Stage, open_stage

REPLY = story(70)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with open_stage() as stage:
        stage.tgi.reply = going_on(REPLY)
        yield stage


def going_on(whole: str) -> Callable[[str], str]:
    """Write what is missing of *whole*, as a model does that is handed the beginning."""

    def rest(prompt: str) -> str:
        written = prompt.rpartition("Mira:")[2]
        assert whole.startswith(written)
        return whole[len(written) :]

    return rest


async def outcome(stage: Stage, number: int) -> tuple[list[str], str]:
    """Let a line be answered in a channel of its own; returns screen and memory."""
    place = Place(ChannelId(5_000 + number), GuildId(1), ChannelId(5_000 + number))
    await stage.begin(place)
    await stage.say("Tell me of the sea.", place=place)
    await stage.quiet(place)
    return stage.screen(place), (await stage.last_turn(place)).text


@pytest.mark.parametrize(("kind", "step"), [("cut", 1), ("reset", 16)])
async def test_l5_a_reply_cut_after_any_of_its_tokens_is_whole_in_one_message(
    stage: Stage, kind: str, step: int
) -> None:
    wrong = {}
    for tokens in range(0, 65, step):
        stage.tgi.fault = Fault(kind, after=tokens, times=1)
        screen, memory = await outcome(stage, tokens)
        if (screen, memory) != ([REPLY.strip()], REPLY.strip()):
            wrong[tokens] = screen, memory

    assert wrong == {}
    assert stage.metrics.outcomes == ["replied"] * len(range(0, 65, step))


async def test_l5_a_reply_cut_again_and_again_is_whole_in_one_message(stage: Stage) -> None:
    stage.tgi.fault = Fault("cut", after=9, times=5)

    assert await outcome(stage, 0) == ([REPLY.strip()], REPLY.strip())
    assert len(stage.tgi.asked) == 6


@pytest.mark.parametrize("kind", ["hang", "keep alive only", "garbage", "no end"])
async def test_l3_l7_a_reply_that_stops_coming_goes_on_in_its_message(
    stage: Stage, kind: str
) -> None:
    stage.tgi.fault = Fault(kind, after=9, times=1)

    assert await outcome(stage, 0) == ([REPLY.strip()], REPLY.strip())


async def test_l6_an_overloaded_server_is_waited_for(stage: Stage) -> None:
    stage.tgi.fault = Fault("overloaded", times=4)

    assert await outcome(stage, 0) == ([REPLY.strip()], REPLY.strip())


async def test_l8_a_reply_without_end_stops_at_its_length(stage: Stage) -> None:
    stage.tgi.reply = lambda _: " The lamp turns. The sea answers."
    stage.tgi.fault = Fault("endless")

    [shown], memory = await outcome(stage, 0)

    assert shown == memory
    assert shown.endswith((".", "…"))
    assert len(stage.tgi.asked) == 1


@pytest.mark.parametrize("nothing", ["", "   ", "\n\n"])
async def test_l8_nothing_twice_is_told_and_not_remembered(stage: Stage, nothing: str) -> None:
    stage.tgi.reply = lambda _: nothing

    screen, memory = await outcome(stage, 0)

    assert len(screen) == 1
    assert "nothing to say" in screen[0]
    assert memory == "Tell me of the sea."
    seeds = [asked.parameters["seed"] for asked in stage.tgi.asked]
    assert len(seeds) == len(set(seeds)) == 2
