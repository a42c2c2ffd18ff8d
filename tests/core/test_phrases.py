import copy

import pytest

from bot.core.phrases import Paragraphs, counted, joined, phrase, places_of, translated

GERMAN = {
    "{name} plays here already.": "{name} spielt hier schon.",
    "about {count:,} words": "rund {count:,} Wörter",
    "Expect {how_much}.": "Rechne mit: {how_much}.",
    "No.": "Nein.",
}


def test_a_phrase_is_english_until_it_is_translated() -> None:
    said = phrase("{name} plays here already.", name="Clover")

    assert said == "Clover plays here already."
    assert translated(said, GERMAN) == "Clover spielt hier schon."
    assert translated(said, {}) == said


def test_phrases_within_phrases_are_translated_too() -> None:
    said = phrase("Expect {how_much}.", how_much=phrase("about {count:,} words", count=1234))

    assert said == "Expect about 1,234 words."
    assert translated(said, GERMAN) == "Rechne mit: rund 1,234 Wörter."


def test_what_is_not_in_the_catalogue_stays_english() -> None:
    assert translated(phrase("Yes, {name}.", name="Bo"), GERMAN) == "Yes, Bo."


@pytest.mark.parametrize("written", ["No.", "{name} plays here already.", "{", "{0.__class__}"])
def test_what_members_write_is_neither_looked_up_nor_read_as_a_template(written: str) -> None:
    assert translated(written, GERMAN) == written
    said = phrase("{name} plays here already.", name=written)
    assert translated(said, GERMAN) == f"{written} spielt hier schon."


def test_paragraphs_are_translated_one_by_one() -> None:
    said = Paragraphs([phrase("No."), "No.", Paragraphs([phrase("No."), "*"], ": ")], "\n\n")

    assert said == "No.\n\nNo.\n\nNo.: *"
    assert translated(said, GERMAN) == "Nein.\n\nNo.\n\nNein.: *"


def test_places_of_a_template() -> None:
    assert places_of("{a} and {b:,} in {{braces}}") == {"a", "b"}
    with pytest.raises(ValueError, match="'}'"):
        places_of("{a")


def test_what_is_joined_is_translated_part_by_part_and_has_no_gaps() -> None:
    said = joined(phrase("No."), "", "Bo", between=" · ")

    assert said == "No. · Bo"
    assert translated(said, GERMAN) == "Nein. · Bo"


def test_one_of_something_has_words_of_its_own() -> None:
    assert counted(1, "1 line", "many lines") == "1 line"
    assert counted(0, "1 line", "many lines") == "many lines"


@pytest.mark.parametrize("said", [phrase("No."), Paragraphs([phrase("No."), "*"], ": ")])
def test_a_phrase_that_was_copied_or_asked_for_its_text_is_still_one(said: str) -> None:
    expected = translated(said, GERMAN)

    for again in (copy.deepcopy(said), str(said)):
        assert again == said
        assert translated(again, GERMAN) == expected


def test_a_translated_text_is_a_text_like_any_other() -> None:
    assert type(translated(phrase("Yes."), {})) is str
    assert type(translated(phrase("No."), GERMAN)) is str
    assert type(translated(Paragraphs([phrase("No.")]), GERMAN)) is str
