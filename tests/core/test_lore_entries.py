"""Keys as members read and write them."""

import pytest

from bot.core.lore_entries import keys_text, read_keys


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), ""),
        (("bell", "old tower"), "bell, old tower"),
        (("bell", "/be{1,2}ll/"), "bell\n/be{1,2}ll/"),
        (("/a,b/",), "/a,b/"),
    ],
)
def test_keys_that_are_written_down_are_read_as_they_were(keys: tuple[str, ...], text: str) -> None:
    assert keys_text(keys) == text
    assert read_keys(text) == keys


def test_keys_may_stand_in_lines_or_between_commas() -> None:
    assert read_keys(" bell ,, tower ") == read_keys("bell\n\n tower\n") == ("bell", "tower")
