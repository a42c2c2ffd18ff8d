"""What TavernAI wrote into WebP files, and others into JPEG: a card as EXIF's user comment."""

from collections.abc import Iterator

MOST_PARTS = 1000
_ASCII, _UNICODE = b"ASCII\0\0\0", b"UNICODE\0"
_RIFF_HEAD = 12
_PART_HEAD = 8
_SCAN = b"\xda"  # of a JPEG: pixels from here on
_STANDALONE = range(0xD0, 0xDA)  # JPEG's marks without a length


def comments_of_webp(data: bytes) -> Iterator[bytes]:
    """The user comments of a RIFF file."""
    at = _RIFF_HEAD
    for _ in range(MOST_PARTS):
        if at + _PART_HEAD > len(data):
            return
        length = int.from_bytes(data[at + 4 : at + _PART_HEAD], "little")
        if data[at : at + 4] == b"EXIF":
            yield from _comments(data[at + _PART_HEAD : at + _PART_HEAD + length])
        at += _PART_HEAD + length + length % 2


def comments_of_jpeg(data: bytes) -> Iterator[bytes]:
    """The user comments of a JPEG file."""
    at = 2
    for _ in range(MOST_PARTS):
        mark = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or mark in (b"", _SCAN):
            return
        length = 0 if mark[0] in _STANDALONE else int.from_bytes(data[at + 2 : at + 4])
        if mark == b"\xe1":
            yield from _comments(data[at + 4 : at + 2 + length])
        at += 2 + length


def _comments(exif: bytes) -> Iterator[bytes]:
    # The comment's own length is not asked for: writers get it wrong, and what
    # follows a document does no harm.
    for mark in (_ASCII, _UNICODE):
        _, found, rest = exif.partition(mark)
        if found:
            yield _text(rest, mark)


def _text(rest: bytes, mark: bytes) -> bytes:
    if mark == _ASCII:
        return rest.partition(b"\0")[0]
    for encoding, brace in (("utf-16-le", b"{\0"), ("utf-16-be", b"\0{")):
        if rest.startswith(brace):
            text = rest.decode(encoding, "replace")
            return text[: text.rfind("}") + 1].encode()
    return rest
