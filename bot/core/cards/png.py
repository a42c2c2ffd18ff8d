"""PNG and APNG: the texts in them, and texts put into them. No pixel is ever decoded."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.core.cards.notes import Notes
from bot.core.phrases import phrase

MAGIC = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 50_000
MOST_TEXTS = 64
MOST_UNPACKED = 4 * 1024 * 1024
"""Of all texts of a file together."""
MOST_SIDE = 4096
MOST_PIXELS = 16_000_000
_HEAD, _TAIL = 8, 4  # length and kind before a chunk's data, the checksum behind it
_SIZE = struct.Struct(">II")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_LONGEST_KEYWORD = 79


class BadPng(ValueError):
    """The file is damaged; `str()` says how, as the second half of a sentence."""


class Chunk(NamedTuple):
    """A part of a PNG file.

    Attributes:
        data: a view into the file.
        whole: length, kind, data and checksum together.
    """

    kind: bytes
    data: memoryview
    whole: memoryview


class PngText(NamedTuple):
    """A text in a PNG file, unpacked; its keyword in lower case."""

    keyword: str
    text: bytes


def chunks(data: bytes) -> Iterator[Chunk]:
    """Go through *data* up to its end mark.

    Raises:
        BadPng: a chunk reaches beyond the file, or there is no end mark; those before were told.
    """
    view, at = memoryview(data), len(MAGIC)
    for _ in range(MOST_CHUNKS):
        if at + _HEAD + _TAIL > len(data):
            raise BadPng(phrase("it is cut short"))
        length = int.from_bytes(view[at : at + 4])
        end = at + _HEAD + length + _TAIL
        if end > len(data):
            raise BadPng(phrase("a part of it is longer than the file"))
        kind = bytes(view[at + 4 : at + _HEAD])
        yield Chunk(kind, view[at + _HEAD : end - _TAIL], view[at:end])
        if kind == b"IEND":
            return
        at = end
    raise BadPng(phrase("it has too many parts"))


def texts(data: bytes, keywords: Sequence[str], notes: Notes) -> list[PngText]:
    """Return the texts under *keywords*, in the order of the file.

    Raises:
        BadPng: the file is damaged before the first of them.
    """
    found: list[PngText] = []
    room, end = MOST_UNPACKED, len(MAGIC)
    try:
        for chunk in chunks(data):
            end += len(chunk.whole)
            if chunk.kind not in _TEXTS or len(found) == MOST_TEXTS:
                continue
            keyword = _keyword(chunk)
            if keyword not in keywords:
                continue
            text = _text(chunk, room)
            if text is None:
                notes.add(
                    phrase(
                        "The `{keyword}` text of the picture cannot be unpacked.", keyword=keyword
                    )
                )
                continue
            room -= len(text)
            found.append(PngText(keyword, text))
            if zlib.crc32(chunk.whole[4:-_TAIL]) != int.from_bytes(chunk.whole[-_TAIL:]):
                notes.add(
                    phrase("A checksum in the picture is wrong; the card was read all the same.")
                )
    except BadPng as error:
        if not found:
            raise
        notes.add(
            phrase(
                "The picture is damaged ({error}); the card was read all the same.",
                error=str(error),
            )
        )
    else:
        if end < len(data):
            notes.add(phrase("Something stands behind the end of the picture; it was left out."))
    return found


def _keyword(chunk: Chunk) -> str:
    head = bytes(chunk.data[: _LONGEST_KEYWORD + 1])
    return head.partition(b"\0")[0].decode("latin-1").strip().lower()


def _text(chunk: Chunk, room: int) -> bytes | None:
    """Unpack a text; None if it is broken.

    Raises:
        BadPng: it takes more than *room*.
    """
    keyword, _, rest = bytes(chunk.data).partition(b"\0")
    del keyword
    is_packed = False
    if chunk.kind == b"zTXt":
        is_packed, rest = True, rest[1:]
    elif chunk.kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # a language, a keyword in it
    if is_packed:
        unpacking = zlib.decompressobj()
        try:
            rest = unpacking.decompress(rest, room + 1)
        except zlib.error:
            return None
    if len(rest) > room:
        raise BadPng(
            phrase(
                "its texts unpack to more than {most_unpacked} MB",
                most_unpacked=MOST_UNPACKED // 1024**2,
            )
        )
    return rest


def size_of(data: bytes) -> tuple[int, int] | None:
    """Return width and height as the file claims them; None if it is no PNG."""
    if not data.startswith(MAGIC) or data[12:16] != b"IHDR" or len(data) < len(MAGIC) + 16:
        return None
    width, height = _SIZE.unpack_from(data, len(MAGIC) + _HEAD)
    return width, height


def is_fit_to_show(data: bytes) -> bool:
    """Whether the picture is small enough that somebody may be made to decode it."""
    size = size_of(data)
    return size is not None and max(size) <= MOST_SIDE and 0 < size[0] * size[1] <= MOST_PIXELS


def without_texts(data: bytes, keywords: Sequence[str] | None = None) -> bytes:
    """Return the picture without the texts under *keywords*, or any; and what stands behind it."""
    parts: list[bytes | memoryview] = [MAGIC]
    try:
        parts.extend(
            chunk.whole
            for chunk in chunks(data)
            if chunk.kind not in _TEXTS or not (keywords is None or _keyword(chunk) in keywords)
        )
    except BadPng:
        parts.append(chunk_of(b"IEND", b""))
    return b"".join(parts)


def with_texts(data: bytes, added: Sequence[PngText]) -> bytes:
    """Return the picture with *added* before its end, in place of texts under their keywords."""
    bare = without_texts(data, [text.keyword for text in added])
    end = chunk_of(b"IEND", b"")
    new = [chunk_of(b"tEXt", text.keyword.encode() + b"\0" + text.text) for text in added]
    return b"".join((bare[: -len(end)], *new, end))


def chunk_of(kind: bytes, data: bytes) -> bytes:
    """Make a chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def plain_picture(seed: str) -> bytes:
    """Draw a plain picture whose colour *seed* chooses, for a card that has none."""
    width, height = 256, 384
    shade = zlib.crc32(seed.encode("utf-8", "replace"))
    colour = bytes(96 + (shade >> shift) % 96 for shift in (0, 8, 16))
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(width // 8)) * height)
    parts = ((b"IHDR", header), (b"PLTE", colour), (b"IDAT", rows), (b"IEND", b""))
    return MAGIC + b"".join(chunk_of(kind, data) for kind, data in parts)
