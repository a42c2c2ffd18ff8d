"""A TGI server on a real socket that says what a test tells it to say.

Framing, messages and stop handling are those of TGI 3.3.x; the stock client
of the `text-generation` package reads it in `test_tgi_fake.py`. Also a
program: `python tests/fakes/scripted_tgi.py --port N --first-token-s 0.3
--tokens-per-s 40 --reply-tokens 200` for measurements.
"""

import argparse
import asyncio
import json
import random
import re
import time
import zlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.ports import free_port

STOPS = 4
TEXT = "The lamp turns and the sea answers while the old keeper counts the ships again"
WORDS = tuple(TEXT.split(" "))


def tokens_of(text: str) -> list[str]:
    """Cut *text* as this server's tokenizer does: a word with the blank before it, or one mark."""
    return re.findall(r" ?\w+|\s|[^\w\s]", text)


def count(text: str) -> int:
    """Tokens of *text*, the begin token included."""
    return len(tokens_of(text)) + 1


@dataclass(slots=True)
class Fault:
    """What goes wrong with a request. `times` requests have it, then none.

    Attributes:
        kind: "hang", "keep alive only", "cut", "reset", "garbage", "no end",
            "overloaded", "validation", "too long", "status", "endless".
        after: tokens sent before it happens.
        status: for "status", with `body` as the answer's text.
    """

    kind: str
    after: int = 0
    times: int = 1_000_000
    status: int = 500
    body: str = "<html>Bad Gateway</html>"


@dataclass(slots=True)
class Asked:
    """One request as the server saw it; times are monotonic seconds."""

    prompt: str
    parameters: dict[str, Any]
    at: float
    first_token_at: float | None = None
    sent: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False
    ended_at: float | None = None


def too_long(asked: Asked, most: int) -> str:
    """TGI's sentence, as if it counted ten tokens more than it takes."""
    new = int(asked.parameters.get("max_new_tokens", 100))
    return (
        f"Input validation error: `inputs` tokens + `max_new_tokens` must be <= {most}. "
        f"Given: {most - new + 10} `inputs` tokens and {new} `max_new_tokens`"
    )


