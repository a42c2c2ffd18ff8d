import asyncio
import time
import warnings
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest
from text_generation.client import AsyncClient
from text_generation.errors import OverloadedError

from bot.adapters.tgi import Deadlines, TgiGenerator, open_tgi
from bot.core.errors import (
    GenerationError,
    GenerationOverloaded,
    GenerationRejected,
    GenerationTimedOut,
    GenerationUnreachable,
)
from bot.core.generation import Delta, FinishReason, GenerationRequest, Sampling
from tests.fakes.scripted_tgi import Fault, ScriptedTgi, story
from tests.profiles import ZEPHRP

REQUEST = GenerationRequest(
    prompt="### Response:\nMira:", stop=(), max_new_tokens=50, seed=7, sampling=ZEPHRP.sampling
)
FAST = Deadlines(connect_s=1, first_token_s=0.6, between_tokens_s=0.3, whole_reply_s=5)
PATIENT = Deadlines(connect_s=20, first_token_s=20, between_tokens_s=20, whole_reply_s=20)


@pytest.fixture
async def server() -> AsyncGenerator[ScriptedTgi, None]:
    async with ScriptedTgi().running() as running:
        yield running


@pytest.fixture
async def generator(server: ScriptedTgi) -> AsyncGenerator[TgiGenerator, None]:
    async with open_tgi(urls=[server.url], api_key=None, deadlines=FAST) as opened:
        yield opened


async def collect(generator: TgiGenerator, request: GenerationRequest = REQUEST) -> list[Delta]:
    async with generator.stream(request) as deltas:
        return [delta async for delta in deltas]


async def test_the_text_is_what_the_tokens_say(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.reply = lambda _: " Aye, the sea is 🧙 calm."

    deltas = await collect(generator)

    assert "".join(delta.text for delta in deltas) == " Aye, the sea is 🧙 calm."
    finish = deltas[-1].finish
    assert finish is not None
    assert finish.reason is FinishReason.END
    assert finish.prompt_tokens is not None
    assert all(delta.finish is None for delta in deltas[:-1])


async def test_special_tokens_are_no_text(server: ScriptedTgi, generator: TgiGenerator) -> None:
    server.reply = lambda _: ""

    assert await collect(generator) == [replace(d, text="") for d in await collect(generator)]


async def test_stops_are_cut_to_what_the_server_takes_and_stay_in_the_text(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.reply = lambda _: " Yes.\nTom: No."
    stops = ("\n###", "\nTom:", "\nAnn:", "\nBob:", "\nEve:")

    deltas = await collect(generator, replace(REQUEST, stop=stops))

    assert server.asked[-1].parameters["stop"] == list(stops[:4])
    assert "".join(delta.text for delta in deltas) == " Yes.\nTom:"
    assert deltas[-1].finish is not None
    assert deltas[-1].finish.reason is FinishReason.STOP


async def test_values_that_the_server_refuses_are_left_out(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    await collect(
        generator, replace(REQUEST, sampling=Sampling(temperature=0.7, top_p=1, typical_p=None))
    )

    sent = server.asked[-1].parameters
    assert sent["do_sample"] is True
    assert sent["details"] is True
    assert not {"top_p", "typical_p", "top_k"} & set(sent)


@pytest.mark.parametrize("size", [1, 3, 7])
async def test_events_in_pieces_make_the_same_text(
    server: ScriptedTgi, generator: TgiGenerator, size: int
) -> None:
    server.chunk_bytes = size
    server.reply = lambda _: " Über 🧙."

    assert "".join(delta.text for delta in await collect(generator)) == " Über 🧙."


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("hang"), GenerationTimedOut),
        (Fault("keep alive only"), GenerationTimedOut),
        (Fault("hang", after=3), GenerationTimedOut),
        (Fault("keep alive only", after=3), GenerationTimedOut),
        (Fault("endless"), GenerationTimedOut),
        (Fault("cut"), GenerationUnreachable),
        (Fault("cut", after=3), GenerationUnreachable),
        (Fault("reset", after=3), GenerationUnreachable),
        (Fault("no end", after=3), GenerationUnreachable),
        (Fault("garbage", after=3), GenerationUnreachable),
        (Fault("overloaded"), GenerationOverloaded),
        (Fault("validation"), GenerationRejected),
        (Fault("status", status=500), GenerationUnreachable),
        (Fault("status", status=502), GenerationUnreachable),
        (Fault("status", status=422, body="Failed to deserialize"), GenerationRejected),
        (Fault("status", status=413, body="length limit exceeded"), GenerationRejected),
        (Fault("status", status=429, body=""), GenerationOverloaded),
        (Fault("status", status=401, body=""), GenerationRejected),
    ],
    ids=lambda value: f"{value.kind} {value.after}" if isinstance(value, Fault) else "",
)
async def test_every_fault_is_one_of_our_errors(
    server: ScriptedTgi, fault: Fault, error: type[GenerationError]
) -> None:
    server.fault = fault
    server.reply = lambda _: story(40)
    server.tokens_per_s = 40 if fault.kind == "endless" else 0
    # A busy machine must not turn another fault into one of time.
    deadlines = replace(FAST, whole_reply_s=0.6) if error is GenerationTimedOut else PATIENT

    async with open_tgi(urls=[server.url], api_key=None, deadlines=deadlines) as generator:
        with pytest.raises(error):
            await collect(generator, replace(REQUEST, max_new_tokens=1000))


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    async with open_tgi(urls=["http://127.0.0.1:9"], api_key=None, deadlines=FAST) as generator:
        with pytest.raises(GenerationUnreachable):
            await collect(generator)
        with pytest.raises(GenerationUnreachable):
            await generator.limits()


