"""What the model server tells about its own reading: it is what a prompt costs."""

import re

import aiohttp
import pytest

from bot.tgi_server.gate import Gate
from bot.tgi_server.reading import Reading
from tests.tgi_server.conftest import RunningServer
from tests.tgi_server.prompts import lima

TIDE = "The tide turns, and the old ship groans against the quay. "


def progress(total: int, cache: int, processed: int) -> dict[str, int]:
    return {"total": total, "cache": cache, "processed": processed, "time_ms": 1}


def test_what_was_in_the_cache_is_not_read() -> None:
    reading = Reading()

    reading.begin()
    for processed in (300, 428, 500):
        reading.progress(progress(500, 300, processed))

    assert (reading.prompt, reading.prefill) == (500, 200)


def test_the_prompts_of_one_request_add_up_and_half_a_prompt_counts_half() -> None:
    reading = Reading()

    reading.begin()
    reading.progress(progress(100, 0, 0))
    reading.progress(progress(100, 0, 100))
    reading.begin()
    reading.progress(progress(400, 100, 100))
    reading.progress(progress(400, 100, 228))

    assert (reading.prompt, reading.prefill) == (500, 228)


def test_reading_is_told_as_a_histogram_and_a_refused_request_has_read_nothing() -> None:
    gate = Gate(1)

    with gate.permit() as reading:
        reading.begin()
        reading.progress(progress(300, 172, 300))
    with gate.permit():
        pass

    told = gate.exposition(slots=1).splitlines()
    assert "# TYPE tgi_engine_prefill_tokens histogram" in told
    assert 'tgi_engine_prefill_tokens_bucket{le="64"} 0' in told
    assert 'tgi_engine_prefill_tokens_bucket{le="128"} 1' in told
    assert 'tgi_engine_prefill_tokens_bucket{le="+Inf"} 1' in told
    assert "tgi_engine_prefill_tokens_sum 128" in told
    assert "tgi_engine_prefill_tokens_count 1" in told
    assert "tgi_engine_prompt_tokens_sum 300" in told


def test_what_was_read_for_a_client_that_left_counts() -> None:
    gate = Gate(1)

    with pytest.raises(ConnectionError), gate.permit() as reading:
        reading.begin()
        reading.progress(progress(300, 0, 128))
        raise ConnectionError

    assert "tgi_engine_prefill_tokens_sum 128" in gate.exposition(slots=1)


async def read_for(http: aiohttp.ClientSession, prompt: str) -> tuple[int, int]:
    """Tokens of the prompt that the model was given, and how many of them it read."""
    before = await totals(http)
    body = {"inputs": prompt, "parameters": {"max_new_tokens": 2}}
    async with http.post("/generate", json=body) as answer:
        told = int(answer.headers["x-prefill-tokens"])
    after = await totals(http)
    assert after[1] - before[1] == told
    return after[0] - before[0], told


async def totals(http: aiohttp.ClientSession) -> tuple[int, int]:
    async with http.get("/metrics") as answer:
        text = await answer.text()
    found = re.findall(r"^tgi_engine_(?:prompt|prefill)_tokens_sum (\d+)$", text, re.MULTILINE)
    return int(found[0]), int(found[1])


@pytest.mark.model
async def test_a_prompt_that_only_grew_is_read_from_where_it_grew(
    raw_server: RunningServer,
) -> None:
    turns = [("Tom", "Grown prompts. " + TIDE * 6)]
    grown = [*turns, ("Mira", TIDE), ("Tom", TIDE)]
    async with aiohttp.ClientSession(raw_server.url) as http:
        first, all_of_it = await read_for(http, lima(turns))
        second, what_is_new = await read_for(http, lima(grown))

    assert first // 2 < all_of_it <= first
    assert second - first <= what_is_new < second - first + 24  # the open header was replaced


@pytest.mark.model
async def test_raw_what_moved_is_read_again_as_by_tgi(raw_server: RunningServer) -> None:
    lines = [("Tom", f"Moved line {number}. {TIDE}") for number in range(8)]
    async with aiohttp.ClientSession(raw_server.url) as http:
        await read_for(http, lima(lines))
        prompt, read = await read_for(http, lima(lines[1:]))

    head = prompt - read
    assert head < prompt // 3


@pytest.mark.model
async def test_under_the_adapter_a_later_turn_reads_little(stand_in: RunningServer) -> None:
    begun = [("Tom", "A sail, far out! " + TIDE)]
    grown = [*begun, ("Mira", "She shades her eyes."), ("Tom", "And now?")]
    async with aiohttp.ClientSession(stand_in.url) as http:
        await read_for(http, lima(begun))
        prompt, read = await read_for(http, lima(grown))

    assert read < prompt // 2
