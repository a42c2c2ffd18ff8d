"""What Text Generation Inference 3.3 accepts, and in which words it refuses the rest."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.tgi_server.wire import invalid

MAX_STOP_SEQUENCES: Final = 4
MAX_TOP_N_TOKENS: Final = 5
MAX_BEST_OF: Final = 1
RESERVED_AT_ONCE: Final = 1024
"""Of a longer `max_new_tokens`, TGI reserves this much and continues from there."""
LARGEST_FREQUENCY_PENALTY: Final = 2.0


class Unreadable(ValueError):
    """The body is JSON of the wrong shape; `str()` is what serde would say."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """`parameters` of a request, with TGI's defaults."""

    best_of: int | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    typical_p: float | None = None
    do_sample: bool = False
    max_new_tokens: int | None = None
    return_full_text: bool | None = None
    stop: tuple[str, ...] = ()
    truncate: int | None = None
    details: bool = False
    decoder_input_details: bool = False
    seed: int | None = None
    top_n_tokens: int | None = None
    grammar: Mapping[str, Any] | None = None

    @property
    def samples(self) -> bool:
        """Whether tokens are drawn; TGI decodes greedily unless something asks for chance."""
        return (
            self.do_sample
            or self.temperature not in (None, 1.0)
            or any(warper is not None for warper in (self.top_k, self.top_p, self.typical_p))
        )


@dataclass(frozen=True, slots=True)
class Request:
    """A body of `/generate`, `/generate_stream` and `/`."""

    inputs: str
    parameters: Parameters = field(default_factory=lambda: Parameters(do_sample=True))
    stream: bool = False


def read_request(body: object) -> Request:
    """Read a decoded JSON body.

    Raises:
        Unreadable: a field is missing or has the wrong type.
    """
    if not isinstance(body, dict):
        raise Unreadable(f"invalid type: {_told(body)}, expected struct GenerateRequest")
    if "inputs" not in body:
        raise Unreadable("missing field `inputs`")
    inputs = _text(body["inputs"], "inputs")
    stream = body.get("stream", False)
    if not isinstance(stream, bool):
        raise Unreadable(f"stream: invalid type: {_told(stream)}, expected a boolean")
    if body.get("parameters") is None:
        return Request(inputs=inputs, stream=stream)
    return Request(inputs, read_parameters(body["parameters"]), stream)


def read_parameters(given: object) -> Parameters:
    """Read the `parameters` object; unknown fields are ignored, as TGI does.

    Raises:
        Unreadable: a value has the wrong type.
    """
    if not isinstance(given, dict):
        raise Unreadable(
            f"parameters: invalid type: {_told(given)}, expected struct GenerateParameters"
        )
    values: dict[str, Any] = {}
    for name, read in _READERS.items():
        value = given.get(name)
        if value is not None or (name in _NEVER_NULL and name in given):
            values[name] = read(value, name)
    return Parameters(**values)


def _told(value: object) -> str:
    """How serde names a value that it did not expect."""
    encoded = json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return f"boolean `{encoded}`"
    if isinstance(value, int | float):
        kind = "integer" if isinstance(value, int) else "floating point"
        return f"{kind} `{encoded}`"
    if isinstance(value, str):
        return f"string {encoded}"
    if value is None:
        return "null"
    return "sequence" if isinstance(value, list) else "map"


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{name}: invalid type: {_told(value)}, expected a string")
    return value


