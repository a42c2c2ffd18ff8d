"""Avatars drawn from an id: a lantern of two colours, different for everyone."""

import hashlib
import struct
import zlib

SIZE = 96
_CENTRE = SIZE / 2
_Colour = tuple[int, int, int]


def face(key: str) -> str:
    """Name the picture that belongs to *key*, as Discord names avatars."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


def draw(key: str) -> bytes:
    """Draw the picture that belongs to *key* as a PNG."""
    digest = hashlib.sha256(key.encode()).digest()
    outside = _tone(digest[0], 70)
    inside = _tone(digest[0] + 96, 200)
    rows = bytearray()
    for y in range(SIZE):
        rows.append(0)
        for x in range(SIZE):
            rows.extend(_pixel(x, y, outside, inside, digest[1] % 4))
    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(rows), 6)
    chunks = _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _pixel(x: int, y: int, outside: _Colour, inside: _Colour, shape: int) -> _Colour:
    across, down = abs(x - _CENTRE), abs(y - _CENTRE)
    size = _CENTRE * 0.62
    is_inside = (
        across + down < size * 1.25,
        across * across + down * down < size * size,
        max(across, down) < size * 0.85,
        across * 1.6 + down < size * 1.4,
    )[shape]
    return inside if is_inside else outside


def _tone(hue: int, light: int) -> _Colour:
    """A colour of the wheel; hue in 256ths of a turn."""
    sixth, rest = divmod(hue % 256 * 6, 256)
    up, down = 60 + rest * light // 400, 60 + (256 - rest) * light // 400
    full, low = 60 + light * 256 // 400, 60
    wheel = (
        (full, up, low),
        (down, full, low),
        (low, full, up),
        (low, down, full),
        (up, low, full),
        (full, low, down),
    )
    return wheel[sixth]


def _chunk(kind: bytes, body: bytes) -> bytes:
    mark = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + mark
