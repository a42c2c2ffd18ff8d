"""A TGI server as the evaluation needs it: one prompt, one raw reply."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import aiohttp

from bot.core.generation import FinishReason, GenerationRequest

CONNECT_S: Final = 10.0
STALLED_S: Final = 120.0
"""Between two pieces of a stream: even a busy server is not that slow."""
WHOLE_REPLY_S: Final = 900.0
TRIES: Final = 3
PAUSE_S: Final = 2.0
"""Before a server that was full, or lost, is asked again."""
_PREFIX: Final = b"data:"


class ServerFailed(Exception):
    """The server gave no reply; `str()` says why, as the second half of a sentence."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """What the server gave, stop strings included; the last word is `finish`'s."""

    text: str
    finish: FinishReason
    tokens: int


class TgiServer:
    """The server at a URL."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url.rstrip("/")
        self._session = session

    async def model(self) -> str:
        """Name the model that the server holds.

        Raises:
            ServerFailed: it does not say.
        """
        async with _errors(), self._session.get(f"{self._url}/info") as answer:
            info = await answer.json(content_type=None)
        match info:
            case {"model_id": str(name)}:
                return name
        raise ServerFailed("it does not say which model it holds")

    async def reply(self, request: GenerationRequest) -> RawReply:
        """Have a reply written; a server that is full or was lost is asked again.

        Raises:
            ServerFailed: it refuses, or fails every time.
        """
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._once(request)
            except ServerFailed:
                if not tries_left:
                    raise
            await asyncio.sleep(PAUSE_S)
        raise AssertionError

    async def _once(self, request: GenerationRequest) -> RawReply:
        body = {"inputs": request.prompt, "parameters": _parameters(request)}
        url = f"{self._url}/generate_stream"
        async with _errors(), self._session.post(url, json=body) as answer:
            async for line in answer.content:
                if line.startswith(_PREFIX):
                    reply = _read(json.loads(line.removeprefix(_PREFIX)))
                    if reply is not None:
                        return reply
            raise ServerFailed(f"its answer ({answer.status}) has no end")


@asynccontextmanager
async def open_server(url: str) -> AsyncIterator[TgiServer]:
    """The server at *url*, with deadlines on every wait."""
    timeout = aiohttp.ClientTimeout(
        total=WHOLE_REPLY_S, sock_connect=CONNECT_S, sock_read=STALLED_S
    )
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield TgiServer(url, session)


def _parameters(request: GenerationRequest) -> Mapping[str, Any]:
    sampling = {
        name: value for name, value in asdict(request.sampling).items() if value is not None
    }
    return {
        **sampling,
        "do_sample": True,
        "max_new_tokens": request.max_new_tokens,
        "stop": list(request.stop),
        "seed": request.seed,
        "details": True,
    }


def _read(event: object) -> RawReply | None:
    """The reply, if *event* is the one that ends it."""
    match event:
        case {"error": str(error)}:
            raise ServerFailed(error)
        case {
            "generated_text": str(text),
            "details": {"finish_reason": str(reason), "generated_tokens": int(tokens)},
        }:
            return RawReply(text, FinishReason(reason), tokens)
    return None


@asynccontextmanager
async def _errors() -> AsyncIterator[None]:
    try:
        yield
    except TimeoutError:
        raise ServerFailed("it took too long") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ServerFailed(reason) from None