def _texts(value: object, name: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Unreadable(f"parameters.{name}: invalid type: {_told(value)}, expected a sequence")
    return tuple(_text(item, f"parameters.{name}[{at}]") for at, item in enumerate(value))


def _flag(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"parameters.{name}: invalid type: {_told(value)}, expected a boolean")
    return value


def _integer(kind: str, smallest: int, largest: int) -> Callable[[object, str], int]:
    def read(value: object, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unreadable(f"parameters.{name}: invalid type: {_told(value)}, expected {kind}")
        if not smallest <= value <= largest:
            raise Unreadable(f"parameters.{name}: invalid value: {_told(value)}, expected {kind}")
        return value

    return read


def _float(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unreadable(f"parameters.{name}: invalid type: {_told(value)}, expected f32")
    return float(value)


def _grammar(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict) or "type" not in value:
        raise Unreadable(f"parameters.{name}: missing field `type`")
    if value["type"] not in {"json", "regex", "json_schema"}:
        raise Unreadable(
            f"parameters.{name}: unknown variant `{value['type']}`,"
            " expected one of `json`, `regex`, `json_schema`"
        )
    if "value" not in value:
        raise Unreadable(f"parameters.{name}: missing field `value`")
    return value


_u32: Final = _integer("u32", 0, 2**32 - 1)
_u64: Final = _integer("u64", 0, 2**64 - 1)
_READERS: Final[Mapping[str, Callable[[object, str], Any]]] = {
    "best_of": _integer("usize", 0, 2**64 - 1),
    "temperature": _float,
    "repetition_penalty": _float,
    "frequency_penalty": _float,
    "top_k": _integer("i32", -(2**31), 2**31 - 1),
    "top_p": _float,
    "typical_p": _float,
    "do_sample": _flag,
    "max_new_tokens": _u32,
    "return_full_text": _flag,
    "stop": _texts,
    "truncate": _integer("usize", 0, 2**64 - 1),
    "details": _flag,
    "decoder_input_details": _flag,
    "seed": _u64,
    "top_n_tokens": _u32,
    "grammar": _grammar,
}
_NEVER_NULL: Final = frozenset({"do_sample", "stop", "details", "decoder_input_details"})


def check_values(request: Request, *, streaming: bool, max_input_tokens: int) -> None:
    """Refuse values that TGI refuses, in its order; what needs tokens comes later.

    Raises:
        Refused: with the message TGI gives.
    """
    parameters = request.parameters
    best_of = 1 if parameters.best_of is None else parameters.best_of
    if streaming:
        _check_streamable(parameters, best_of)
    if best_of > 1 and not parameters.samples:
        raise invalid("you must use sampling when `best_of` is > 1")
    if not 0 < best_of <= MAX_BEST_OF:
        raise invalid(f"`best_of` must be > 0 and <= {MAX_BEST_OF}. Given: {best_of}")
    _check_sampling(parameters)
    if parameters.max_new_tokens == 0:
        raise invalid("`max_new_tokens` must be strictly positive")
    if len(parameters.stop) > MAX_STOP_SEQUENCES:
        raise invalid(
            f"`stop` supports up to {MAX_STOP_SEQUENCES} stop sequences."
            f" Given: {len(parameters.stop)}"
        )
    if parameters.top_n_tokens is not None and parameters.top_n_tokens > MAX_TOP_N_TOKENS:
        raise invalid(
            f"`top_n_tokens` must be >= 0 and <= {MAX_TOP_N_TOKENS}."
            f" Given: {parameters.top_n_tokens}"
        )
    if not request.inputs:
        raise invalid("`inputs` cannot be empty")
    if parameters.truncate is not None and not 0 < parameters.truncate <= max_input_tokens:
        raise invalid(
            f"`truncate` must be strictly positive and less than {max_input_tokens}."
            f" Given: {parameters.truncate}"
        )
    if parameters.grammar is not None:
        _check_grammar(parameters.grammar)


def _check_grammar(grammar: Mapping[str, Any]) -> None:
    """Llama.cpp would silently write freely instead."""
    if grammar["type"] != "regex":
        return
    try:
        re.compile(str(grammar["value"]))
    except re.error as error:
        raise invalid(f"grammar is not valid: {error}") from None


def _check_streamable(parameters: Parameters, best_of: int) -> None:
    if best_of != 1:
        raise invalid("`best_of` != 1 is not supported when streaming tokens")
    if parameters.decoder_input_details:
        raise invalid("`decoder_input_details` == true is not supported when streaming tokens")


def _check_sampling(parameters: Parameters) -> None:
    for name in ("temperature", "repetition_penalty"):
        value = getattr(parameters, name)
        if value is not None and value <= 0:
            raise invalid(f"`{name}` must be strictly positive")
    penalty = parameters.frequency_penalty
    if penalty is not None and abs(penalty) > LARGEST_FREQUENCY_PENALTY:
        raise invalid("`frequency_penalty` must be >= -2.0 and <= 2.0")
    for name in ("top_p", "typical_p"):
        value = getattr(parameters, name)
        if value is not None and not 0 < value < 1:
            raise invalid(f"`{name}` must be > 0.0 and < 1.0")
    if parameters.top_k is not None and parameters.top_k <= 0:
        raise invalid("`top_k` must be strictly positive")


def check_tokens(input_tokens: int, max_new_tokens: int | None, *, max_total_tokens: int) -> int:
    """Return how many tokens may be generated.

    Raises:
        Refused: prompt and reply do not fit, or the prompt alone does not.
    """
    max_input_tokens = max_total_tokens - 1
    if max_new_tokens is not None:
        reserved = min(max_new_tokens, RESERVED_AT_ONCE)
        if input_tokens + reserved > max_total_tokens:
            raise invalid(
                f"`inputs` tokens + `max_new_tokens` must be <= {max_total_tokens}."
                f" Given: {input_tokens} `inputs` tokens and {reserved} `max_new_tokens`"
            )
    if input_tokens > max_input_tokens:
        raise invalid(
            f"`inputs` must have less than {max_input_tokens} tokens. Given: {input_tokens}"
        )
    left = max_total_tokens - input_tokens
    return left if max_new_tokens is None else min(max_new_tokens, left)
