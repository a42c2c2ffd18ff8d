"""Spoiled files raise nothing but a sentence, and what is read of them can be written."""

import time

import pytest

from bot.adapters.card_reader import read_card_file
from bot.core.cards.card import Card, CardFileError
from bot.core.cards.reading import read_card
from bot.core.cards.view import shown
from bot.core.cards.writing import Container, write_card
from bot.core.chat_json import write_json
from tests.card_mutations import spoiled

A_FEW_SECONDS, TEN_MINUTES = 4, 600


def _fuzz(seed: int, seconds: float) -> tuple[int, int]:
    """Read spoiled files for *seconds*; how many were tried, and how many had a card."""
    tried = read = 0
    until = time.monotonic() + seconds
    for data in spoiled(seed):
        if time.monotonic() > until:
            break
        tried += 1
        card = _card_or_sentence(data)
        if isinstance(card, str):
            assert card.endswith(".")
            assert "\n" not in card
            continue
        read += 1
        assert write_json(shown(card))
        container = tuple(Container)[tried % len(Container)]
        again = read_card(write_card(card, container), "file.png")
        assert again == card, data
    return tried, read


def _card_or_sentence(data: bytes) -> Card | str:
    try:
        return read_card_file(data, "file.png")
    except CardFileError as error:
        return str(error)


def test_spoiled_files_raise_nothing_but_a_sentence() -> None:
    tried, read = _fuzz(1, A_FEW_SECONDS)

    assert tried > 100
    assert 0 < read < tried


@pytest.mark.soak
@pytest.mark.timeout(TEN_MINUTES + 60)
def test_ten_minutes_of_spoiled_files_raise_nothing_but_a_sentence() -> None:
    tried, read = _fuzz(time.time_ns(), TEN_MINUTES)

    print(f"{tried:,} files, {read:,} with a card")  # noqa: T201  # the numbers are what this is for
    assert tried > 10_000
