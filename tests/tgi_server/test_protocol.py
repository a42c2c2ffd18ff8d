"""The protocol as clients meet it: a real process, a real model, real sockets."""

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from importlib import import_module
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from tests.tgi_server.conftest import RunningServer

pytestmark = pytest.mark.model

stock = import_module("text_generation")  # it comes without types
GREEDY = {"max_new_tokens": 12, "details": True}


@pytest.fixture
async def http(raw_server: RunningServer) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(
        raw_server.url, timeout=aiohttp.ClientTimeout(total=60)
    ) as session:
        yield session


async def events(
    http: aiohttp.ClientSession, inputs: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    body = {"inputs": inputs, "parameters": parameters}
    async with http.post("/generate_stream", json=body) as response:
        assert response.status == 200
        received = await response.read()
    frames = [frame for frame in received.split(b"\n\n") if frame not in {b"", b":"}]
    assert all(frame.startswith(b"data: {") for frame in frames)
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]


def text_of(received: list[dict[str, Any]]) -> str:
    return "".join(e["token"]["text"] for e in received if not e["token"]["special"])


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
async def test_the_stock_client_streams_and_generates(raw_server: RunningServer) -> None:
    client = stock.AsyncClient(raw_server.url, timeout=60)

    streamed = [
        answer
        async for answer in client.generate_stream(
            "The capital of France is", max_new_tokens=8, stop_sequences=["."]
        )
    ]
    whole = await client.generate(
        "The capital of France is", max_new_tokens=8, stop_sequences=["."]
    )

    assert streamed[-1].generated_text == " Paris."
    assert streamed[-1].details is not None
    assert streamed[-1].details.finish_reason == "stop_sequence"
    assert whole.generated_text == " Paris."
    assert whole.details is not None
    assert [token.text for token in whole.details.tokens] == [" Paris", "."]


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
async def test_the_stock_client_learns_what_was_invalid(raw_server: RunningServer) -> None:
    client = stock.AsyncClient(raw_server.url, timeout=60)
    refusal = re.escape("`stop` supports up to 4 stop sequences. Given: 5")

    with pytest.raises(stock.errors.ValidationError, match=refusal):
        await client.generate("x", stop_sequences=list("abcde"))
    with pytest.raises(stock.errors.ValidationError, match=refusal):
        async for _ in client.generate_stream("x", stop_sequences=list("abcde")):
            pass


async def test_events_count_from_one_and_end_with_the_whole_text(
    http: aiohttp.ClientSession,
) -> None:
    received = await events(http, "Once upon a time", GREEDY)

    assert [event["index"] for event in received] == list(range(1, 13))
    assert all(event["generated_text"] is None for event in received[:-1])
    assert received[-1]["generated_text"] == text_of(received)
    assert received[-1]["details"] == {
        "finish_reason": "length", "generated_tokens": 12, "seed": None, "input_length": 4,
    }  # fmt: skip


async def test_the_stop_text_stays_and_is_found_at_token_ends_only(
    http: aiohttp.ClientSession,
) -> None:
    kept = await events(http, "The capital of France is", {**GREEDY, "stop": ["Paris."]})
    missed = await events(http, "The capital of France is", {**GREEDY, "stop": ["Par"]})

    assert kept[-1]["generated_text"] == " Paris."
    assert kept[-1]["details"]["finish_reason"] == "stop_sequence"
    assert missed[-1]["details"]["finish_reason"] == "length"


async def test_the_end_token_is_special_and_not_part_of_the_text(
    http: aiohttp.ClientSession,
) -> None:
    prompt = "<|im_start|>user\nSay only: yes<|im_end|>\n<|im_start|>assistant\n"

    received = await events(http, prompt, {"max_new_tokens": 200, "details": True})

    assert received[-1]["token"]["special"]
    assert received[-1]["token"]["text"] == "<|im_end|>"
    assert received[-1]["details"]["finish_reason"] == "eos_token"
    assert received[-1]["generated_text"] == text_of(received)


async def test_a_seed_repeats_a_reply(http: aiohttp.ClientSession) -> None:
    sampled = {"do_sample": True, "temperature": 1.2, "max_new_tokens": 12}

    first = await events(http, "My favourite animal", {**sampled, "seed": 5})
    second = await events(http, "My favourite animal", {**sampled, "seed": 5})
    other = await events(http, "My favourite animal", {**sampled, "seed": 6})

    assert text_of(first) == text_of(second) != text_of(other)


async def test_truncate_keeps_the_end_of_the_prompt(http: aiohttp.ClientSession) -> None:
    whole = await events(http, "The capital of France is", {**GREEDY, "max_new_tokens": 1})
    short = await events(
        http, "Bananas are yellow. The capital of France is",
        {**GREEDY, "max_new_tokens": 1, "truncate": 5},
    )  # fmt: skip

    assert whole[-1]["details"]["input_length"] == short[-1]["details"]["input_length"] == 5
    assert text_of(whole) == text_of(short) == " Paris"


async def test_top_tokens_are_told_when_asked_for(http: aiohttp.ClientSession) -> None:
    (event,) = await events(
        http, "The capital of France is", {"max_new_tokens": 1, "top_n_tokens": 3}
    )

    assert len(event["top_tokens"]) == 3
    assert event["top_tokens"][0] == event["token"]


