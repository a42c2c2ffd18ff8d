"""Strangers' pictures are drawn anew; what would blow a decoder up is refused in time."""

import io
import random
import resource
import struct
import time
import zlib

import pytest
from PIL import Image

from bot.adapters.pictures import redrawn
from bot.core.cards import png
from bot.core.cards.portrait import BadPicture

HIDDEN = b"<script>PK\x03\x04 hidden"


def drawn(kind: str, size: tuple[int, int] = (300, 450), **options: object) -> bytes:
    into = io.BytesIO()
    Image.new("RGB", size, (200, 40, 40)).save(into, kind, **options)
    return into.getvalue()


def noise(side: int) -> bytes:
    into = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3)).save(
        into, "PNG"
    )
    return into.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small file that unpacks to that many pixels; its rows are packed once, not each."""
    row, count = bytes(width + 1), min(height, 20_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(row) + packer.flush(zlib.Z_FULL_FLUSH)
    check = (len(row) * count % 65_521 << 16) + 1  # Adler-32 of that many zeros
    rows = b"\x78\xda" + packed * count + b"\x03\x00" + struct.pack(">I", check)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return png.MAGIC + b"".join(png.chunk_of(kind, data) for kind, data in chunks)


def size(picture: bytes) -> tuple[int, int]:
    found = png.size_of(picture)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG", "GIF"])
def test_every_usual_kind_becomes_a_png_and_a_square_face(kind: str) -> None:
    found = redrawn(drawn(kind))

    assert size(found.picture) == (300, 450)
    assert size(found.face) == (256, 256)


def test_nothing_of_the_upload_but_its_pixels_is_left() -> None:
    upload = png.with_texts(drawn("PNG"), [png.PngText("chara", HIDDEN)]) + HIDDEN

    found = redrawn(upload)

    assert HIDDEN not in found.picture
    assert HIDDEN not in found.face
    kinds = {chunk.kind for chunk in png.chunks(found.picture)}
    assert kinds == {b"IHDR", b"IDAT", b"IEND"}


def test_a_large_picture_is_drawn_smaller_until_it_has_few_bytes() -> None:
    found = redrawn(noise(1500))

    assert max(size(found.picture)) <= 768
    assert len(found.picture) <= 768 * 1024
    assert len(found.face) <= 160 * 1024


def test_the_largest_that_is_taken_is_drawn() -> None:
    assert size(redrawn(drawn("PNG", (4000, 4000))).picture) == (768, 768)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "damaged"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"GIF89a" + bytes(50), "damaged"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "damaged"),
        (drawn("TIFF"), "not shown"),
        (drawn("PNG")[:200], "damaged"),
        (bomb(60_000, 60_000), "too many pixels"),
        (bomb(4096, 4096), "too many pixels"),
        (bytes(8 * 1024 * 1024 + 1), "larger than 8 MB"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_time_and_without_memory_of_ours(
    data: bytes, words: str
) -> None:
    before_kb, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    with pytest.raises(BadPicture, match=words):
        redrawn(data)

    assert time.monotonic() - began < 5.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 64 * 1024
