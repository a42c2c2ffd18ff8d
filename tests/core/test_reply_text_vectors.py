"""Clean-up as SillyTavern 1.12.6 does it, and where we differ on purpose."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.reply_text import ReplyText
from tests.profiles import ZEPHRP

VECTORS = Path(__file__).parent.parent / "golden" / "vectors"

# Theirs keeps a name behind a blank, the modifier of a header that it deletes,
# and takes a last "#" for the beginning of a header that never came.
DIFFERENT = {
    " Aya: Hello.": "Hello.",
    "Hello.\n\n### Response: (length = medium)\nAya: more": "Hello.",
    " Hello.\n#": "Hello.\n#",
}
GROUPS = {
    "LimaRP solo": ("Anon",),
    "LimaRP group (Aya speaking; Bo, Cy members)": ("Anon", "Bo", "Cy"),
}


def cases(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


CLEANUP = [
    (GROUPS[group["name"]], case["in"], case["out"])
    for group in cases("stop_and_cleanup_st_1.12.6_golden.json")["cleanup"]
    for case in group["cases"]
]
TRIMMED = [
    (case["in"], {case["st"], case["agnai"]}) for case in cases("trim_sentence.json")["cases"]
]


@pytest.mark.parametrize(("others", "raw", "theirs"), CLEANUP)
def test_replies_are_cleaned_as_elsewhere(others: tuple[str, ...], raw: str, theirs: str) -> None:
    for pieces in ([raw], list(raw)):
        reply = ReplyText("Aya", others, ZEPHRP)

        for piece in pieces:
            reply.feed(piece)

        assert reply.finish(cut=False) == DIFFERENT.get(raw, theirs)


def test_every_difference_is_one() -> None:
    theirs = {(raw, out) for _, raw, out in CLEANUP}

    assert {raw for raw, _ in theirs} >= DIFFERENT.keys()
    assert not theirs & DIFFERENT.items()


@pytest.mark.parametrize(("raw", "theirs"), TRIMMED)
def test_unfinished_sentences_go_as_elsewhere(raw: str, theirs: set[str]) -> None:
    reply = ReplyText("Aya", (), ZEPHRP)
    reply.whole_sentences()

    reply.feed(raw)

    assert reply.finish(cut=True) in theirs
