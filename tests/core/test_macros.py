"""Macros in the texts of cards, held to what other programs make of them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.core.chance import seeded
from bot.core.macros import Macros

GOLDEN = Path(__file__).parents[1] / "golden" / "vectors" / "macros_st_1.12.6_legacy_golden.json"
CASES = json.loads(GOLDEN.read_text())["cases"]
OTHERWISE = {
    "{{comment: x}}": "V3 says that comments are taken out",
    "{{lastSwipeId}} {{currentSwipeId}}": "a card cannot know swipes: its text is fixed per scene",
    "{{input}}": "what players type must never get into a card's text",
}
BEGAN = datetime(2023, 6, 9, 15, 4, 5, tzinfo=UTC)


def macros(**fields: Any) -> Macros:
    usual: dict[str, Any] = {"char": "Aya", "user": "Anon", "chance": lambda _what, _sides: 0}
    return Macros(**{**usual, **fields})


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["in"] not in OTHERWISE], ids=lambda case: case["in"]
)
def test_macros_become_what_they_become_elsewhere(case: dict[str, str]) -> None:
    assert macros(original="ORIG")(case["in"]) == case["out"]


def test_only_what_is_listed_becomes_something_else() -> None:
    differing = {case["in"] for case in CASES if macros(original="ORIG")(case["in"]) != case["out"]}

    assert differing == set(OTHERWISE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ char }} and {{USER}}", "Aya and Anon"),
        ("<GROUP>|<charIfNotGroup>", "Aya, Bo|Aya, Bo"),
        ("{{random:a\\,b,c}}", "a,b"),
        ("{{pick:{{user}},b}}", "Anon"),
        ("{{reverse:abc}}", "cba"),
        ("{{hidden_key:abc}}x{{comment: y}}", "x"),
        ("{{roll:d6}} {{roll 2d6+3}} {{roll:0d6}}{{roll:9999d9}}", "1 5 "),
        ("a\n\n{{trim}}\n\nb", "ab"),
        ("{{description}}", "a fox {{user}}"),
        ("{{time}}|{{date}}|{{weekday}}", "3:04 PM|June 9, 2023|Friday"),
        ("{{isotime}} {{isodate}}", "15:04 2023-06-09"),
        ("{{datetimeformat dddd [at] H:mm}}", "Friday at 15:04"),
        ("{{{{char}}", "{{Aya"),
        ("{{char", "{{char"),
        ("{{original}}", "{{original}}"),
        ("{{// {{random::}} }}", ""),
        ("<b>bold</b> <User>", "<b>bold</b> Anon"),
    ],
)
def test_a_text_is_filled_in(text: str, said: str) -> None:
    fill = macros(group=("Aya", "Bo"), texts={"description": "a fox {{user}}"}, at=BEGAN)

    assert fill(text) == said


def test_no_name_brings_in_a_macro() -> None:
    fill = macros(user="{{char}}", char="<user>{{random::x::y}}")

    assert fill("{{user}} {{char}}") == "{{char}} <user>{{random::x::y}}"


def test_chance_is_the_scene_s_own() -> None:
    text = " ".join(["{{random::a::b::c::d}} {{roll:1000}}"] * 8)
    once, again = macros(chance=seeded(1, 2))(text), macros(chance=seeded(1, 2))(text)

    assert once == again
    assert once != macros(chance=seeded(1, 3))(text)
    assert len(set(once.split())) > 8  # each place throws for itself


def test_macros_within_macros_end_somewhere() -> None:
    deep = "{{reverse:" * 5_000 + "ab" + "}}" * 5_000

    assert "{{reverse:" in macros()(deep)
