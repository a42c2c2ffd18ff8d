"""What every `LoreStore` keeps to."""

import pytest

from bot.core.lore_ports import LoreHome, LoreStore
from bot.core.scene import GuildId
from tests.scenes import HARBOUR, TOWER

CHANNEL, OTHER = LoreHome(channel=HARBOUR), LoreHome(channel=TOWER)
GUILD = LoreHome(guild=GuildId(HARBOUR))
"""With the number of a channel: they must not meet."""
HOMES = (CHANNEL, GUILD)


@pytest.mark.parametrize("home", HOMES, ids=("channel", "guild"))
async def test_a_book_is_kept_where_it_was_put(lore_store: LoreStore, home: LoreHome) -> None:
    assert await lore_store.books(home) == {}

    assert await lore_store.put_book(home, "sea", "waves 🌊", was="")
    assert await lore_store.put_book(home, "land", "trees", was="")

    assert await lore_store.books(home) == {"sea": "waves 🌊", "land": "trees"}
    for elsewhere in {CHANNEL, OTHER, GUILD} - {home}:
        assert await lore_store.books(elsewhere) == {}


async def test_only_who_knows_what_is_there_changes_it(lore_store: LoreStore) -> None:
    await lore_store.put_book(CHANNEL, "sea", "one", was="")

    assert not await lore_store.put_book(CHANNEL, "sea", "two", was="")
    assert not await lore_store.put_book(CHANNEL, "sea", "", was="other")
    assert await lore_store.books(CHANNEL) == {"sea": "one"}
    assert await lore_store.put_book(CHANNEL, "sea", "two", was="one")
    assert await lore_store.books(CHANNEL) == {"sea": "two"}


async def test_what_is_done_twice_is_done_once(lore_store: LoreStore) -> None:
    for _ in range(2):
        assert await lore_store.put_book(CHANNEL, "sea", "one", was="")
    for _ in range(2):
        assert await lore_store.put_book(CHANNEL, "sea", "two", was="one")
    for _ in range(2):
        assert await lore_store.put_book(CHANNEL, "sea", "", was="two")

    assert await lore_store.books(CHANNEL) == {}


@pytest.mark.parametrize("home", HOMES, ids=("channel", "guild"))
async def test_all_books_of_a_place_are_forgotten(lore_store: LoreStore, home: LoreHome) -> None:
    await lore_store.put_book(home, "sea", "one", was="")
    await lore_store.put_book(OTHER, "sea", "one", was="")

    await lore_store.forget_books(home)

    assert await lore_store.books(home) == {}
    assert await lore_store.books(OTHER) == {"sea": "one"}
