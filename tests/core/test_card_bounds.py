"""No file takes more than a second, or more than 50 MB, to be read and written."""

import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

from bot.core.cards import png
from bot.core.cards.archive import archive_of, member
from tests.card_measures import MOST_BYTES, MOST_SECONDS, faults_of
from tests.cards import CARDS, DATA, EXPECTED, as_json, document, in_picture, packed

ROOT = Path(__file__).parents[2]
END = png.chunk_of(b"IEND", b"")


def _bomb(size: int) -> bytes:
    packing = zlib.compressobj(9)
    return b"".join(
        [*(packing.compress(bytes(1 << 20)) for _ in range(size >> 20)), packing.flush()]
    )


def _png(*chunks: bytes) -> bytes:
    return png.plain_picture("x")[: -len(END)] + b"".join(chunks) + END


def _crammed(item: str, times: int) -> bytes:
    return b'{"name":"A","first_mes":"f","x":[' + (item * times).encode() + b"1]}"


def hostile() -> dict[str, bytes]:
    """Files that ask for more than they are worth."""
    text = "She was a little old, a " * 600
    everywhere = {**DATA, "alternate_greetings": [text] * 120, "description": text}
    listed = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 0, 0, 0)
    shared = member("card.json", as_json(document(description="x" * 100_000)))
    return {
        "ztxt_bomb.png": _png(png.chunk_of(b"zTXt", b"chara\0\0" + _bomb(128 << 20))),
        "itxt_bombs.png": _png(
            *[png.chunk_of(b"iTXt", b"ccv3\0\1\0\0\0" + _bomb(16 << 20))] * 80
        ),
        "many_chunks.png": _png(*[png.chunk_of(b"aaAa", b"")] * 1_000_000),
        "many_cards.png": in_picture(*[(b"ccv3", b"e30=")] * 20_000),
        "large_cards.png": in_picture(*[(b"ccv3", b"A" * 3_000_000)] * 6),
        "empty_lists.json": _crammed("[],", 500_000),
        "objects.json": _crammed('{"a":1},', 30_000),
        "numbers.json": _crammed("1,", 900_000),
        "a_long_number.json": _crammed("9" * 1_900_000 + ",", 1),
        "text.json": as_json({**document(), "data": everywhere}),
        "deep.json": b'{"name":"A","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        "words.json": as_json(document(description="is a " * 3000 + "age: " * 3000)),
        "numbers_in_words.json": as_json(document(description="1" * 16_000 + " 9-" * 5000)),
        "list.yaml": b"name: A\nx: [" + b"a," * 30_000 + b"]",
        "flow.yaml": b"name: A\nx: " + b"{a: " * 15_000,
        "spaces.yaml": b"name: A\nx: " + b" " * 60_000,
        "scalar.yaml": b"name: A\npersona: " + b"word " * 12_000,
        "same_file.charx": archive_of([shared, *[shared] * 3_000]),
        "many_files.charx": archive_of([shared, *[member(str(n), b"") for n in range(20_000)]]),
        "ends.charx": listed * 500_000,
        "bomb.charx": archive_of([member("card.json", bytes(64 << 20))]),
        "byte_list.webp": b"RIFF\0\0\0\0WEBPEXIF" + struct.pack("<I", 2_900_000)
        + b"ASCII\0\0\0" + b"32," * 966_000,
        "parts.webp": b"RIFF\0\0\0\0WEBP" + b"EXIF\0\0\0\0" * 1_000_000,
        "marks.jpg": b"\xff\xd8" + b"\xff\xe1\0\2" * 1_000_000,
        "zeros.bin": bytes(19_000_000),
        "base64.txt": b"QUFB" * 700_000,
        "lines.txt": b"QUFB\n" * 600_000,
        "packed.png": in_picture((b"chara", packed({**document(), "data": everywhere}))),
    }  # fmt: skip


def _measures(paths: list[Path]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.card_measures", *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _beyond(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in found if each["seconds"] > MOST_SECONDS or each["bytes"] > MOST_BYTES]


def test_no_file_of_the_collection_takes_long_or_much() -> None:
    found = _measures([CARDS / name for name in EXPECTED])

    assert len(found) == len(EXPECTED)
    faults = {
        each["name"]: faults_of(each, EXPECTED[name])
        for name, each in zip(EXPECTED, found, strict=True)
    }
    assert {name: fault for name, fault in faults.items() if fault} == {}


def test_no_hostile_file_takes_long_or_much(tmp_path: Path) -> None:
    files = hostile()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    found = _measures([tmp_path / name for name in files])

    assert [each["name"] for each in found] == list(files)
    assert _beyond(found) == []
    accepted = [each["name"] for each in found if not each["said"].endswith(".")]
    assert {"text.json", "words.json", "scalar.yaml", "packed.png"} <= set(accepted)
