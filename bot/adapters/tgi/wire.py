"""TGI's JSON and the public types of `text-generation` 0.7.0, widened where those are too narrow.

0.7.0 drops `index` and `details.input_length`, and knows one of the two
incomplete generations by name only. Every foreign error becomes ours here.
"""

import json
import re
from typing import Any

from pydantic import ValidationError as ShapeError
from text_generation.errors import OverloadedError, ValidationError, parse_error
from text_generation.types import Parameters, Request, StreamDetails, StreamResponse

from bot.core.errors import (
    GenerationError,
    GenerationOverloaded,
    GenerationRejected,
    GenerationTooLong,
    GenerationUnauthorized,
    GenerationUnreachable,
)
from bot.core.generation import Delta, Finish, FinishReason, GenerationRequest

HTTP_UNAUTHORIZED = 401
HTTP_TOO_LARGE = 413
HTTP_INVALID = 422
HTTP_BUSY = 429


# TGI's two sentences about length (router/src/validation.rs).
_BOTH = re.compile(
    r"`inputs` tokens \+ `max_new_tokens` must be <= (\d+)\. "
    r"Given: (\d+) `inputs` tokens and (\d+) `max_new_tokens`"
)
_INPUT = re.compile(r"`inputs` must have less than (\d+) tokens\. Given: (\d+)")


class TgiStreamDetails(StreamDetails):
    """With the prompt's length as the server counted it."""

    input_length: int | None = None


class TgiStreamResponse(StreamResponse):
    """With the widened details."""

    details: TgiStreamDetails | None = None


def request_body(request: GenerationRequest, *, most_stops: int) -> dict[str, Any]:
    """The JSON of `/generate_stream`; as many stop strings as the server takes."""
    sampling = request.sampling
    parameters = Parameters(
        do_sample=True,
        details=True,
        max_new_tokens=request.max_new_tokens,
        stop=list(request.stop[:most_stops]),
        seed=request.seed,
        temperature=sampling.temperature,
        # The server refuses 1.0, which means "off".
        top_p=None if sampling.top_p == 1 else sampling.top_p,
        top_k=sampling.top_k,
        typical_p=None if sampling.typical_p == 1 else sampling.typical_p,
        repetition_penalty=sampling.repetition_penalty,
    )
    body = Request(inputs=request.prompt, parameters=parameters, stream=True)
    return body.model_dump(exclude_none=True, exclude={"stream"})


def delta_of(data: bytes) -> Delta:
    """One event of the stream.

    Raises:
        GenerationError: the event is an error, or makes no sense.
    """
    try:
        event = json.loads(data)
        if "error" in event:
            raise error_of(event, status=200)
        if event["generated_text"] is None:
            # Two hundred of these make a reply: read by hand, the rest by the types.
            token = event["token"]
            return Delta("", is_special=True) if token["special"] else Delta(str(token["text"]))
        response = TgiStreamResponse.model_validate(event)
    except (ValueError, KeyError, TypeError, ShapeError):
        # The event holds what people wrote: neither it nor the cause goes on.
        raise GenerationUnreachable("the model server sent an event that makes no sense") from None
    text = "" if response.token.special else response.token.text
    details = response.details
    if details is None:
        return Delta(text, Finish(FinishReason.STOP, generated_tokens=0))
    finish = Finish(
        FinishReason(details.finish_reason.value), details.generated_tokens, details.input_length
    )
    return Delta(text, finish)


def error_of(payload: object, *, status: int) -> GenerationError:
    """What the server's error object, or its bare status, means to us."""
    if status == HTTP_UNAUTHORIZED:
        return GenerationUnauthorized("the model server wants another key: check BOT_TGI__API_KEY")
    if isinstance(payload, dict) and isinstance(payload.get("error"), str):
        foreign = parse_error(status, payload)
        if isinstance(foreign, OverloadedError) or status == HTTP_BUSY:
            return GenerationOverloaded("the model server is overloaded")
        if isinstance(foreign, ValidationError):
            return _rejection(str(foreign))
    if status in (HTTP_INVALID, HTTP_TOO_LARGE):
        return GenerationRejected(f"the model server calls the request invalid (HTTP {status})")
    if status == HTTP_BUSY:
        return GenerationOverloaded("the model server is overloaded")
    return GenerationUnreachable(f"the model server failed (HTTP {status})")


def _rejection(said: str) -> GenerationRejected:
    if both := _BOTH.search(said):
        most, prompt, new = map(int, both.groups())
        return GenerationTooLong(said, excess=prompt + new - most)
    if alone := _INPUT.search(said):
        most, prompt = map(int, alone.groups())
        return GenerationTooLong(said, excess=prompt - most)
    return (
        GenerationTooLong(said)
        if "`inputs`" in said and "token" in said
        else GenerationRejected(said)
    )
