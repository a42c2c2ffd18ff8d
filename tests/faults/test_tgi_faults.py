"""Rows L1 to L9: what the generator does when the model server or the way to it fails.

Each test names its row. Servers that fall silent while others are there stand
in `test_tgi_failover.py`. Every kind of refusal and bad event stands in
`test_tgi_generator.py`, any cutting of the bytes in `test_tgi_sse.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.tgi import TgiGenerator, open_tgi
from bot.core.errors import (
    GenerationError,
    GenerationOverloaded,
    GenerationRejected,
    GenerationTimedOut,
    GenerationUnauthorized,
    GenerationUnreachable,
)
from tests.fakes.fault_proxy import BLACK_HOLE, UNWELCOME, FaultProxy, Rules, Script, Then, Way
from tests.fakes.scripted_tgi import Fault, ScriptedTgi, tokens_of
from tests.faults.tgi_hearing import FAST, PATIENT, REPLY, REQUEST, Heard, generator_on, hear


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


async def test_l1_a_server_that_is_down_at_the_start_is_used_as_soon_as_it_is_there(
    proxy: FaultProxy, generator: TgiGenerator
) -> None:
    async with proxy.refusing():
        down = await hear(generator)
        with pytest.raises(GenerationUnreachable):
            await generator.limits()

    assert isinstance(down.error, GenerationUnreachable)
    assert (await hear(generator)).text == REPLY


@pytest.mark.parametrize("way", ["refusing", "resetting"])
async def test_l2_a_server_that_does_not_let_us_in_costs_less_than_a_second(way: str) -> None:
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as there,
        FaultProxy(there.url.removeprefix("http://")) as good,
        FaultProxy("127.0.0.1:9") as bad,
        generator_on(good, bad) as generator,
    ):
        bad.rules = Rules(UNWELCOME)
        if way == "refusing":
            async with bad.refusing():
                heard = [await hear(generator, replace(REQUEST, affinity=str(n))) for n in range(8)]
        else:
            heard = [await hear(generator, replace(REQUEST, affinity=str(n))) for n in range(8)]

        assert {each.text for each in heard} == {REPLY}
        assert max(each.seconds for each in heard) < 2
        assert len(there.asked) == 8


async def test_l3_silence_before_the_first_byte_ends_at_its_deadline(
    proxy: FaultProxy, generator: TgiGenerator
) -> None:
    await generator.limits()
    proxy.rules = Rules(BLACK_HOLE, opened=Script(to_client=Way(0, Then.SWALLOW)))

    heard = await hear(generator)

    assert isinstance(heard.error, GenerationTimedOut)
    assert heard.seconds < FAST.first_token_s + 0.5
    proxy.rules = Rules()
    proxy.cut_all()
    assert (await hear(generator)).text == REPLY


@pytest.mark.parametrize("after", [400, 1500, 5000])
async def test_l3_silence_in_the_middle_keeps_the_text_and_ends_at_its_deadline(
    proxy: FaultProxy, generator: TgiGenerator, after: int
) -> None:
    await generator.limits()
    proxy.rules = Rules(opened=Script(to_client=Way(after, Then.SWALLOW)))

    heard = await hear(generator)

    assert isinstance(heard.error, GenerationTimedOut)
    assert heard.text
    assert heard.text != REPLY
    assert REPLY.startswith(heard.text)
    assert heard.seconds < FAST.first_token_s + FAST.between_tokens_s + 0.5


async def test_l4_slow_tokens_are_heard_one_by_one_until_the_deadline_of_the_whole(
    server: ScriptedTgi, proxy: FaultProxy
) -> None:
    server.tokens_per_s = 12
    deadlines = replace(FAST, whole_reply_s=0.6)

    async with generator_on(proxy, deadlines=deadlines) as generator:
        heard = await hear(generator)

    assert isinstance(heard.error, GenerationTimedOut)
    assert 3 <= len(tokens_of(heard.text)) <= 8
    assert REPLY.startswith(heard.text)
    assert heard.seconds < 1


async def test_l4_a_slow_way_delays_a_reply_once_and_not_each_token(
    proxy: FaultProxy, generator: TgiGenerator
) -> None:
    await generator.limits()
    slow = Way(delay_s=0.15)
    proxy.rules = Rules(Script(to_server=slow, to_client=slow))

    heard = await hear(generator)

    assert heard.text == REPLY
    assert 0.3 <= heard.seconds < 1


async def test_l5_a_reply_cut_after_any_of_its_tokens_is_heard_up_to_there(
    server: ScriptedTgi, proxy: FaultProxy
) -> None:
    heard = {}
    # Nothing here is about time, and a busy machine is not to be taken for silence.
    patient = replace(PATIENT, between_tokens_s=5)
    async with generator_on(proxy, deadlines=patient) as generator:
        for tokens in range(1, 65):
            server.fault = Fault("cut", after=tokens, times=1)
            heard[tokens] = await hear(generator)

    assert {type(each.error) for each in heard.values()} == {GenerationUnreachable}
    for tokens, each in heard.items():
        assert each.text == "".join(tokens_of(REPLY)[:tokens])
    assert len(server.asked) == 64


async def test_l5_a_reply_cut_before_its_first_token_is_asked_for_again_unnoticed(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.fault = Fault("cut", after=0, times=1)

    heard = await hear(generator)

    assert (heard.text, heard.error) == (REPLY, None)
    assert len(server.asked) == 2


async def _hear_broken(
    proxy: FaultProxy, generator: TgiGenerator, then: Then, *, places: int
) -> list[Heard]:
    """What is heard of the reply when its bytes are good only up to each of some *places*."""
    await generator.limits()
    before = proxy.counts.to_client_bytes
    await hear(generator)
    answer_bytes = proxy.counts.to_client_bytes - before
    heard = []
    for place in range(0, answer_bytes, answer_bytes // places):
        await generator.limits()
        await generator.tokenize("a connection is open now")
        proxy.rules = Rules(opened=Script(to_client=Way(place, then)))
        heard.append(await hear(generator))
        proxy.rules = Rules()
    return heard


@pytest.mark.parametrize("then", [Then.CUT, Then.RESET], ids=lambda then: then.name)
async def test_l5_wherever_the_connection_breaks_only_true_text_is_heard(
    server: ScriptedTgi, proxy: FaultProxy, then: Then
) -> None:
    server.tokens_per_s = 2000
    patient = replace(PATIENT, between_tokens_s=5)

    async with generator_on(proxy, deadlines=patient) as generator:
        heard = await _hear_broken(proxy, generator, then, places=16)

    broken = [each for each in heard if each.error is not None]
    assert len(broken) >= 3
    assert {type(each.error) for each in broken} == {GenerationUnreachable}
    assert all(each.text and REPLY.startswith(each.text) for each in broken)
    assert {each.text for each in heard if each.error is None} == {REPLY}


async def test_l7_wherever_garbage_begins_only_true_text_is_heard_and_nobody_waits_long(
    server: ScriptedTgi, proxy: FaultProxy
) -> None:
    server.tokens_per_s = 2000
    deadlines = replace(FAST, first_token_s=0.4, between_tokens_s=0.1)

    async with generator_on(proxy, deadlines=deadlines) as generator:
        heard = await _hear_broken(proxy, generator, Then.GARBLE, places=5)

    assert all(REPLY.startswith(each.text) for each in heard)
    assert all(each.text == REPLY for each in heard if each.error is None)
    errors = [each.error for each in heard if each.error is not None]
    assert errors
    assert {type(error) for error in errors} <= {GenerationUnreachable, GenerationTimedOut}
    assert max(each.seconds for each in heard) < 2


async def test_l6_a_server_that_is_full_is_asked_three_times_and_another_one_instead() -> None:
    async with (
        ScriptedTgi(reply=lambda _: REPLY).running() as full,
        ScriptedTgi(reply=lambda _: REPLY).running() as free,
        FaultProxy(full.url.removeprefix("http://")) as one,
        FaultProxy(free.url.removeprefix("http://")) as two,
    ):
        full.fault = Fault("overloaded")
        async with generator_on(one, deadlines=PATIENT) as generator:
            alone = await hear(generator)
        tried = len(full.asked)
        async with generator_on(one, two, deadlines=PATIENT) as generator:
            asking = (hear(generator, replace(REQUEST, affinity=str(n))) for n in range(6))
            both = await asyncio.gather(*asking)

        assert isinstance(alone.error, GenerationOverloaded)
        assert tried == 3
        assert {each.text for each in both} == {REPLY}


STATUSES = {
    401: (GenerationUnauthorized, 1),
    413: (GenerationRejected, 1),
    422: (GenerationRejected, 1),
    424: (GenerationUnreachable, 3),
    429: (GenerationOverloaded, 3),
    500: (GenerationUnreachable, 3),
    503: (GenerationUnreachable, 3),
}
"""What a status means, and how often a server that has it is asked."""


async def test_l6_a_status_says_whether_to_ask_again() -> None:
    async def met(status: int) -> tuple[type[GenerationError | None], int]:
        async with ScriptedTgi().running() as server:
            server.fault = Fault("status", status=status, body="<html>no</html>")
            async with open_tgi(urls=[server.url], api_key=None, deadlines=PATIENT) as generator:
                heard = await hear(generator)
            return type(heard.error), len(server.asked)

    found = await asyncio.gather(*(met(status) for status in STATUSES))

    assert dict(zip(STATUSES, found, strict=True)) == STATUSES


@pytest.mark.parametrize("piece_bytes", [1, 5])
async def test_l7_an_answer_in_crumbs_is_the_same_text(
    proxy: FaultProxy, generator: TgiGenerator, server: ScriptedTgi, piece_bytes: int
) -> None:
    server.reply = lambda _: " Über 🧙 und die See."
    await generator.limits()
    crumbs = Script(to_client=Way(piece_bytes=piece_bytes))
    proxy.rules = Rules(crumbs)

    heard = await hear(generator)

    assert (heard.error, heard.text) == (None, " Über 🧙 und die See.")


async def test_l8_an_endless_reply_ends_with_the_tokens_it_may_have(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.fault = Fault("endless")

    heard = await hear(generator, replace(REQUEST, max_new_tokens=150))

    assert heard.error is None
    assert len(tokens_of(heard.text)) == 150


async def test_l9_a_server_that_comes_back_smaller_is_asked_what_it_takes(
    server: ScriptedTgi, proxy: FaultProxy, generator: TgiGenerator
) -> None:
    before = await generator.limits()
    async with proxy.refusing():
        await hear(generator)
        server.max_total_tokens = 1024

    after = await generator.limits()

    assert (before.max_total_tokens, after.max_total_tokens) == (4096, 1024)
