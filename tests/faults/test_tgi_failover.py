"""Row L3, and the end of L5: how long silence lasts, with one server and with several."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.tgi import TgiGenerator, open_tgi
from bot.core.errors import GenerationError, GenerationTimedOut
from tests.fakes.fault_proxy import BLACK_HOLE, FaultProxy, Rules, Script, Then, Way
from tests.fakes.scripted_tgi import Fault, ScriptedTgi
from tests.faults.tgi_hearing import FAST, REPLY, REQUEST, Heard, generator_on, hear


@pytest.fixture
async def server() -> AsyncIterator[ScriptedTgi]:
    async with ScriptedTgi(reply=lambda _: REPLY).running() as server:
        yield server


@pytest.fixture
async def proxy(server: ScriptedTgi) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(server.url.removeprefix("http://")) as proxy:
        yield proxy


@pytest.fixture
async def generator(proxy: FaultProxy) -> AsyncIterator[TgiGenerator]:
    async with generator_on(proxy) as generator:
        yield generator


def _replies_of(heard: list[Heard]) -> set[tuple[str, GenerationError | None]]:
    return {(each.text, each.error) for each in heard}


@pytest.mark.parametrize("after", [0, 200])
async def test_l3_a_silent_server_is_passed_over_within_the_time_for_the_first_token(
    after: int,
) -> None:
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as there,
        FaultProxy(there.url.removeprefix("http://")) as good,
        FaultProxy(there.url.removeprefix("http://")) as bad,
        generator_on(good, bad) as generator,
    ):
        silent = Script(to_client=Way(after, Then.SWALLOW)) if after else BLACK_HOLE
        bad.rules = Rules(silent)

        heard = [await hear(generator, replace(REQUEST, affinity=str(n))) for n in range(12)]

        assert bad.counts.accepted > 0
        assert _replies_of(heard) == {(REPLY, None)}
        assert max(each.seconds for each in heard) < FAST.first_token_s + 0.2
        late = [each for each in heard if each.seconds > FAST.first_token_s / 3]
        assert len(late) == 1


async def test_l3_a_server_that_fell_silent_in_the_middle_is_asked_last_from_then_on() -> None:
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as one,
        ScriptedTgi(reply=lambda _: REPLY).running() as two,
        open_tgi(urls=[one.url, two.url], api_key=None, deadlines=FAST) as generator,
    ):
        one.fault = two.fault = Fault("hang", after=5)
        broken = await hear(generator)
        one.fault = two.fault = None
        home, other = (one, two) if one.asked else (two, one)

        heard = [await hear(generator) for _ in range(3)]

        assert isinstance(broken.error, GenerationTimedOut)
        assert _replies_of(heard) == {(REPLY, None)}
        assert (len(home.asked), len(other.asked)) == (1, 3)


async def test_l3_the_only_server_has_the_whole_time_for_its_first_token(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.first_token_s = FAST.first_token_s * 0.8

    heard = await hear(generator)

    assert (heard.text, heard.error) == (REPLY, None)
    assert len(server.asked) == 1


async def test_l3_the_last_server_that_is_left_has_the_time_that_is_left() -> None:
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as slow,
        FaultProxy(slow.url.removeprefix("http://")) as good,
        FaultProxy(slow.url.removeprefix("http://")) as bad,
        generator_on(good, bad) as generator,
    ):
        bad.rules = Rules(BLACK_HOLE)
        for number in range(12):
            await hear(generator, replace(REQUEST, affinity=str(number)))
        assert bad.counts.accepted > 0
        slow.first_token_s = FAST.first_token_s * 0.8

        heard = await hear(generator)

        assert (heard.text, heard.error) == (REPLY, None)


async def test_l3_a_black_hole_before_the_first_question_ends_at_the_same_deadline(
    proxy: FaultProxy, generator: TgiGenerator
) -> None:
    proxy.rules = Rules(BLACK_HOLE)

    heard = await hear(generator)

    assert isinstance(heard.error, GenerationTimedOut)
    assert heard.seconds < FAST.first_token_s + 0.3


async def test_l5_a_reply_whose_end_is_lost_after_its_last_word_is_heard_at_once() -> None:
    chunk_end = b"0\r\n\r\n"
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as server,
        FaultProxy(server.url.removeprefix("http://")) as proxy,
        generator_on(proxy) as generator,
    ):
        await generator.limits()
        before = proxy.counts.to_client_bytes
        assert (await hear(generator)).text == REPLY
        whole = proxy.counts.to_client_bytes - before
        proxy.rules = Rules(opened=Script(to_client=Way(whole - len(chunk_end), Then.SWALLOW)))

        began = asyncio.get_running_loop().time()
        async with generator.stream(REQUEST) as deltas:
            finishes = [
                asyncio.get_running_loop().time() - began
                async for delta in deltas
                if delta.finish is not None
            ]
        ended_s = asyncio.get_running_loop().time() - began

        assert proxy.counts.swallowed_bytes == len(chunk_end)
        assert len(finishes) == 1
        assert finishes[0] < 0.3
        assert ended_s < 0.5