@dataclass(slots=True)
class ScriptedTgi:
    """The script; change it at any time. `reply` makes the text from the prompt."""

    reply: Callable[[str], str] = lambda _: " I hear you."
    said: Callable[[str], None] = lambda _: None
    """Told of every text."""
    first_token_s: float = 0.0
    tokens_per_s: float = 0.0
    """0 sends as fast as it can."""
    chunk_bytes: int = 0
    """Cuts every event into pieces of this size; 0 sends it whole."""
    max_total_tokens: int = 4096
    special: str = ""
    """A piece that this server's tokenizer takes for more than text."""
    api_key: str | None = None
    fault: Fault | None = None
    asked: list[Asked] = field(default_factory=list)
    tokenized: int = 0
    connections: set[Any] = field(default_factory=set)
    url: str = ""
    _runner: web.AppRunner | None = None
    _port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["ScriptedTgi", None]:
        await self.start()
        try:
            yield self
        finally:
            await self.stop()

    async def start(self, port: int = 0) -> None:
        """Listen; after `stop` on the same port again."""
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_get("/info", self._info)
        app.router.add_post("/tokenize", self._tokenize)
        app.router.add_post("/generate_stream", self._stream)
        app.router.add_post("/", self._stream)
        # A hanging handler is ended when the client leaves, as hyper does it.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0.05
        )
        await self._runner.setup()
        self._port = port or self._port or free_port()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Refuse connections and cut those that are open."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _info(self, request: web.Request) -> web.Response:
        self._note(request)
        return web.json_response(
            {
                "model_id": "scripted",
                "max_concurrent_requests": 128,
                "max_stop_sequences": STOPS,
                "max_input_tokens": self.max_total_tokens - 1,
                "max_total_tokens": self.max_total_tokens,
                "version": "3.3.6-dev0",
            }
        )

    async def _tokenize(self, request: web.Request) -> web.Response:
        self._note(request)
        if not self._may(request):
            return web.Response(status=401)
        self.tokenized += 1
        text = (await request.json())["inputs"]
        rows = [{"id": 1, "text": "", "start": 0, "stop": 0}]
        at = 0
        for piece in tokens_of(text):
            size = len(piece.encode())
            token = 2 + zlib.crc32(piece.encode()) % 32_000  # the same text, the same id
            rows.append({"id": token, "text": piece, "start": at, "stop": at + size})
            at += size
        return web.json_response(rows)

    def _may(self, request: web.Request) -> bool:
        return not self.api_key or request.headers.get("Authorization") == f"Bearer {self.api_key}"

    def _note(self, request: web.Request) -> None:
        self.connections.add(request.transport)

    def _take_fault(self) -> Fault | None:
        fault = self.fault
        if fault is None or fault.times <= 0:
            return None
        fault.times -= 1
        return fault

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if not self._may(request):
            return web.Response(status=401)
        body = await request.json()
        asked = Asked(body["inputs"], body.get("parameters") or {}, time.monotonic())
        self.asked.append(asked)
        fault = self._take_fault()
        if fault is not None and fault.kind == "status":
            return web.Response(status=fault.status, text=fault.body, content_type="text/html")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        )
        await response.prepare(request)
        try:
            await self._say(request, response, asked, fault)
        except (asyncio.CancelledError, ConnectionError):
            asked.left.set()
            raise
        return response

    async def _say(
        self,
        request: web.Request,
        response: web.StreamResponse,
        asked: Asked,
        fault: Fault | None,
    ) -> None:
        refusals = {
            "overloaded": ("Model is overloaded", "overloaded"),
            "validation": ("Input validation error: `inputs` cannot be empty", "validation"),
            "too long": (too_long(asked, self.max_total_tokens), "validation"),
        }
        if fault is not None and fault.kind in refusals:
            text, kind = refusals[fault.kind]
            await self._send(response, {"error": text, "error_type": kind})
            return
        await asyncio.sleep(self.first_token_s)
        most = int(asked.parameters.get("max_new_tokens", 100))
        said = ""
        text = self.reply(asked.prompt)
        self.said(text)
        pieces = tokens_of(text)
        started = time.monotonic()
        for number in range(1, most + 1):
            if (
                fault is not None
                and number > fault.after
                and await self._fail(request, response, fault)
            ):
                return
            if number > len(pieces) and not (fault and fault.kind == "endless"):
                await self._end(response, asked, said, "eos_token", "</s>")
                return
            piece = pieces[(number - 1) % len(pieces)] if pieces else " "
            said += piece
            stopped = any(said.endswith(stop) for stop in asked.parameters.get("stop", ()))
            if number == most or stopped:
                reason = "length" if number == most else "stop_sequence"
                await self._end(response, asked, said, reason, piece)
                return
            await self._send(response, self._event(number, piece, special=piece == self.special))
            asked.first_token_at = asked.first_token_at or time.monotonic()
            asked.sent = number
            if self.tokens_per_s:
                await asyncio.sleep(started + number / self.tokens_per_s - time.monotonic())

    async def _fail(self, request: web.Request, response: web.StreamResponse, fault: Fault) -> bool:
        match fault.kind:
            case "hang":
                await asyncio.sleep(3600)
            case "keep alive only":
                while True:
                    await response.write(b":\n\n")
                    await asyncio.sleep(0.02)
            case "reset":
                if request.transport is not None:
                    request.transport.abort()
            case "garbage":
                await response.write(b'data: {"index":1,"tok\n\n')
            case "cut":
                if request.transport is not None:
                    request.transport.close()
            case "no end":
                pass
            case _:
                return False
        return True

    def _event(self, index: int, text: str, *, special: bool = False) -> dict[str, Any]:
        token = {"id": 100 + index, "text": text, "logprob": -0.5, "special": special}
        return {"index": index, "token": token, "generated_text": None, "details": None}

    async def _end(
        self, response: web.StreamResponse, asked: Asked, said: str, reason: str, piece: str
    ) -> None:
        index = asked.sent + 1
        event = self._event(index, piece, special=reason == "eos_token")
        event["generated_text"] = said
        event["details"] = {
            "finish_reason": reason,
            "generated_tokens": index,
            "seed": asked.parameters.get("seed"),
            "input_length": count(asked.prompt),
        }
        asked.ended = True
        asked.ended_at = time.monotonic()
        await self._send(response, event)

    async def _send(self, response: web.StreamResponse, event: dict[str, Any]) -> None:
        data = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        frame = b"data: " + data + b"\n\n"
        if not self.chunk_bytes:
            await response.write(frame)
            return
        for at in range(0, len(frame), self.chunk_bytes):
            await response.write(frame[at : at + self.chunk_bytes])
            await asyncio.sleep(0)


def story(tokens: int) -> str:
    """A text of that many tokens."""
    return "".join(f" {WORDS[at % len(WORDS)]}" for at in range(tokens))


def stories(tokens: int) -> Callable[[str], str]:
    """Replies of that many tokens, no two alike: a character that repeats itself is asked again."""
    chance = random.Random(7)

    def reply(_: str) -> str:
        return "".join(f" {chance.choice(WORDS)}{chance.randrange(1000)}" for _ in range(tokens))

    return reply


async def _serve(options: argparse.Namespace) -> None:
    server = ScriptedTgi(
        reply=stories(options.reply_tokens),
        first_token_s=options.first_token_s,
        tokens_per_s=options.tokens_per_s,
    )
    await server.start(options.port)
    print(server.url, flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-s", type=float, default=0.3)
    parser.add_argument("--tokens-per-s", type=float, default=40.0)
    parser.add_argument("--reply-tokens", type=int, default=200)
    asyncio.run(_serve(parser.parse_args()))
