"""Writes `bot/core/lookalike_table.py` from Unicode's `confusables.txt` (UTS #39).

python -m tools.write_lookalikes confusables.txt

The file is at https://www.unicode.org/Public/security/latest/confusables.txt.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).resolve().parent.parent / "bot" / "core" / "lookalike_table.py"
WIDTH = 94
SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")
SMALL_CAPITAL = "LATIN LETTER SMALL CAPITAL "
AS_WELL = {"\u0138": "K", "\u028d": "M"}
"""Letters that Unicode keeps for themselves, and that stand where small capitals would."""

HEAD = '''\
"""Letters that look like others: written by `tools/write_lookalikes.py`, not by hand.

Made from `confusables.txt` of Unicode {version}, (c) 2026 Unicode, Inc., and changed:
only letters and digits are here that look like Latin, Greek or Cyrillic ones, without
marks, and that NFKC leaves as they are; small capitals count as capitals. Under the Unicode
License V3, which stands in `docs/unicode-license.txt`.

An entry is what is looked like, a colon, and what looks like it; a blank parts two.
"""

LOOKALIKES = (
{lines}
)
'''
_MARKS = re.compile("[\u0300-\u036f]")


def main() -> None:
    """Write the table."""
    text = Path(sys.argv[1]).read_text(encoding="utf-8-sig")
    version = re.search(r"^# Version: (\d+)", text, re.MULTILINE)
    if version is None:
        sys.exit("This is not Unicode's confusables.txt.")
    groups: dict[str, list[str]] = {}
    # What Unicode says of a small capital is less than that it is one.
    for sign, like in {**dict(_entries(text)), **dict(_entries(""))}.items():
        groups.setdefault(like, []).append(sign)
    words = [f"{like}:{''.join(signs)}" for like, signs in sorted(groups.items())]
    lines = "\n".join(f'    "{line}"' for line in _wrapped(" ".join(words)))
    TABLE.write_text(HEAD.format(version=version[1], lines=lines), encoding="ascii")
    print(f"{sum(map(len, groups.values()))} letters that look like {len(groups)} others")


def _entries(text: str) -> Iterator[tuple[str, str]]:
    """A letter, and the letters that it looks like."""
    for sign in (*map(chr, range(0x250, 0x2B0)), *map(chr, range(0x1D00, 0x1D26)), *AS_WELL):
        if _capital(sign) != sign:
            yield sign, _capital(sign)
    for line in text.splitlines():
        fields = line.partition("#")[0].split(";")
        if len(fields) < 3:  # noqa: PLR2004  # letter, what it looks like, a class
            continue
        sign, like = (_text(field) for field in fields[:2])
        like = "".join(_capital(char) for char in _bare(like) if char.isalnum())
        is_letter = unicodedata.category(sign)[0] in "LN" and len(_bare(sign)) == 1
        is_stable = unicodedata.normalize("NFKC", sign) == sign
        if like and is_letter and is_stable and sign != like and all(map(_is_known, like)):
            yield sign, like


def _text(field: str) -> str:
    return "".join(chr(int(code, 16)) for code in field.split())


def _bare(text: str) -> str:
    return _MARKS.sub("", unicodedata.normalize("NFD", text))


def _capital(char: str) -> str:
    letter = unicodedata.name(char, "").removeprefix(SMALL_CAPITAL)
    return AS_WELL.get(char, letter if len(letter) == 1 else char)


def _is_known(char: str) -> bool:
    return char.isascii() or unicodedata.name(char, "").startswith(SCRIPTS)


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for char in text:
        sign = char if char.isascii() else ascii(char)[1:-1]
        if len(line) + len(sign) > WIDTH:
            yield line
            line = ""
        line += sign
    yield line


if __name__ == "__main__":
    main()
