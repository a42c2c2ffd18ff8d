"""JSON from people's files, read without being harmed by it."""

import json
import math
import re

from bot.core.phrases import phrase

MOST_LEVELS = 60
"""Of lists and objects within each other; front ends need five or six."""
_LONGEST_NUMBER = 40
_HALF = re.compile(r"\\u[dD][89a-fA-F]")  # may leave half a character behind


class BadJson(ValueError):
    """It is no JSON, or goes too deep; `str()` says which, as the second half of a sentence."""


def read_json(text: str) -> object:
    """Read *text* as one JSON value that can be written, and walked through, again.

    What JSON does not know (`NaN`) or nobody can hold (`1e999`) becomes None,
    halves of characters become U+FFFD, and control characters may stand in texts.

    Raises:
        BadJson: it is no JSON, or nested too deeply.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadJson(
            phrase("it is no JSON from character {pos:,} on", pos=error.pos + 1)
        ) from None
    except RecursionError:
        raise BadJson(phrase("it is nested too deeply")) from None
    brackets = text.count("[") + text.count("{")
    if brackets > MOST_LEVELS and _is_deeper(value, MOST_LEVELS):
        raise BadJson(phrase("it is nested too deeply"))
    return _mended(value) if _HALF.search(text) else value


def write_json(value: object) -> str:
    """Write *value* on one line, as short as it goes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def whole_characters(text: str) -> str:
    """Return *text* with U+FFFD for halves of characters, which no file may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _real(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _whole(digits: str) -> float | None:
    # Python reads no whole number of more than 4,300 digits, and those take long.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else _real(digits)


_DECODER = json.JSONDecoder(
    parse_float=_real, parse_int=_whole, parse_constant=lambda _: None, strict=False
)


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    if not levels:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_is_deeper(each, levels - 1) for each in inner)


def _mended(value: object) -> object:
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_mended(each) for each in value]
    if isinstance(value, dict):
        return {whole_characters(name): _mended(each) for name, each in value.items()}
    return value
