"""Lorebooks: of cards, and of every program that keeps them in files of their own."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.core.cards.decorators import applied, parted, written
from bot.core.cards.lore import read_book, read_entry
from bot.core.cards.notes import Notes
from bot.core.cards.reading import read_card
from bot.core.lorebook import Logic, Position
from tests.cards import as_json

AT_END, AT_FOUR = Position(depth=0, role="assistant"), Position(depth=4, role="user")
VECTORS = json.loads(
    (Path(__file__).parents[1] / "golden" / "vectors" / "decorators.json").read_text()
)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["in"][:20])
def test_decorators_are_parted_from_the_text(case: dict[str, Any]) -> None:
    decorators, content = parted(case["in"])

    assert content == case["content"]
    assert [list(each) for each in applied(decorators, case["known"])] == case["applied"]


def test_the_first_known_line_of_a_chain_counts() -> None:
    decorators, _ = parted("@@a 1\n@@@b 2\n@@@c 3\nX")

    assert list(applied(decorators, ["c", "b"])) == [("b", "2")]
    assert list(applied(decorators, ["c"])) == [("c", "3")]
    assert parted(written(decorators, "X")) == (decorators, "X")


@pytest.mark.parametrize(
    ("entry", "position"),
    [
        ({}, Position()),
        ({"position": "before_char"}, Position(before=True)),
        ({"position": "before_char", "extensions": {"position": 1}}, Position()),
        ({"position": "4", "depth": 2}, Position(depth=2)),
        ({"extensions": {"position": 4, "depth": 0, "role": 2}}, AT_END),
        ({"extensions": {"position": 4, "depth": -1, "role": "user"}}, AT_FOUR),
        ({"extensions": {"position": 7}}, Position()),
        ({"position": [4]}, Position()),
    ],
)  # fmt: skip
def test_a_position_is_read_from_wherever_it_stands(
    entry: dict[str, Any], position: Position
) -> None:
    found = read_entry({"keys": ["a"], "content": "b", **entry}, Notes())

    assert found is not None
    assert found.position == position


@pytest.mark.parametrize(
    ("entry", "field", "value"),
    [
        ({"keys": "a, b ,"}, "keys", ("a", "b")),
        ({"keys": "/a,b/i"}, "keys", ("/a,b/i",)),
        ({"keys": [1, None, "a"]}, "keys", ("1", "a")),
        ({"keys": None}, "keys", ()),
        ({"enabled": None}, "enabled", True),
        ({"enabled": "false"}, "enabled", False),
        ({"insertion_order": None}, "insertion_order", 100),
        ({"insertion_order": "7"}, "insertion_order", 7),
        ({"insertion_order": 10**30}, "insertion_order", 100),
        ({"content": None}, "content", ""),
        ({"content": 5}, "content", "5"),
        ({"extensions": {"selectiveLogic": 2}}, "logic", Logic.NOT_ANY),
        ({"extensions": {"selectiveLogic": "and_all"}}, "logic", Logic.AND_ALL),
        ({"extensions": {"selectiveLogic": 9}}, "logic", Logic.AND_ANY),
        ({"extensions": {"probability": 40}}, "probability", 40),
        ({"extensions": {"probability": 40, "useProbability": False}}, "probability", 100),
        ({"extensions": {"probability": 400}}, "probability", 100),
        ({"case_sensitive": True}, "case_sensitive", True),
        ({"extensions": {"case_sensitive": True}}, "case_sensitive", True),
        ({"extensions": {"scan_depth": "3"}}, "scan_depth", 3),
        ({"priority": "5"}, "priority", 5),
        ({"priority": None}, "priority", None),
    ],
)
def test_a_field_of_an_entry_is_read_as_what_it_ought_to_be(
    entry: dict[str, Any], field: str, value: object
) -> None:
    found = read_entry({"keys": ["k"], "content": "c", **entry}, Notes())

    assert getattr(found, field) == value


def test_entries_of_one_id_are_all_kept() -> None:
    entry = {"keys": ["a"], "content": "b", "id": 1}

    book = read_book({"entries": [entry, entry, None, "x"]}, notes := Notes())

    assert book is not None
    assert len(book.entries) == 2
    assert notes.all() == ("In 2 lore entries there was nothing to read; they were left out.",)


def test_a_book_is_read_up_to_a_bound_and_told() -> None:
    book = read_book({"entries": [{"keys": ["a"], "content": "b"}] * 600}, notes := Notes())

    assert book is not None
    assert len(book.entries) == 500
    assert "has 600 entries" in notes.all()[0]


@pytest.mark.parametrize(
    ("value", "key", "content"),
    [
        ({"spec": "lorebook_v3", "data": {"entries": [{"keys": ["k"], "content": "c"}]}}, "k", "c"),
        ({"name": "b", "entries": [{"keys": ["k"], "content": "c"}]}, "k", "c"),
        ([{"key": ["k"], "content": "c"}], "k", "c"),
        (
            {
                "kind": "memory",
                "name": "b",
                "entries": [{"name": "n", "entry": "c", "keywords": ["k"], "weight": 3}],
            },
            "k",
            "c",
        ),
    ],
)
def test_a_lorebook_alone_is_a_card_with_nothing_else(
    value: object, key: str, content: str
) -> None:
    found = read_card(as_json(value), "world.json")

    assert found.is_only_lore
    assert found.character_book is not None
    (entry,) = found.character_book.entries
    assert (entry.keys, entry.content) == ((key,), content)
    assert found.warnings == ("The file is a lorebook: there is no character in it.",)


def test_what_a_program_says_besides_is_kept_under_its_name() -> None:
    entry = {"text": "E", "displayName": "d", "keys": ["k"], "contextConfig": {"prefix": "p"}}
    found = read_card(as_json({"lorebookVersion": 5, "entries": [entry], "settings": {"a": 1}}))

    assert found.character_book is not None
    assert found.character_book.extensions["novelai"] == {
        "lorebookVersion": 5,
        "settings": {"a": 1},
    }
    (read,) = found.character_book.entries
    assert read.extensions["novelai"] == {"contextConfig": {"prefix": "p"}}