async def test_a_character_of_several_tokens_appears_whole(http: aiohttp.ClientSession) -> None:
    received = await events(
        http, "Copy: 🧙🏽🧙🏽🧙🏽🧙🏽🧙🏽🧙🏽", {"max_new_tokens": 12, "details": True}
    )

    assert [event["index"] for event in received] == list(range(1, 13))
    assert any(event["token"]["text"] == "" for event in received)
    assert "\ufffd" not in text_of(received)


async def test_refusals_are_objects_with_a_status_but_events_in_streams(
    http: aiohttp.ClientSession,
) -> None:
    body = {"inputs": "x " * 5000}
    async with http.post("/generate", json=body) as response:
        whole = (response.status, await response.json())
    in_stream = await events(http, "x " * 5000, {})

    assert whole[0] == 422
    assert whole[1]["error_type"] == "validation"
    assert whole[1]["error"].startswith(
        "Input validation error: `inputs` must have less than 4095 tokens. Given: "
    )
    assert in_stream == [whole[1]]


@pytest.mark.parametrize(
    ("data", "content_type", "status", "begins"),
    [
        (b"{", "application/json", 400, "Failed to parse the request body as JSON: "),
        (b"{}", "application/json", 422, "Failed to deserialize the JSON body into the target"),
        (b"{}", "text/plain", 415, "Expected request with `Content-Type: application/json`"),
        (b"{" + b" " * 2_100_000, "application/json", 413, ""),
    ],
)
async def test_what_is_no_request_gets_plain_text(
    http: aiohttp.ClientSession, data: bytes, content_type: str, status: int, begins: str
) -> None:
    headers = {"Content-Type": content_type}
    async with http.post("/generate", data=io.BytesIO(data), headers=headers) as answer:
        assert answer.status == status
        assert answer.content_type == "text/plain"
        assert (await answer.text()).startswith(begins)


async def test_the_compatible_route_answers_with_a_list(http: aiohttp.ClientSession) -> None:
    body = {"inputs": "The capital of France is", "parameters": {"max_new_tokens": 1}}
    async with http.post("/", json=body) as response:
        answer = await response.json()

    assert answer == [{"generated_text": " Paris"}]
    assert response.headers["x-prompt-tokens"] == "5"
    assert response.headers["x-generated-tokens"] == "1"


async def test_health_and_info_tell_what_there_is(http: aiohttp.ClientSession) -> None:
    for path in ("/", "/health", "/ping"):
        async with http.get(path) as response:
            assert (response.status, await response.read()) == (200, b"")
    async with http.get("/info") as response:
        info = await response.json()

    assert info["model_id"] == "SmolLM2-135M stand-in"
    assert (info["max_input_tokens"], info["max_total_tokens"]) == (4095, 4096)
    assert info["max_stop_sequences"] == 4


async def test_tokenize_tells_byte_offsets(http: aiohttp.ClientSession) -> None:
    text = "Hi wörld 🧙!"
    async with http.post("/tokenize", json={"inputs": text}) as response:
        told = await response.json()

    assert told[0] == {"id": 26843, "text": "Hi", "start": 0, "stop": 2}
    assert told[-1]["stop"] == len(text.encode())
    assert all(a["stop"] == b["start"] for a, b in pairwise(told))


async def test_openai_style_completions_stream_and_answer(http: aiohttp.ClientSession) -> None:
    body = {"prompt": "The capital of France is", "max_tokens": 4, "temperature": 0, "stop": ["."]}
    async with http.post("/v1/completions", json=body) as response:
        whole = await response.json()
    async with http.post("/v1/completions", json={**body, "stream": True}) as response:
        frames = (await response.read()).split(b"\n\n")

    assert whole["choices"][0]["text"] == " Paris."
    assert whole["choices"][0]["finish_reason"] == "stop_sequence"
    assert whole["usage"] == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    assert frames[-2:] == [b"data: [DONE]", b""]
    chunks = [json.loads(frame.removeprefix(b"data: ")) for frame in frames[:-2]]
    assert [chunk["choices"][0]["text"] for chunk in chunks] == [" Paris", "."]
    assert chunks[0]["choices"][0]["finish_reason"] == ""
    assert chunks[-1]["usage"]["total_tokens"] == 7


async def test_leaving_frees_the_slot_even_while_the_prompt_is_read(
    http: aiohttp.ClientSession,
) -> None:
    """Both slots read prompts that take half a minute; whoever comes next must not wait so long."""
    async with asyncio.timeout(20):
        readers = []
        for number in range(2):
            inputs = " ".join(f"{number}{at}" for at in range(700))
            body = {"inputs": inputs, "parameters": {"max_new_tokens": 500}}
            readers.append(await http.post("/generate_stream", json=body))
        assert await gauge(http, "tgi_batch_current_size") == 2
        for reader in readers:
            reader.close()

        received = await events(http, "The capital of France is", {"max_new_tokens": 1})

    assert text_of(received) == " Paris"
    assert await gauge(http, "tgi_batch_current_size") == 0
    assert await gauge(http, 'tgi_request_failure{err="dropped"}') >= 2


async def gauge(http: aiohttp.ClientSession, name: str) -> int:
    async with http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    return next((int(line.split()[-1]) for line in lines if line.startswith(name)), 0)
