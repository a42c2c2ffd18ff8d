"""`POST /v1/completions`, in the dialect TGI speaks there."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from bot.tgi_server.http import read_body, refusal, reply, send_stream
from bot.tgi_server.requests import Parameters, Request, Unreadable, read_parameters
from bot.tgi_server.server import VERSION, Server
from bot.tgi_server.wire import Ending, Refused, frame

_DONE: Final = b"data: [DONE]\n\n"
_SAME_NAMES: Final = (
    "temperature", "top_p", "seed", "repetition_penalty", "frequency_penalty", "stop",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A body of `/v1/completions`, as TGI's own request."""

    request: Request
    has_suffix: bool


class Completions:
    """The route; borrows the server that does the work."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def add_to(self, app: web.Application) -> None:
        """Register the route."""
        app.router.add_post("/v1/completions", self.complete)

    async def complete(self, http: web.Request) -> web.StreamResponse:
        """A stream, or the whole answer, as the body wishes."""
        asked = await read_body(http, read_completion)
        if asked.has_suffix:
            return refusal(
                Refused(
                    "Suffix is not supported and can be achieved by preprocessing the prompt.",
                    kind="suffix not supported",
                )
            )
        if asked.request.stream:
            return await send_stream(http, self._frames(asked.request), {})
        return await self._answer(asked.request)

    async def _answer(self, request: Request) -> web.Response:
        text = ""
        ending: Ending | None = None
        try:
            async with aclosing(self._server.steps(request)) as steps:
                async for step in steps:
                    text += "" if step.token.special else step.token.text
                    ending = step.ending
        except Refused as error:
            return refusal(error)
        if ending is None:
            return refusal(Refused("Incomplete generation", kind="incomplete_generation"))
        reason = "stop" if ending.reason == "eos_token" else ending.reason
        body = self._body(text, reason)
        return reply({**body, "usage": _usage(ending)})

    async def _frames(self, request: Request) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(self._server.steps(request)) as steps:
                async for step in steps:
                    reason = step.ending.reason if step.ending else ""
                    chunk = self._body(step.token.text, reason)
                    if step.ending:
                        chunk["usage"] = _usage(step.ending)
                    yield frame(chunk)
        except Refused as error:
            yield frame({"error": {"message": str(error), "http_status_code": 422}})
        yield _DONE

    def _body(self, text: str, reason: str) -> dict[str, Any]:
        return {
            "object": "text_completion",
            "id": "",
            "created": int(time.time()),
            "choices": [{"index": 0, "text": text, "logprobs": None, "finish_reason": reason}],
            "model": self._server.model_id,
            "system_fingerprint": f"{VERSION}-cpu",
        }


def read_completion(body: object) -> CompletionRequest:
    """Read a decoded JSON body.

    Raises:
        Unreadable: a field is missing or has the wrong type.
    """
    if not isinstance(body, dict):
        raise Unreadable("invalid type, expected struct CompletionRequest")
    if "prompt" not in body:
        raise Unreadable("missing field `prompt`")
    prompt = body["prompt"]
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise Unreadable("prompt: expected one string")
    request = Request(prompt, _parameters(body), stream=body.get("stream") is True)
    return CompletionRequest(request, has_suffix=body.get("suffix") is not None)


def _parameters(body: Mapping[str, Any]) -> Parameters:
    given = {name: body[name] for name in _SAME_NAMES if body.get(name) is not None}
    is_greedy = given.get("temperature") == 0
    if is_greedy:
        del given["temperature"]
    if body.get("max_tokens") is not None:
        given["max_new_tokens"] = body["max_tokens"]
    return read_parameters({**given, "do_sample": not is_greedy, "details": True})


def _usage(ending: Ending) -> dict[str, int]:
    return {
        "prompt_tokens": ending.input_length,
        "completion_tokens": ending.generated_tokens,
        "total_tokens": ending.input_length + ending.generated_tokens,
    }
