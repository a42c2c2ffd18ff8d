"""Reads the chat files of SillyTavern and other front ends.

    read_chat ── bytes to text ── one JSON value ── chat_shapes ──┐
                     │       └─── JSON lines ─────────────────────┼── chat_lines ── Chat
                     └─────────── names and texts ── chat_text ───┘

A file is refused only if there is no chat in it: what is wrong with a line costs
that line, and is told.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import PurePosixPath

from bot.core.chat import Chat, ChatFileError, ChatMessage
from bot.core.chat_json import BadJson, read_json
from bot.core.chat_lines import (
    BadLine,
    Line,
    header_fields,
    is_header,
    is_message,
    metadata_of,
    names_in,
    read_line,
)
from bot.core.chat_shapes import shaped
from bot.core.chat_text import shaped_text
from bot.core.phrases import phrase

__all__ = ["MOST_BYTES", "Chat", "ChatFileError", "ChatMessage", "read_chat"]

MOST_BYTES = 8_000_000
MOST_MESSAGES = 20_000
MOST_LINES = 100_000
_VALUES, _VALUES_A_MESSAGE, _BYTES_A_COMMA = 20_000, 10, 30
"""How many values a file may hold: some anyhow, some with each message.

Memory goes by values, not by bytes. Commas in prose count as such, too.
"""
MOST_WARNINGS = 20

_WHAT_TO_GIVE = phrase(
    "give a SillyTavern chat (.jsonl), or an export of Chub, Agnai, RisuAI, KoboldAI Lite, "
    "text-generation-webui or CAI Tools."
)
_TOO_MANY_LINES = phrase(
    "The file has more than {most:,} lines: give one with fewer messages.", most=MOST_LINES
)
_BLANK = b" \t\r\n\0"
_OF_CARDS = ("first_mes", "char_persona", "spec", "description", "personality")
_TEXT_ENDINGS = frozenset(("", ".txt", ".md", ".log"))


def read_chat(data: bytes, filename: str = "") -> Chat:
    """Read a chat file; its name only helps where the bytes leave a doubt.

    Raises:
        ChatFileError: it is too large, or there is no chat in it.
    """
    if len(data) > MOST_BYTES:
        raise ChatFileError(
            phrase(
                "The file is larger than {most_bytes} MB: give one with fewer messages.",
                most_bytes=MOST_BYTES // 1000000,
            )
        )
    warnings = _Warnings()
    data = _in_utf_8(data)
    if not data:
        raise ChatFileError(phrase("The file is empty: {what_to_give}", what_to_give=_WHAT_TO_GIVE))
    if data[:1] in (b"{", b"["):
        return _read_json_file(data, warnings)
    if PurePosixPath(filename).suffix.lower() in _TEXT_ENDINGS:
        if data.count(b"\n") >= MOST_LINES:
            raise ChatFileError(_TOO_MANY_LINES)
        found = shaped_text(_decoded(data, phrase("The file"), warnings))
        if found is not None:
            warnings.add(phrase("The file does not say who is a player: who speaks first is not."))
            return _assembled(found.header, list(enumerate(found.lines, 1)), "Message", warnings)
    return _read_json_lines(data, warnings)


class _Warnings:
    """What could not be read, as far as somebody wants to know it."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._further = 0
        self.first_skipped = ""

    def skip(self, where: str, why: object) -> None:
        """Tell that a message was left out."""
        self.first_skipped = self.first_skipped or f"{where.lower()}: {why}"
        self.add(phrase("{where} was skipped: {why}.", where=where, why=why))

    def add(self, sentence: str) -> None:
        if len(self._said) < MOST_WARNINGS:
            self._said.append(sentence)
        else:
            self._further += 1

    def all(self) -> tuple[str, ...]:
        more = (
            (phrase("There are {further:,} more such warnings.", further=self._further),)
            if self._further
            else ()
        )
        return (*self._said, *more)


def _in_utf_8(data: bytes) -> bytes:
    """Return *data* as UTF-8, with one kind of line break and nothing blank around it."""
    encoding = json.detect_encoding(data)  # by the byte order mark, or where the zeros are
    if not encoding.startswith("utf-8"):
        data = data.decode(encoding, "replace").encode()
    data = data.removeprefix(BOM_UTF8).strip(_BLANK)
    return data.replace(b"\r", b"\n") if b"\n" not in data else data


def _decoded(data: bytes, what: str, warnings: _Warnings) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        warnings.add(
            phrase("{what} holds bytes that are no UTF-8 text; a � stands for each.", what=what)
        )
        return data.decode(errors="replace")


def _values(data: bytes) -> int:
    return data.count(b",") + data.count(b"[") + data.count(b"{")


def _room(data: bytes) -> int:
    messages = min(MOST_MESSAGES, data.count(b"{"))
    return _VALUES + _VALUES_A_MESSAGE * messages + len(data) // _BYTES_A_COMMA


def _parsed(data: bytes, room: int, what: str, warnings: _Warnings) -> object:
    if _values(data) > room:
        raise BadJson(phrase("it is crammed with numbers or lists"))
    return read_json(_decoded(data, what, warnings))


