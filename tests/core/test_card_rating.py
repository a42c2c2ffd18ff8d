"""S32: who a character is for, and the rule without a switch: ages and ratings as fields."""

from typing import Any

import pytest

from bot.core.cards.card import CardRefused
from bot.core.cards.rating import describes_minor, judge
from bot.core.cards.reading import read_card
from bot.core.characters import Rating
from tests.cards import as_json, card, document


@pytest.mark.parametrize(
    "data",
    [
        {"tags": ["NSFW"]},
        {"tags": ["18+"]},
        {"tags": "fox, R-18"},
        {"tags": ["Mature"]},
        {"extensions": {"rating": "adult"}},
        {"extensions": {"hub": {"nsfw": True}}},
        {"rating": "R18"},
        {"nsfw": 1},
        {"creator_notes": "This card is NSFW."},
        {"description": "Adults only."},
        {"description": "\uff2e\uff33\uff26\uff37"},
    ],
)
def test_a_card_that_says_so_is_for_adults(data: dict[str, Any]) -> None:
    assert card(**data).rating is Rating.ADULT


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"tags": ["fox", "adventure"]},
        {"extensions": {"rating": 4.5, "nsfw": False}},
        {"extensions": {"rating": "everyone"}},
        {"creator_notes": "No NSFW, please. Not for adults only."},
        {"description": "Sex: female. Essex."},
        {"rating": None, "nsfw": []},
    ],
)
def test_a_card_that_does_not_is_for_everyone(data: dict[str, Any]) -> None:
    assert card(**data).rating is Rating.EVERYONE


def test_a_rating_beside_the_data_counts_too() -> None:
    found = read_card(as_json({**document(), "rating": "adult"}))

    assert found.rating is Rating.ADULT


MINORS = (
    "Age: 16",
    "Age: 17.5",
    "age: 17, fox",
    'Age("12")',
    "[Age=9]",
    "age: sixteen",
    "Aya is 15 years old.",
    "A 12-year-old detective.",
    "Aya is a twelve-year-old.",
    "Aya, aged 14, lives here.",
    "Age 13",
    "14yo",
    "16\u6b73",
    "Elle a 16 ans.",
    "Age: 300 (looks 12)",
    "She appears to be 15.",
    "{{char}} is a child.",
    "Aya is a small, curious kid.",
    "Aya is still a teenager",
    "Teenage girl who fixes clocks.",
    "Aya, a little girl from the hills.",
    "She is a high school student.",
    "Age: teen",
    "1\u200b6 years old",
    "\uff11\uff16 years old",
    "an underage thief",
)


@pytest.mark.parametrize("text", MINORS)
def test_an_age_under_18_or_a_child_is_understood(text: str) -> None:
    assert describes_minor(text)


@pytest.mark.parametrize(
    "text",
    [
        "Age: 18",
        "Age: 1,200",
        "Age: 16 thousand years",
        "Age: late 20s",
        "Aya is 316 years old.",
        "She is twenty-one years old.",
        "She is one hundred and five years old.",
        "16,000 years old",
        "When she was 12 years old, the war began.",
        "She has lived here since she was eleven years old.",
        "At the age of 9 she left home.",
        "As a child she fished.",
        "He saved a little girl.",
        'She wants one book, "A Child\'s Guide to Clouds".',
        "A 12-year-old Scotch stands on the desk.",
        "She is a child psychologist.",
        "He is a minor noble.",
        "The mother of a teenager, she is a judge.",
        "She is a mother of a teenager.",
        "No underage characters.",
        "She looks 30 years old.",
        "It is 7 feet tall and has 12 rooms.",
    ],
)
def test_others_are_let_be(text: str) -> None:
    assert not describes_minor(text)


@pytest.mark.parametrize(
    "data",
    [
        {"description": "Age: 16", "tags": ["nsfw"]},
        {"personality": "a 15-year-old", "rating": "adult"},
        {"age": 12, "rating": "adult"},
        {"extensions": {"age": "14", "nsfw": True}},
        {"scenario": "Aya is 13 years old.", "extensions": {"hub": {"rating": "mature"}}},
        {"tags": ["child", "18+"]},
        {"tags": ["teenager", "nsfw"]},
        {"first_mes": "I am 11 years old.", "tags": ["adult"]},
        {"extensions": {"depth_prompt": {"prompt": "Age: 10"}}, "tags": ["adult"]},
        {
            "tags": ["adult"],
            "character_book": {"entries": [{"constant": True, "content": "Aya's age: 9"}]},
        },
    ],
)
def test_a_minor_who_is_marked_as_adult_is_never_taken(data: dict[str, Any]) -> None:
    with pytest.raises(CardRefused, match=r"under 18 and marked as adult: such a card is never"):
        card(**data)


def test_a_child_in_a_card_for_everyone_is_taken_and_known_as_one() -> None:
    found = card(description="Aya is 12 years old and repairs clocks.")

    assert (found.rating, found.is_minor) == (Rating.EVERYONE, True)


def test_both_together_are_a_refusal_whatever_they_come_from() -> None:
    assert judge(["Age: 16"], ["nsfw"]).is_refused
    assert not judge(["Age: 16"], []).is_refused
    assert not judge(["Age: 36"], ["nsfw"]).is_refused