@pytest.mark.parametrize("kind", ["cut", "overloaded", "status"])
async def test_what_fails_before_the_first_token_is_tried_again(
    server: ScriptedTgi, generator: TgiGenerator, kind: str
) -> None:
    server.fault = Fault(kind, times=1)

    assert "".join(delta.text for delta in await collect(generator)) == " I hear you."
    assert len(server.asked) == 2


async def test_what_fails_after_the_first_token_is_not_tried_again(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.fault = Fault("cut", after=2, times=1)

    with pytest.raises(GenerationUnreachable):
        await collect(generator)

    assert len(server.asked) == 1


async def test_a_refused_request_is_not_tried_again(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    server.fault = Fault("validation")

    with pytest.raises(GenerationRejected):
        await collect(generator)

    assert len(server.asked) == 1


@pytest.mark.parametrize("after", [1, 30])
@pytest.mark.parametrize("way", ["leave", "cancel", "error"])
async def test_the_server_sees_at_once_that_nobody_listens(
    server: ScriptedTgi, generator: TgiGenerator, way: str, after: int
) -> None:
    server.reply = lambda _: story(400)
    server.tokens_per_s = 200
    reading = asyncio.Event()

    async def read() -> None:
        async with generator.stream(replace(REQUEST, max_new_tokens=400)) as deltas:
            for _ in range(after):
                await anext(deltas)
            reading.set()
            async for _ in deltas:
                if way == "leave":
                    return
                if way == "error":
                    raise LookupError

    task = asyncio.create_task(read())
    await reading.wait()
    left = time.monotonic()
    if way == "cancel":
        task.cancel()
    with pytest.raises((asyncio.CancelledError, LookupError)) if way != "leave" else _nothing():
        await task

    async with asyncio.timeout(1):
        await server.asked[-1].left.wait()
    assert time.monotonic() - left < 0.05


class _nothing:  # noqa: N801  # a context that expects nothing
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


async def test_one_request_after_another_uses_one_connection(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    for _ in range(5):
        await collect(generator)

    assert len(server.connections) == 1


async def test_limits_are_asked_again_after_the_server_was_lost(
    server: ScriptedTgi, generator: TgiGenerator
) -> None:
    assert (await generator.limits()).max_total_tokens == 4096
    await server.stop()
    with pytest.raises(GenerationError):
        await collect(generator)

    server.max_total_tokens = 2048
    await server.start()

    assert (await generator.limits()).max_total_tokens == 2048


async def test_text_is_parted_as_the_server_does_with_places_in_bytes(
    generator: TgiGenerator,
) -> None:
    tokens = await generator.tokenize("ein Öl brennt")

    assert len(tokens) == len(tokens.ids) == 4
    assert list(tokens.starts) == [0, 0, 3, 7]


async def test_a_story_keeps_its_server_and_moves_only_when_that_is_lost() -> None:
    async with ScriptedTgi().running() as one, ScriptedTgi().running() as two:
        servers = {one.url: one, two.url: two}
        async with open_tgi(urls=list(servers), api_key=None, deadlines=FAST) as generator:
            homes: dict[str, str] = {}
            for story_id in map(str, range(12)):
                for _ in range(2):
                    before = {url: len(each.asked) for url, each in servers.items()}
                    await collect(generator, replace(REQUEST, affinity=story_id))
                    [home] = [url for url in servers if len(servers[url].asked) > before[url]]
                    assert homes.setdefault(story_id, home) == home
            assert set(homes.values()) == set(servers)

            await one.stop()
            tried = len(one.asked) + len(two.asked)
            for number, story_id in enumerate(homes, start=1):
                texts = await collect(generator, replace(REQUEST, affinity=story_id))
                assert "".join(delta.text for delta in texts) == " I hear you."
                assert len(two.asked) + len(one.asked) == tried + number


async def test_s25_the_key_is_sent_and_a_wrong_one_is_named() -> None:
    async with ScriptedTgi(api_key="right").running() as server:
        async with open_tgi(urls=[server.url], api_key="right", deadlines=FAST) as generator:
            await collect(generator)
            assert (await generator.tokenize("A line.")).ids
        async with open_tgi(urls=[server.url], api_key="wrong", deadlines=FAST) as generator:
            with pytest.raises(GenerationRejected, match="BOT_TGI__API_KEY"):
                await collect(generator)
            with pytest.raises(GenerationRejected, match="BOT_TGI__API_KEY"):
                await generator.tokenize("A line.")


async def test_the_stock_client_reads_the_same_server(server: ScriptedTgi) -> None:
    """Holds our fake to what others expect of a TGI server."""
    server.reply = lambda _: " Aye, all is well."
    client = AsyncClient(server.url)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 0.7.0 calls pydantic's old dict()
        events = [event async for event in client.generate_stream("Hi", max_new_tokens=20)]
        server.fault = Fault("overloaded")
        with pytest.raises(OverloadedError):
            async for _ in client.generate_stream("Hi"):
                pass

    assert "".join(e.token.text for e in events if not e.token.special) == " Aye, all is well."
    assert events[-1].generated_text == " Aye, all is well."
    assert events[-1].details is not None
    assert events[-1].details.finish_reason == "eos_token"
