"""The document in a piece of a file: JSON, base64 of it, or YAML, in any encoding."""

import binascii
import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable

from bot.core.cards.notes import Notes
from bot.core.chat_json import BadJson, read_json
from bot.core.phrases import phrase

MOST_BASE64 = 3 * 1024 * 1024
MOST_TEXT = 2 * 1024 * 1024
MOST_YAML = 64 * 1024
_VALUES, _BYTES_A_COMMA = 50_000, 30
"""How many values a text may hold: some anyhow, and one with so many bytes.

Memory goes by values, not by bytes. Commas in prose count as such, too.
"""
LOCKED = b"rcc||"
_BLANK = b" \t\r\n\0"
_BYTE_ORDER_MARKS = (BOM_UTF8, BOM_UTF16_LE, BOM_UTF16_BE)
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\-_\s]+")
_BYTE_LIST = re.compile(rb"\d{1,3}(?:\s*,\s*\d{1,3})+\s*,?")
_NO_NUMBER = "The text held numbers that JSON does not have; they are empty now."
_ROUGH = json.JSONDecoder(strict=False)
_DIGITS = re.compile(rb"\d+")
_HEAD = 4096

ReadYaml = Callable[[str], object]
"""Reads YAML to the values that JSON has; raises ValueError with half a sentence."""


class BadPayload(ValueError):
    """It is no document; `str()` says why, as the second half of a sentence."""


class LockedPayload(BadPayload):
    """RisuAI wrote it with a password."""


def no_yaml(text: str) -> object:
    """Read nothing: for where YAML is not to be read."""
    del text
    raise ValueError(phrase("it is no JSON"))


def read_payload(data: bytes, notes: Notes, read_yaml: ReadYaml = no_yaml) -> object:
    """Read *data* as a document, whatever it is wrapped in.

    Raises:
        BadPayload: it is none, or too large.
    """
    if len(data) > MOST_BASE64:
        raise BadPayload(
            phrase("it is larger than {most_base64} MB", most_base64=MOST_BASE64 // 1024**2)
        )
    bare = data.strip(_BLANK)
    if bare.startswith(LOCKED):
        raise LockedPayload(phrase("it is locked with a password"))
    if bare.startswith(b"data:"):
        bare = bare.partition(b",")[2]
    if _BYTE_LIST.fullmatch(bare[:_HEAD].rpartition(b",")[0] or bare):
        return _read_text(_from_byte_list(bare), notes, read_yaml)
    if _is_base64(bare):
        return _read_text(_from_base64(bare), notes, read_yaml)
    return _read_text(data, notes, read_yaml)


def _is_base64(data: bytes) -> bool:
    return _BASE64.fullmatch(data[:_HEAD].partition(b"\0")[0]) is not None


def _from_base64(data: bytes) -> bytes:
    """Decode as people's programs write it: unpadded, wrapped, URL-safe, cut at a null."""
    digits = data.partition(b"\0")[0].translate(_URL_SAFE, b"= \t\r\n\v\f")
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    try:
        return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))
    except binascii.Error:
        raise BadPayload(phrase("it is neither JSON nor base64")) from None


def _from_byte_list(data: bytes) -> bytes:
    try:
        return bytes(int(digits[0]) for digits in _DIGITS.finditer(data))
    except ValueError:
        raise BadPayload(phrase("it is neither JSON nor base64")) from None


def _read_text(data: bytes, notes: Notes, read_yaml: ReadYaml) -> object:
    if len(data) > MOST_TEXT:
        raise BadPayload(
            phrase("its text is larger than {most_text} MB", most_text=MOST_TEXT // 1024**2)
        )
    if data.startswith(LOCKED):
        raise LockedPayload(phrase("it is locked with a password"))
    text = _decoded(data, notes)
    if text[:1] in ("{", "["):
        return _read_json(text, notes)
    if len(data) > MOST_YAML:
        raise BadPayload(phrase("it is no JSON"))
    try:
        return read_yaml(text)
    except ValueError as error:
        raise BadPayload(str(error)) from None


def _read_json(text: str, notes: Notes) -> object:
    values = text.count(",") + text.count("[") + text.count("{")
    if values > _VALUES + len(text) // _BYTES_A_COMMA:
        raise BadPayload(phrase("it is crammed with numbers or lists"))
    try:
        document = _read_first(text, notes)
    except BadJson as error:
        raise BadPayload(str(error)) from None
    if "NaN" in text or "Infinity" in text:  # perhaps only in what somebody says
        constants = json.JSONDecoder(
            parse_int=float, parse_constant=lambda _: notes.add(_NO_NUMBER), strict=False
        )
        constants.raw_decode(text)
    return document


def _decoded(data: bytes, notes: Notes) -> str:
    if not data.startswith(_BYTE_ORDER_MARKS):
        data = data.strip(_BLANK) if b"\0" not in data[:4] else data
    encoding = json.detect_encoding(data)  # by the byte order mark, or where the zeros are
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if not encoding.startswith("utf-8"):
            text = data.decode(encoding, "replace")
        else:
            notes.add(phrase("The text is no UTF-8; it was read as Windows-1252."))
            text = data.decode("cp1252", "replace")
    return text.strip("\ufeff \t\r\n\0")


def _read_first(text: str, notes: Notes) -> object:
    """Read the document that *text* begins with."""
    try:
        return read_json(text)
    except BadJson:
        try:
            _, end = _ROUGH.raw_decode(text)
        except (ValueError, RecursionError):
            end = len(text)
        if end == len(text):
            raise
        notes.add(phrase("Something stood behind the card's text; it was left out."))
        return read_json(text[:end])
