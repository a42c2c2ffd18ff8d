"""Lorebooks of channels and servers: kept, changed, imported, tried out."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.errors import UserError
from bot.core.lore_entries import EntryChange
from bot.core.lore_rules import Why
from bot.core.scene import ChannelId, CharacterKey, GuildId, Place, SceneHead, UserId
from bot.services.lorebooks import MOST_BOOKS, EntryRef, Lorebooks, Where
from tests.fakes.memory_lore import MemoryLoreStore
from tests.fakes.plain_patterns import PlainPatternSearch
from tests.services.desk import HARBOUR, MIRA

HEAD = SceneHead(HARBOUR, UserId(1), CharacterKey("mira"), "Mira")
THREAD = Place(ChannelId(501), GuildId(1), HARBOUR.channel)
ELSEWHERE = Place(ChannelId(900), GuildId(1), ChannelId(900))
ALONE = Place(ChannelId(5), None, None)
BELL = EntryChange(keys="bell, /gong+/", text="It rings.", name="The bell")


@pytest.fixture
def books() -> Lorebooks:
    return Lorebooks(MemoryLoreStore(), PlainPatternSearch)


def st_file(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"entries": {str(n): entry for n, entry in enumerate(entries)}}).encode()


async def names(books: Lorebooks, place: Place) -> list[str]:
    opened = await books.open_in(replace(HEAD, place=place))
    return [entry.name for book in opened for entry in book.entries]


async def test_a_channel_s_lore_plays_in_its_threads_and_a_server_s_everywhere(
    books: Lorebooks,
) -> None:
    await books.add(HARBOUR, Where.CHANNEL, BELL)
    await books.add(HARBOUR, Where.SERVER, replace(BELL, name="The law"))
    await books.add(THREAD, Where.CHANNEL, replace(BELL, name="The cellar"))

    assert await names(books, HARBOUR) == ["The bell", "The law"]
    assert await names(books, THREAD) == ["The cellar", "The bell", "The law"]
    assert await names(books, ELSEWHERE) == ["The law"]


async def test_an_entry_is_changed_where_it_is_changed_and_nowhere_else(books: Lorebooks) -> None:
    await books.add(HARBOUR, Where.CHANNEL, BELL)
    ref = await books.entry(HARBOUR, "the BELL")

    await books.edit(HARBOUR, ref, EntryChange(text="It is cracked.", always=True))

    (found,) = await books.listed(HARBOUR)
    entry = await books.look(HARBOUR, found.ref)
    assert (entry.content, entry.constant) == ("It is cracked.", True)
    assert (entry.keys, entry.name) == (("bell", "/gong+/"), "The bell")


async def test_who_saw_another_entry_changes_none(books: Lorebooks) -> None:
    for name in ("one", "two"):
        await books.add(HARBOUR, Where.CHANNEL, replace(BELL, name=name))
    first, second = [found.ref for found in await books.listed(HARBOUR)]
    await books.remove(HARBOUR, first)

    for ref in (first, second):
        with pytest.raises(UserError, match="changed meanwhile"):
            await books.edit(HARBOUR, ref, EntryChange(text="x"))

    assert await names(books, HARBOUR) == ["two"]


async def test_a_book_goes_with_its_last_entry(books: Lorebooks) -> None:
    await books.add(HARBOUR, Where.CHANNEL, BELL)

    await books.remove(HARBOUR, await books.entry(HARBOUR, "bell"))

    assert await books.books(HARBOUR) == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (EntryChange(text="x"), "needs keys"),
        (EntryChange(keys="a", text="  "), "needs a text"),
        (EntryChange(keys=" , ", text="x"), "needs keys"),
        (EntryChange(keys="a", text="x" * 17_000), "may have 16,384"),
    ],
)
async def test_what_nobody_could_come_to_read_is_refused(
    books: Lorebooks, change: EntryChange, why: str
) -> None:
    with pytest.raises(UserError, match=why):
        await books.add(HARBOUR, Where.CHANNEL, change)

    assert await books.books(HARBOUR) == []


async def test_there_is_room_for_so_many_books_and_so_much_in_each(books: Lorebooks) -> None:
    for number in range(MOST_BOOKS):
        await books.add(HARBOUR, Where.CHANNEL, BELL, book=f"book {number}")

    with pytest.raises(UserError, match="Remove one first"):
        await books.add(HARBOUR, Where.CHANNEL, BELL, book="one more")
    with pytest.raises(UserError, match="256 kB"):
        for _ in range(30):
            await books.add(ELSEWHERE, Where.CHANNEL, EntryChange(keys="a", text="x" * 16_000))


async def test_a_file_is_kept_and_one_of_the_same_name_replaces_it(books: Lorebooks) -> None:
    entry = {"key": ["sea"], "content": "Loud.", "comment": "Sea", "sticky": 3}
    await books.import_(HARBOUR, Where.CHANNEL, st_file(entry), "coast.json", allow_adult=False)

    made = await books.import_(
        HARBOUR, Where.CHANNEL, st_file(entry, entry), "coast.json", allow_adult=False
    )

    ((where, kept),) = await books.books(HARBOUR)
    assert (made.name, made.entries) == ("coast", 2)
    assert (where, kept.name, len(kept.book.entries)) == (Where.CHANNEL, "coast", 2)
    assert kept.book.entries[0].extensions["sticky"] == 3  # not played, and not lost


@pytest.mark.parametrize("content", [b"", b"{}", b"PK nonsense", st_file()])
async def test_a_file_without_lore_is_told_in_a_sentence(books: Lorebooks, content: bytes) -> None:
    with pytest.raises(UserError, match=r"^[A-Z].*\.$"):
        await books.import_(HARBOUR, Where.CHANNEL, content, "x.json", allow_adult=True)


async def test_lore_for_adults_is_kept_in_their_channels_only(books: Lorebooks) -> None:
    card = {"spec": "chara_card_v2", "data": {"name": "A", "description": "b", "tags": ["nsfw"]}}
    card["data"]["character_book"] = {"entries": [{"keys": ["a"], "content": "b"}]}  # type: ignore[index]
    content = json.dumps(card).encode()

    with pytest.raises(UserError, match="age-restricted"):
        await books.import_(HARBOUR, Where.CHANNEL, content, "a.json", allow_adult=False)

    made = await books.import_(HARBOUR, Where.CHANNEL, content, "a.json", allow_adult=True)
    assert made.entries == 1


async def test_a_trial_says_what_comes_up_and_why(books: Lorebooks) -> None:
    await books.add(HARBOUR, Where.CHANNEL, BELL)
    await books.add(HARBOUR, Where.CHANNEL, EntryChange(keys="rope", text="x", secondary="knot"))
    await books.add(HARBOUR, Where.CHANNEL, EntryChange(text="{{char}}", always=True, name="A"))

    trial = await books.test(HARBOUR, "a gongg and a rope", character=MIRA, user="Mara")

    assert [(one.name, one.why, one.key, one.text) for one in trial.lore.told] == [
        ("A", Why.ALWAYS, "", "Mira"),
        ("The bell", Why.KEY, "/gong+/", "It rings."),
    ]
    assert trial.names == ("lore",)


async def test_where_there_is_no_server_the_channel_is_offered(books: Lorebooks) -> None:
    with pytest.raises(UserError, match="choose the channel"):
        await books.add(ALONE, Where.SERVER, BELL)

    assert await names(books, ALONE) == []


@pytest.mark.parametrize("text", ["", "a:b", "channel:x:y:z", "moon:1:abc:lore"])
def test_what_is_no_reference_is_read_as_none(text: str) -> None:
    assert EntryRef.read(text) is None


def test_a_reference_survives_a_name_with_colons() -> None:
    ref = EntryRef(Where.SERVER, "a:b:c", 7, "0123abcd")

    assert EntryRef.read(str(ref)) == ref
