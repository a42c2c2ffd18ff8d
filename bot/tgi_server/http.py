"""What the routes share: reading bodies, sending answers and streams."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, Final, TypeVar

from aiohttp import web

from bot.core.errors import GenerationUnreachable
from bot.tgi_server.engine import EngineFailed
from bot.tgi_server.requests import Unreadable
from bot.tgi_server.wire import KEEP_ALIVE, Refused, encode, failed

KEEP_ALIVE_S: Final = 15.0
_STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
    "x-compute-type": "cpu",
}

T = TypeVar("T")


async def read_body(http: web.Request, read: Callable[[object], T]) -> T:
    """Decode a JSON body and *read* it; what cannot be read is answered as axum does."""
    if http.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(
            text="Expected request with `Content-Type: application/json`"
        )
    try:
        body = json.loads(await http.read())
    except ValueError as error:
        raise web.HTTPBadRequest(
            text=f"Failed to parse the request body as JSON: {error}"
        ) from None
    try:
        return read(body)
    except Unreadable as error:
        raise web.HTTPUnprocessableEntity(
            text=f"Failed to deserialize the JSON body into the target type: {error}"
        ) from None


@contextmanager
def engine_errors() -> Iterator[None]:
    """Tell what the engine cannot do the way TGI tells it; never spans a `yield`."""
    try:
        yield
    except (EngineFailed, GenerationUnreachable) as error:
        raise failed(str(error)) from error


def reply(body: object, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(body=encode(body), content_type="application/json", headers=headers)


def refusal(error: Refused) -> web.Response:
    """An error object with its status."""
    return web.Response(
        body=encode(error.body), content_type="application/json", status=error.status
    )


async def send_stream(
    http: web.Request, frames: AsyncGenerator[bytes, None], headers: Mapping[str, str]
) -> web.StreamResponse:
    """Send *frames* as they come, with a sign of life whenever none came for long."""
    response = web.StreamResponse(headers={**_STREAM_HEADERS, **headers})
    await response.prepare(http)
    pulse = _Pulse()
    try:
        async with asyncio.TaskGroup() as tasks:
            keeper = tasks.create_task(_keep_alive(response, pulse))
            async with aclosing(frames):
                async for piece in frames:
                    await response.write(piece)
                    pulse.beat()
            keeper.cancel()
        await response.write_eof()
    except* ConnectionError:
        pass  # the client left; the work has ended with the block
    return response


class _Pulse:
    def __init__(self) -> None:
        self.beat()

    def beat(self) -> None:
        self.last = time.monotonic()

    def rest_s(self) -> float:
        return self.last + KEEP_ALIVE_S - time.monotonic()


async def _keep_alive(response: web.StreamResponse, pulse: _Pulse) -> None:
    while True:
        if (rest := pulse.rest_s()) > 0:
            await asyncio.sleep(rest)
            continue
        await response.write(KEEP_ALIVE)
        pulse.beat()


def told_times(*, began: float, ready: float, inputs: str) -> dict[str, str]:
    """The times TGI tells in headers, in milliseconds."""
    now = time.monotonic()
    total, checked = now - began, ready - began
    return {
        "x-compute-type": "cpu",
        "x-compute-time": f"{total:.3f}",
        "x-compute-characters": str(len(inputs)),
        "x-total-time": f"{1000 * total:.0f}",
        "x-validation-time": f"{1000 * checked:.0f}",
        "x-queue-time": "0",
        "x-inference-time": f"{1000 * (now - ready):.0f}",
    }


def offsets(text: bytes, tokens: Sequence[tuple[int, bytes]]) -> Iterator[dict[str, Any]]:
    """Tokens with the bytes of *text* they stand for; a begin token stands for none."""
    at = 0
    for token, piece in tokens:
        part = piece
        if not text.startswith(part, at):
            part = part.removeprefix(b" ")  # some tokenizers put a space before the first word
        if not text.startswith(part, at):
            part = b""
        yield {
            "id": token,
            "text": part.decode(errors="replace"),
            "start": at,
            "stop": at + len(part),
        }
        at += len(part)
