"""When an answer is read: by what a member would notice, on a real socket."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.adapters.tgi import Deadlines, TgiGenerator, open_tgi, reading
from bot.adapters.tgi.reading import PATIENCE_S
from bot.core.errors import GenerationTimedOut
from bot.core.generation import Delta, FinishReason, GenerationRequest
from tests.fakes.scripted_tgi import Fault, ScriptedTgi, story
from tests.profiles import ZEPHRP

REQUEST = GenerationRequest(
    prompt="### Response:\nMira:", stop=(), max_new_tokens=500, seed=7, sampling=ZEPHRP.sampling
)
DEADLINES = Deadlines(connect_s=1, first_token_s=2, between_tokens_s=1.5, whole_reply_s=10)
SOON_S = 0.3
NAME_TOKENS = 8
EVENT_S = 0.01


@pytest.fixture
async def server() -> AsyncGenerator[ScriptedTgi, None]:
    async with ScriptedTgi(tokens_per_s=1 / EVENT_S).running() as running:
        yield running


@pytest.fixture
async def generator(server: ScriptedTgi) -> AsyncGenerator[TgiGenerator, None]:
    async with open_tgi(urls=[server.url], api_key=None, deadlines=DEADLINES) as opened:
        yield opened


async def arrivals(
    generator: TgiGenerator, server: ScriptedTgi, request: GenerationRequest = REQUEST
) -> list[tuple[Delta, float, int]]:
    """What came, when, and how many tokens the server had sent by then."""
    async with generator.stream(request) as deltas:
        return [(delta, time.monotonic(), server.asked[-1].sent) async for delta in deltas]


async def test_the_first_tokens_are_read_as_they_come(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.reply = lambda _: story(NAME_TOKENS + 6)

    came = await arrivals(generator, server)

    first = enumerate(came[:NAME_TOKENS], start=1)
    waited = [number for number, (_, _, sent) in first if sent > number]
    assert len(waited) <= 1  # a machine may stumble


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each token may wake us")
async def test_later_tokens_are_read_several_at_a_time(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.reply = lambda _: story(100)

    came = await arrivals(generator, server)

    assert "".join(delta.text for delta, _, _ in came) == story(100)
    times = [at for _, at, _ in came]
    wakes = 1 + sum(later - earlier > EVENT_S / 4 for earlier, later in pairwise(times))
    assert wakes < 100 / 2


ENDS = {
    FinishReason.END: REQUEST,
    FinishReason.STOP: replace(REQUEST, stop=(" Mara",)),
    FinishReason.LENGTH: replace(REQUEST, max_new_tokens=11),
}


@pytest.mark.parametrize("tokens", [12, 19, 40, 83])
@pytest.mark.parametrize("reason", ENDS)
async def test_the_end_of_a_reply_is_read_at_once(
    server: ScriptedTgi,
    generator: TgiGenerator,
    monkeypatch: pytest.MonkeyPatch,
    reason: FinishReason,
    tokens: int,
) -> None:
    """However it ends and wherever: the last event by itself is as much as is waited for."""
    monkeypatch.setattr(reading, "PATIENCE_S", 60.0)
    server.reply = lambda _: story(tokens) + (" Mara" if reason is FinishReason.STOP else "")

    came = await arrivals(generator, server, ENDS[reason])

    ended_at = server.asked[-1].ended_at
    assert ended_at is not None
    assert came[-1][1] - ended_at < SOON_S
    finish = came[-1][0].finish
    assert finish is not None
    assert finish.reason is reason


@pytest.mark.parametrize("tokens", [50, 51])  # one of them is in the middle of a read
async def test_a_token_that_nothing_follows_is_read_soon(
    server: ScriptedTgi, generator: TgiGenerator, tokens: int
) -> None:
    server.reply = lambda _: story(60)
    server.fault = Fault("hang", after=tokens)
    started = time.monotonic()

    async with generator.stream(REQUEST) as deltas:
        for _ in range(tokens):
            await anext(deltas)
        took_s = time.monotonic() - started
        with pytest.raises(GenerationTimedOut):
            await anext(deltas)

    assert took_s < tokens * EVENT_S + PATIENCE_S + SOON_S


async def test_a_connection_waits_for_no_more_than_others_when_it_is_used_again(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.tokens_per_s = 1000
    server.reply = lambda _: story(400)
    await arrivals(generator, server)

    async with asyncio.timeout(0.5):
        assert len(await generator.tokenize(" word")) == 2

    assert len(server.connections) == 1
