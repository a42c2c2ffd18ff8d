"""Which characters there are, for whom, and as what they play."""

import asyncio

import pytest

from bot.adapters.card_reader import read_card_file
from bot.core.cards.card import Card
from bot.core.cards.writing import Container
from bot.core.characters import Rating
from bot.core.errors import CharacterUnknown, UserError
from bot.core.roster import (
    MOST_RETIRED,
    Visibility,
    member_character_key,
)
from bot.core.scene import MessageId
from bot.services.roster import CHECKED_FOR_S
from tests.cards import as_json, document
from tests.services.card_desks import (
    CLOVER,
    MARA,
    MARA_ALONE,
    MARA_HERE,
    TOM_ABROAD,
    TOM_HERE,
    Desk,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_is_saved_is_offered_to_its_owner_and_nobody_else(desk: Desk) -> None:
    await desk.take_in()

    assert await desk.names(MARA_HERE) == ["Aya", "Clover"]
    assert await desk.names(MARA_ALONE, "ay") == ["Aya"]
    assert await desk.names(TOM_HERE) == ["Clover"]
    with pytest.raises(CharacterUnknown, match="no character “Aya”"):
        await desk.roster.choose(TOM_HERE, "Aya")
    with pytest.raises(CharacterUnknown):
        await desk.roster.choose(TOM_HERE, member_character_key(MessageId(1)))


async def test_one_of_the_server_is_offered_to_all_there(desk: Desk) -> None:
    await desk.take_in(shared=True)

    assert await desk.names(TOM_HERE, "aya") == ["Aya"]
    assert await desk.names(TOM_ABROAD) == ["Clover"]
    assert (await desk.roster.choose(TOM_HERE, "aya")).persona.startswith("Aya is a kitsune.")
    with pytest.raises(UserError, match="in a server only"):
        await desk.take_in(viewer=MARA_ALONE, event=2, shared=True)


async def test_an_adult_one_is_offered_only_in_age_restricted_channels(desk: Desk) -> None:
    await desk.take_in(as_json(document(tags=["nsfw"])))

    assert await desk.names(MARA_HERE, "aya") == []
    assert await desk.names(MARA_HERE, "aya", adult=True) == ["Aya"]
    assert (await desk.roster.choose(MARA_HERE, "aya")).rating is Rating.ADULT


async def test_an_edit_counts_from_the_next_reply_in_every_process(desk: Desk) -> None:
    entry, elsewhere = await desk.take_in(), desk.another()
    await elsewhere.bring([entry.key])
    assert elsewhere.characters()[entry.key].name == "Aya"

    await desk.roster.bring([entry.key])
    await desk.desk.change(MARA_HERE, entry.key, {"name": "Aya the Sly", "description": "A fox."})

    await desk.roster.bring([entry.key])
    desk.now_s += CHECKED_FOR_S
    await elsewhere.bring([entry.key])
    for each in (desk.roster, elsewhere):
        changed = each.characters()[entry.key]
        assert (changed.name, changed.persona) == ("Aya the Sly", "A fox.\nsly")


async def test_a_turn_asks_once_for_its_character(desk: Desk) -> None:
    entry, elsewhere = await desk.take_in(), desk.another()
    await elsewhere.bring([entry.key])
    desk.now_s += CHECKED_FOR_S / 2
    await desk.desk.change(MARA_HERE, entry.key, {"name": "Aya the Sly"})

    await elsewhere.bring([entry.key])

    assert elsewhere.characters()[entry.key].name == "Aya"  # as it was a moment ago


async def test_a_deleted_one_goes_on_in_scenes_and_is_offered_no_more(desk: Desk) -> None:
    entry = await desk.take_in(shared=True)

    told = await desk.desk.delete(
        MARA_HERE, await desk.roster.pick(MARA_HERE, "aya"), is_admin=False
    )

    assert told == "**Aya** is deleted. Scenes that play with it go on."
    assert await desk.names(MARA_HERE) == await desk.names(TOM_HERE) == ["Clover"]
    after = desk.another()
    await after.bring([entry.key])
    assert after.characters()[entry.key].name == "Aya"


async def test_only_the_owner_changes_one_and_admins_take_it_from_the_server(desk: Desk) -> None:
    entry = await desk.take_in(shared=True)
    choice = await desk.roster.pick(TOM_HERE, "aya")

    with pytest.raises(UserError, match="Only the one who brought"):
        await desk.desk.change(TOM_HERE, entry.key, {"name": "Mine"})
    with pytest.raises(UserError, match="Only the one who brought"):
        await desk.desk.delete(TOM_HERE, choice, is_admin=False)
    told = await desk.desk.delete(TOM_HERE, choice, is_admin=True)

    assert "no longer plays for this server" in told
    assert await desk.names(TOM_HERE, "aya") == []
    assert await desk.names(MARA_HERE, "aya") == ["Aya"]


async def test_an_erased_one_is_gone_from_memory_too(desk: Desk) -> None:
    entry = await desk.take_in()
    await desk.roster.bring([entry.key])

    await desk.store.forget_user(MARA)
    desk.now_s += CHECKED_FOR_S
    await desk.roster.bring([entry.key])

    assert entry.key not in desk.roster.characters()


async def test_of_deleted_ones_only_the_newest_are_kept_for_scenes(desk: Desk) -> None:
    for number in range(MOST_RETIRED + 2):
        entry = await desk.take_in(event=number + 1)
        choice = await desk.roster.pick(MARA_HERE, entry.key)
        await desk.desk.delete(MARA_HERE, choice, is_admin=False)

    left = await desk.store.of_user(MARA)
    assert [each.key for each in left] == [f"~{number}" for number in range(3, MOST_RETIRED + 3)]


async def test_memory_of_characters_is_bounded_and_they_come_back(desk: Desk) -> None:
    keys = [(await desk.take_in(event=number)).key for number in range(1, 6)]
    small = desk.another(most_bytes=12_000)

    await small.bring(keys)
    assert 1 <= len(small.characters()) - 1 < 5
    await small.bring(keys[:1])

    assert keys[0] in small.characters()


async def test_the_default_is_ones_own_then_the_servers_and_only_who_is_there(desk: Desk) -> None:
    entry = await desk.take_in()
    await desk.roster.set_default(MARA_HERE, CLOVER.key, for_server=True)
    assert await desk.roster.default_for(MARA_HERE) == "clover"
    assert await desk.roster.default_for(MARA_ALONE) is None

    await desk.roster.set_default(MARA_HERE, entry.key, for_server=False)
    assert await desk.roster.default_for(MARA_HERE) == entry.key
    assert await desk.roster.default_for(MARA_ALONE) == entry.key
    assert await desk.roster.default_for(TOM_HERE) == "clover"

    await desk.store.retire(entry.key)
    assert await desk.roster.default_for(MARA_HERE) == "clover"
    await desk.roster.set_default(MARA_HERE, None, for_server=True)
    assert await desk.roster.default_for(TOM_HERE) is None


async def test_the_hosts_folder_is_read_again_or_stays_as_it_was(desk: Desk) -> None:
    assert await desk.roster.reload() == (2, ("a warning",))
    assert await desk.names(MARA_HERE) == ["Clover", "New"]

    desk.host.is_empty = True
    with pytest.raises(UserError, match="no character there"):
        await desk.roster.reload()
    assert await desk.names(MARA_HERE) == ["Clover", "New"]


@pytest.mark.parametrize("name", ["System", "Ann", "\u0410nn"])
async def test_one_that_is_called_like_somebody_else_plays_with_a_mark(
    name: str, desk: Desk
) -> None:
    preview = await desk.desk.draft(
        MARA_HERE, MessageId(1), as_json(document(name=name)), "x.json", Visibility.ME
    )
    entry = await desk.desk.save(MARA_HERE, preview.entry.key)

    assert preview.notes[0] == f"It plays under the name “{name} (character)”."
    await desk.roster.bring([entry.key])
    assert desk.roster.characters()[entry.key].name == f"{name} (character)"
    choice = await desk.roster.pick(MARA_HERE, entry.key)
    exported, _ = await desk.desk.export(MARA_HERE, choice, Container.JSON)
    assert exported == name


async def test_a_read_that_never_ends_holds_nobody_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(data: bytes, filename: str) -> Card:
        asyncio.run_coroutine_threadsafe(ended.wait(), loop).result()
        return read_card_file(data, filename)

    monkeypatch.setattr("bot.services.card_desk.WITHIN_S", 0.05)
    desk.desk._read = slow

    with pytest.raises(UserError, match="takes too long"):
        await desk.take_in()
    ended.set()
