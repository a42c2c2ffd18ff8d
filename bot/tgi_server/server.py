"""The HTTP side: TGI's routes in front of a `Writer`.

A stream is HTTP 200 as soon as its body could be read; whatever goes wrong
afterwards is an event in it, as in TGI. A client that leaves cancels its
handler, and with it the work.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from bot.tgi_server.gate import Gate
from bot.tgi_server.generation import Job, Step, Writer
from bot.tgi_server.http import (
    engine_errors,
    offsets,
    read_body,
    refusal,
    reply,
    send_stream,
    told_times,
)
from bot.tgi_server.requests import MAX_BEST_OF, MAX_STOP_SEQUENCES, Request, read_request
from bot.tgi_server.wire import Refused, Token, frame, stream_event, whole_answer

VERSION: Final = "3.3.6-dev0"
"""What TGI's images 3.3.6 and 3.3.7 call themselves."""
PAYLOAD_LIMIT_BYTES: Final = 2_000_000


class Server:
    """The handlers; `application` wires them to their routes."""

    def __init__(self, writer: Writer, gate: Gate, *, model_id: str) -> None:
        self.writer = writer
        self.gate = gate
        self.model_id = model_id

    def application(self) -> web.Application:
        """TGI's routes."""
        app = web.Application(client_max_size=PAYLOAD_LIMIT_BYTES)
        for path in ("/", "/health", "/ping"):
            app.router.add_get(path, self.health)
        app.router.add_get("/info", self.info)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_post("/", self.compatible)
        app.router.add_post("/generate", self.generate)
        app.router.add_post("/generate_stream", self.generate_stream)
        app.router.add_post("/tokenize", self.tokenize)
        return app

    async def health(self, _: web.Request) -> web.Response:
        """Whether the model is there."""
        if self.writer.engine.is_up:
            return web.Response()
        return refusal(Refused("unhealthy", kind="healthcheck"))

    async def info(self, _: web.Request) -> web.Response:
        """What the server accepts."""
        most = self.writer.max_total_tokens
        return reply(
            {
                "model_id": self.model_id,
                "model_sha": None,
                "model_pipeline_tag": None,
                "max_concurrent_requests": self.gate.limit,
                "max_best_of": MAX_BEST_OF,
                "max_stop_sequences": MAX_STOP_SEQUENCES,
                "max_input_tokens": most - 1,
                "max_total_tokens": most,
                "validation_workers": 1,
                "max_client_batch_size": 1,
                "router": "text-generation-router",
                "version": VERSION,
                "sha": None,
                "docker_label": None,
            }
        )

    async def metrics(self, _: web.Request) -> web.Response:
        """Prometheus text."""
        text = self.gate.exposition(self.writer.engine.options.slots)
        return web.Response(text=text, content_type="text/plain")

    async def compatible(self, http: web.Request) -> web.StreamResponse:
        """`POST /`: a stream, or the answer in a list, as the body wishes."""
        request = await read_body(http, read_request)
        if request.stream:
            return await self._stream(http, request)
        return await self._answer(request, in_list=True)

    async def generate(self, http: web.Request) -> web.StreamResponse:
        """One whole answer."""
        return await self._answer(await read_body(http, read_request), in_list=False)

    async def generate_stream(self, http: web.Request) -> web.StreamResponse:
        """The answer as it is written."""
        return await self._stream(http, await read_body(http, read_request))

    async def tokenize(self, http: web.Request) -> web.Response:
        """Ids, texts and byte offsets."""
        request = await read_body(http, read_request)
        try:
            with engine_errors():
                found = await self.writer.tokens(request.inputs)
        except Refused as error:
            return refusal(error)
        return reply(list(offsets(request.inputs.encode(), found)))

    async def _answer(self, request: Request, *, in_list: bool) -> web.Response:
        began = time.monotonic()
        tokens: list[Token] = []
        try:
            with self.gate.permit() as reading, engine_errors():
                job = await self.writer.prepare(request, streaming=False)
                ready = time.monotonic()
                last: Step | None = None
                async with aclosing(self.writer.run(job, reading)) as steps:
                    async for step in steps:
                        tokens.append(step.token)
                        last = step
                body = await self._whole(job, tokens, last)
        except Refused as error:
            self.gate.refused(error)
            return refusal(error)
        except asyncio.CancelledError:
            self.gate.fail("dropped")
            raise
        self.gate.succeed(len(job.ids), len(tokens))
        headers = told_times(began=began, ready=ready, inputs=request.inputs)
        headers |= {"x-prompt-tokens": str(len(job.ids)), "x-generated-tokens": str(len(tokens))}
        headers |= {"x-prefill-tokens": str(reading.prefill)}  # ours; TGI does not tell
        return reply([body] if in_list else body, headers)

    async def _whole(self, job: Job, tokens: list[Token], last: Step | None) -> dict[str, Any]:
        if last is None or last.ending is None:
            raise Refused("Incomplete generation", kind="incomplete_generation")
        parameters = job.request.parameters
        prefill: list[Token] = []
        if parameters.decoder_input_details:
            pieces = await self.writer.tokens(job.request.inputs)
            pieces = pieces[-len(job.ids) :]
            prefill = [Token(token, piece.decode(errors="replace")) for token, piece in pieces]
        before = job.request.inputs if parameters.return_full_text else ""
        return whole_answer(
            before + last.ending.text,
            tokens,
            last.ending,
            details=parameters.details or parameters.decoder_input_details,
            top=bool(parameters.top_n_tokens),
            prefill=prefill,
        )

    async def _stream(self, http: web.Request, request: Request) -> web.StreamResponse:
        headers = {"x-compute-characters": str(len(request.inputs))}
        return await send_stream(http, self._frames(request), headers)

    async def _frames(self, request: Request) -> AsyncGenerator[bytes, None]:
        """The events of a stream; a refusal is one too, and the last."""
        try:
            async with aclosing(self.steps(request)) as steps:
                index = 0
                async for step in steps:
                    index += 1
                    ending = step.ending
                    if ending and request.parameters.return_full_text:
                        ending = replace(ending, text=request.inputs + ending.text)
                    event = stream_event(
                        index,
                        step.token,
                        ending=ending,
                        details=request.parameters.details,
                        top=bool(request.parameters.top_n_tokens),
                    )
                    yield frame(event)
        except Refused as error:
            yield frame(error.body)

    async def steps(self, request: Request) -> AsyncGenerator[Step, None]:
        """Generate one stream, counted.

        Raises:
            Refused: before or after the first token.
        """
        is_whole = False
        count = 0
        try:
            with self.gate.permit() as reading:
                with engine_errors():
                    job = await self.writer.prepare(request, streaming=True)
                async with aclosing(self.writer.run(job, reading)) as steps:
                    while True:
                        with engine_errors():
                            step = await anext(steps, None)
                        if step is None:
                            break
                        count += 1
                        is_whole = step.ending is not None
                        if is_whole:
                            self.gate.succeed(len(job.ids), count)
                        yield step
        except Refused as error:
            self.gate.refused(error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if not is_whole:
                self.gate.fail("dropped")
            raise
        if not is_whole:
            self.gate.fail("incomplete")
            raise Refused("Incomplete generation stream", kind="incomplete_generation_stream")
