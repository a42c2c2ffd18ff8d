"""A folder of characters, as a host has it."""

import os
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from bot.adapters.character_files import LoadedCharacters
from bot.adapters.character_yaml import MAX_AVATAR_BYTES, MAX_FILE_BYTES

GOOD = "name: Ann\npersona: Ann mends nets.\n"


Write = Callable[[str, str | bytes], Path]


def png(width: int = 1, height: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def only_warning(loaded: LoadedCharacters) -> str:
    (warning,) = loaded.warnings
    return warning


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "no name": ("persona: x\n", "`name` is missing; write the name it speaks under"),
    "no persona": ("name: B\n", "`persona` is missing; write who the character is"),
    "empty persona": ("name: B\npersona:\n", "line 2: `persona` is missing"),
    "persona is a list": ("name: B\npersona: [a, b]\n", "line 2: `persona` must be text"),
    "name is a group": ("name: {a: b}\npersona: x\n", "line 1: `name` must be text"),
    "name too long": (f"name: {'B' * 33}\npersona: x\n", "at most 32 fit"),
    "greetings a group": (GOOD + "greetings: {a: b}\n", "line 3: `greetings` must be a list"),
    "a greeting is a list": (GOOD + "greetings: [[a]]\n", "line 3: a greeting must be text"),
    "examples are text": (GOOD + "examples: hello\n", "line 3: `examples` must be a list"),
    "example without role": (GOOD + "examples: [a]\n", "each example must be one `- player:`"),
    "example of two": (GOOD + "examples: [{player: a, character: b}]\n", "each example must be"),
    "rating guessed": (GOOD + "rating: teen\n", "line 3: `rating` must be everyone or adult"),
    "field twice": (GOOD + "name: C\n", "line 3: `name` is there twice"),
    "not YAML": ("name: [unclosed\n", "expected ',' or ']'"),
    "a tab": ("name: B\n\tpersona: x\n", "line 2: a tab stands where spaces belong"),
    "a colon in the text": ("name: B\npersona: a: b\n", "line 2: the text holds a `: `"),
    "quote left open": ("name: B\npersona: 'x\n", "a quote is opened here and never closed"),
    "two documents": (GOOD + "---\n" + GOOD, "line 3: a line of only `---`"),
    "a list": ("- name: B\n", "line 1: it must consist of `field: value` lines"),
    "text": ("hello\n", "it must consist of `field: value` lines"),
    "empty": ("", "it is empty; see characters/README.md"),
    "only a comment": ("# later\n", "it is empty"),
    "binary": (bytes(range(256)), "it is not UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), "it is not UTF-8 text"),
    "a picture": (png(), "it is not UTF-8 text"),
    "NUL": (b"name: B\x00\npersona: x\n", "characters that text does not have"),
    "spelt-out NUL": ('name: "B\\0"\npersona: x\n', "`name` holds characters that text does"),
    "lone surrogate": (b'name: B\npersona: "\\ud800"\n', "line 2: `persona` holds characters"),
    "no such code point": ('name: "\\UFFFFFFFF"\npersona: x\n', "characters that text does not"),
    "huge": (GOOD + "# " + "x" * MAX_FILE_BYTES, "is larger than 64 kB"),
    "deep": ("a: " + "[" * 30_000, "it is nested too deeply"),
    "alias bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join(['*' + m] * 9)}]\n" for m, n in pairwise("abcdefghi")),
        "line 2: aliases (`*name`) are not allowed",
    ),
    "alias to itself": ("name: &a [*a]\npersona: x\n", "aliases (`*name`) are not allowed"),
    "alias as a key": ("name: &a B\n*a : x\n", "aliases (`*name`) are not allowed"),
    "a huge version number": (b"%YAML 1." + b"9" * 5000 + b"\n---\nname: B\n", "does not have"),
}  # fmt: skip


BAD_AVATARS: dict[str, tuple[Callable[[Path], object], str]] = {
    "../secret.png": (lambda _: None, "secret.png lies outside the character folder"),
    "missing.png": (lambda _: None, "missing.png cannot be read"),
    "sub": (lambda folder: (folder / "sub").mkdir(), "sub is not a file"),
    "jpeg.png": (lambda f: (f / "jpeg.png").write_bytes(b"\xff\xd8\xff\xe0"), "is not a PNG"),
    "short.png": (lambda f: (f / "short.png").write_bytes(b"\x89PNG"), "is not a PNG picture"),
    "big.png": (
        lambda f: (f / "big.png").write_bytes(png() + bytes(MAX_AVATAR_BYTES)),
        "big.png is larger than 1024 kB",
    ),
    "link.png": (
        lambda f: (f / "link.png").symlink_to(f.parent / "secret.png"),
        "link.png lies outside the character folder",
    ),
    "loop.png": (lambda f: (f / "loop.png").symlink_to("loop.png"), "loop.png"),
    "pipe.png": (lambda f: os.mkfifo(f / "pipe.png"), "pipe.png is not a file"),
}
