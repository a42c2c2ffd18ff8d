"""What Text Generation Inference 3.3 answers: events, whole answers and refusals.

The order of fields, the framing of events and the texts are those of its
router, so that a client cannot tell the difference. All of it is pure.
"""

import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

KEEP_ALIVE: Final = b":\n\n"


class Refused(Exception):
    """A request that gets TGI's error object.

    Attributes:
        kind: `error_type`, which decides the status of a whole answer.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def status(self) -> int:
        """For answers that are not streams; a stream is 200 whatever happens."""
        statuses = {"validation": 422, "overloaded": 429, "generation": 424, "healthcheck": 503}
        return statuses.get(self.kind, 500)

    @property
    def body(self) -> dict[str, str]:
        """The error object."""
        return {"error": str(self), "error_type": self.kind}


def invalid(message: str) -> Refused:
    """A request whose values TGI's validation refuses."""
    return Refused(f"Input validation error: {message}", kind="validation")


def overloaded() -> Refused:
    """As many requests as the server takes are being worked on."""
    return Refused("Model is overloaded", kind="overloaded")


def failed(reason: str) -> Refused:
    """The model broke off."""
    return Refused(f"Request failed during generation: Server error: {reason}", kind="generation")


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token as it stands in an event and in `details`."""

    id: int
    text: str
    logprob: float | None = None
    special: bool = False
    top: tuple["Token", ...] = ()

    @property
    def body(self) -> dict[str, Any]:
        """The token object."""
        return {
            "id": self.id,
            "text": self.text,
            "logprob": _as_f32(self.logprob),
            "special": self.special,
        }


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ended: `length`, `eos_token` or `stop_sequence`."""

    reason: str
    generated_tokens: int
    input_length: int
    seed: int | None
    text: str


def stream_event(
    index: int, token: Token, *, ending: Ending | None, details: bool, top: bool
) -> dict[str, Any]:
    """The event of the *index*-th token, counted from one; the last has an *ending*."""
    event: dict[str, Any] = {"index": index, "token": token.body}
    if top:
        event["top_tokens"] = [other.body for other in token.top]
    event["generated_text"] = ending.text if ending else None
    event["details"] = None
    if ending and details:
        event["details"] = {
            "finish_reason": ending.reason,
            "generated_tokens": ending.generated_tokens,
            "seed": ending.seed,
            "input_length": ending.input_length,
        }
    return event


def whole_answer(
    text: str,
    tokens: Sequence[Token],
    ending: Ending,
    *,
    details: bool,
    top: bool,
    prefill: Sequence[Token] = (),
) -> dict[str, Any]:
    """The answer of `/generate`."""
    answer: dict[str, Any] = {"generated_text": text}
    if not details:
        return answer
    told: dict[str, Any] = {
        "finish_reason": ending.reason,
        "generated_tokens": ending.generated_tokens,
        "seed": ending.seed,
        "prefill": [{"id": t.id, "text": t.text, "logprob": None} for t in prefill],
        "tokens": [token.body for token in tokens],
    }
    if top:
        told["top_tokens"] = [[other.body for other in token.top] for token in tokens]
    answer["details"] = told
    return answer


def encode(value: object) -> bytes:
    """Compact JSON in UTF-8, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def frame(event: object) -> bytes:
    """One server-sent event."""
    return b"data: " + encode(event) + b"\n\n"


def _as_f32(value: float | None) -> float | None:
    """The shortest decimal that is the same 32-bit number, as Rust prints it."""
    if value is None or not math.isfinite(value):
        return None
    exact = struct.pack("f", value)
    for digits in range(1, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == exact:
            return short
    return value
