import asyncio
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.tgi_server import http
from bot.tgi_server.gate import Gate
from bot.tgi_server.http import offsets, send_stream
from bot.tgi_server.wire import Refused


async def test_a_silent_stream_shows_signs_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "KEEP_ALIVE_S", 0.01)
    go_on = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\n"
        await go_on.wait()
        yield b"data: 2\n\n"

    async def handler(request: web.Request) -> web.StreamResponse:
        return await send_stream(request, frames(), {})

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        received = b""
        async with asyncio.timeout(5):
            while b":\n\n:\n\n" not in received:
                received += await response.content.readany()
            go_on.set()
            received += await response.content.read()

    assert received.startswith(b"data: 1\n\n:\n\n")
    assert received.endswith(b"data: 2\n\n")
    assert received.replace(b":\n\n", b"") == b"data: 1\n\ndata: 2\n\n"
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-cache"


async def test_leaving_a_stream_closes_what_feeds_it() -> None:
    closed = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        try:
            yield b"data: 1\n\n"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def handler(request: web.Request) -> web.StreamResponse:
        return await send_stream(request, frames(), {})

    app = web.Application()
    app.router.add_get("/", handler)
    async with TestClient(TestServer(app)) as client, client.get("/") as response:
        await response.content.readany()
        response.close()

        async with asyncio.timeout(5):
            await closed.wait()


def test_offsets_count_bytes() -> None:
    text = "Hi wörld".encode()

    told = list(offsets(text, [(26843, b"Hi"), (267, b" w"), (29989, "ör".encode()), (400, b"ld")]))

    assert told == [
        {"id": 26843, "text": "Hi", "start": 0, "stop": 2},
        {"id": 267, "text": " w", "start": 2, "stop": 4},
        {"id": 29989, "text": "ör", "start": 4, "stop": 7},
        {"id": 400, "text": "ld", "start": 7, "stop": 9},
    ]


def test_a_begin_token_stands_for_no_text() -> None:
    told = list(offsets(b"Hi", [(1, b"<s>"), (7, b" Hi")]))

    assert told == [
        {"id": 1, "text": "", "start": 0, "stop": 0},
        {"id": 7, "text": "Hi", "start": 0, "stop": 2},
    ]


def test_the_gate_refuses_one_too_many_and_lets_the_next_in_later() -> None:
    gate = Gate(1)

    with gate.permit(), pytest.raises(Refused, match="Model is overloaded"), gate.permit():
        pytest.fail("two were let in")
    with gate.permit():
        gate.succeed(5, 7)

    told = gate.exposition(slots=1)
    assert 'tgi_request_failure{err="overloaded"} 1' in told
    assert "tgi_request_count 3" in told
    assert "tgi_request_generated_tokens 7" in told
    assert "tgi_queue_size 0" in told