def _read_json_file(data: bytes, warnings: _Warnings) -> Chat:
    """Read one JSON value, or one on each line."""
    end = data.find(b"\n")
    if end >= 0 and _is_whole(data[:end]):
        return _read_json_lines(data, warnings)
    noted = _Warnings()
    try:
        document = _parsed(data, _room(data), phrase("The file"), noted)
    except BadJson as error:
        if end >= 0:
            return _read_json_lines(data, warnings)
        raise ChatFileError(phrase("The file cannot be read: {error}.", error=str(error))) from None
    return _read_document(document, noted)


def _is_whole(line: bytes) -> bool:
    """Whether the first of several lines is a JSON object of its own."""
    try:
        return isinstance(_parsed(line, _room(line), "", _Warnings()), dict)
    except BadJson:
        return False


def _read_document(document: object, warnings: _Warnings) -> Chat:
    if isinstance(document, dict):
        # No other program writes such a field: it is a header, whatever else it says.
        found = None if "chat_metadata" in document else shaped(document)
        if found is None:
            return _read_values([(1, document)], "Message", warnings)
        if not found.lines:
            raise ChatFileError(
                phrase(
                    "There are no messages in the file: {what_to_give}", what_to_give=_WHAT_TO_GIVE
                )
            )
        if found.set_aside:
            warnings.add(
                phrase(
                    "The file holds {set_aside:,} more chats: the longest was read.",
                    set_aside=found.set_aside,
                )
            )
        return _assembled(found.header, list(enumerate(found.lines, 1)), "Message", warnings)
    values = document if isinstance(document, list) else [document]
    return _read_values(enumerate(values, 1), "Message", warnings)


def _read_json_lines(data: bytes, warnings: _Warnings) -> Chat:
    return _read_values(_parsed_lines(data, warnings), "Line", warnings)


def _parsed_lines(data: bytes, warnings: _Warnings) -> Iterator[tuple[int, object]]:
    if data.count(b"\n") >= MOST_LINES:
        raise ChatFileError(_TOO_MANY_LINES)
    start, room = 0, _room(data)
    for number in count(1):
        end = data.find(b"\n", start)
        line = data[start : end if end >= 0 else None].strip()
        if line:
            try:
                yield (
                    number,
                    _parsed(line, room, phrase("Line {number:,}", number=number), warnings),
                )
                room -= _values(line)
            except BadJson as error:
                warnings.skip(phrase("Line {number:,}", number=number), error)
        if end < 0:
            return
        start = end + 1


def _read_values(values: Iterable[tuple[int, object]], unit: str, warnings: _Warnings) -> Chat:
    """Sort SillyTavern's lines into the header and the messages."""
    header: Line | None = None
    lines: list[tuple[int, Line | None]] = []
    is_first = True
    for number, value in values:
        line = value if isinstance(value, dict) else None
        if line is not None and is_first:
            _refuse_what_begins_otherwise(line)
            is_first = False
            if is_header(line):
                header = line
                continue
        lines.append((number, line if line is not None and is_message(line) else None))
        if len(lines) > MOST_MESSAGES:
            break
    return _assembled(header, lines, unit, warnings)


def _refuse_what_begins_otherwise(first: Line) -> None:
    """Refuse what SillyTavern does not take for a chat either, and cards."""
    if is_header(first) or is_message(first):
        return
    if "entries" in first:
        raise ChatFileError(
            phrase("The file is a lorebook, no chat: {what_to_give}", what_to_give=_WHAT_TO_GIVE)
        )
    if any(name in first for name in _OF_CARDS):
        raise ChatFileError(
            phrase(
                "The file is a character card, no chat: {what_to_give}", what_to_give=_WHAT_TO_GIVE
            )
        )
    if "name" not in first:
        raise ChatFileError(
            phrase(
                "The file does not begin as a chat does: {what_to_give}", what_to_give=_WHAT_TO_GIVE
            )
        )


def _assembled(
    header: Line | None,
    lines: Sequence[tuple[int, Line | None]],
    unit: str,
    warnings: _Warnings,
) -> Chat:
    if len(lines) > MOST_MESSAGES:
        raise ChatFileError(
            phrase(
                "The file holds more than {most_messages:,} messages: give fewer.",
                most_messages=MOST_MESSAGES,
            )
        )
    names = names_in(header or {}, [line for _, line in lines if line is not None])
    messages = []
    for number, line in lines:
        try:
            messages.append(read_line(line or {}, names))
        except BadLine as error:
            warnings.skip(f"{unit} {number:,}", error)
    if not messages:
        if warnings.first_skipped or header is None:
            facts = {"first": warnings.first_skipped, "what_to_give": _WHAT_TO_GIVE}
            raise ChatFileError(
                phrase(
                    "There are no messages in the file that can be read ({first}): {what_to_give}",
                    **facts,
                )
                if warnings.first_skipped
                else phrase("There are no messages in the file: {what_to_give}", **facts)
            )
        warnings.add(phrase("There are no messages in the file."))
    return Chat(
        tuple(messages),
        user_name=names.user,
        character_name=names.character,
        metadata=metadata_of(header or {}),
        fields=header_fields(header or {}),
        warnings=warnings.all(),
    )
