"""Taking characters in: files, drafts, edits and exports."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.adapters.card_reader import read_card_file
from bot.core.cards import png
from bot.core.cards.card import CardRefused
from bot.core.cards.portrait import Portrait
from bot.core.cards.writing import Container
from bot.core.characters import Rating
from bot.core.errors import UserError
from bot.core.roster import (
    MOST_IN_SERVER,
    MOST_OF_MEMBER,
    Entry,
    Stored,
    Visibility,
    member_character_key,
)
from bot.core.scene import MessageId, UserId
from bot.services.card_desk import MOST_UPLOAD
from tests.cards import as_json, document, in_picture, packed
from tests.services.card_desks import (
    ISLAND,
    MARA,
    MARA_HERE,
    TOM_HERE,
    Desk,
)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_a_draft_is_kept_only_when_saved_and_saved_twice_it_is_there_once(
    desk: Desk,
) -> None:
    preview = await desk.desk.draft(
        MARA_HERE, MessageId(1), as_json(document()), "aya.json", Visibility.ME
    )
    assert await desk.names(MARA_HERE, "aya") == []

    entries = await asyncio.gather(
        *(desk.desk.save(MARA_HERE, preview.entry.key) for _ in range(2)), return_exceptions=True
    )

    assert [each.name for each in entries if isinstance(each, Entry)] == ["Aya", "Aya"]
    assert await desk.names(MARA_HERE, "aya") == ["Aya"]
    assert (await desk.desk.save(MARA_HERE, preview.entry.key)).name == "Aya"


async def test_a_draft_that_was_cancelled_or_replaced_is_not_saved(desk: Desk) -> None:
    first = await desk.desk.draft(
        MARA_HERE, MessageId(1), as_json(document()), "a.json", Visibility.ME
    )
    second = await desk.desk.draft(
        MARA_HERE, MessageId(2), as_json(document()), "a.json", Visibility.ME
    )
    with pytest.raises(UserError, match="This import is over"):
        await desk.desk.save(MARA_HERE, first.entry.key)

    await desk.desk.cancel(MARA_HERE, second.entry.key)

    with pytest.raises(UserError, match="This import is over"):
        await desk.desk.save(MARA_HERE, second.entry.key)
    assert await desk.store.of_user(MARA) == []


async def test_the_preview_tells_tokens_rating_and_repairs(desk: Desk) -> None:
    card = document(tags="nsfw", first_mes=None)
    preview = await desk.desk.draft(
        MARA_HERE, MessageId(1), as_json(card), "aya.json", Visibility.ME
    )
    assert (preview.entry.rating, preview.is_exact) == (Rating.ADULT, True)
    assert preview.tokens > 0
    assert preview.notes

    desk.is_model_away = True
    again = await desk.desk.draft(MARA_HERE, MessageId(2), as_json(card), "aya.json", Visibility.ME)
    assert not again.is_exact
    assert again.tokens > 0


async def test_a_minor_who_is_adult_is_refused_at_import_creation_and_edit(desk: Desk) -> None:
    refused = document(tags=["nsfw"], extensions={"age": 16})
    with pytest.raises(CardRefused):
        await desk.take_in(as_json(refused))

    with pytest.raises(CardRefused, match="never be rated adult"):
        await desk.desk.create(
            MARA_HERE,
            MessageId(2),
            {"name": "Pim", "description": "Age: 16"},
            Visibility.ME,
            Rating.ADULT,
        )

    entry = await desk.take_in(as_json(document(extensions={"age": 16})), event=3)
    assert entry.is_minor
    with pytest.raises(CardRefused):
        await desk.desk.change(MARA_HERE, entry.key, {}, rating=Rating.ADULT)
    adult = await desk.take_in(as_json(document(tags=["nsfw"])), event=4)
    with pytest.raises(CardRefused):
        await desk.desk.change(MARA_HERE, adult.key, {"description": "Age: 16"})

    assert await desk.names(MARA_HERE, "aya", adult=True) == ["Aya"]


async def test_a_rating_is_never_lowered(desk: Desk) -> None:
    entry = await desk.take_in(as_json(document(tags=["nsfw"])))

    changed = await desk.desk.change(MARA_HERE, entry.key, {"tags": "fox"})
    assert changed.entry.rating is Rating.ADULT
    with pytest.raises(UserError, match="never lowered"):
        await desk.desk.change(MARA_HERE, entry.key, {}, rating=Rating.EVERYONE)

    again = await desk.desk.show(MARA_HERE, await desk.roster.pick(MARA_HERE, "aya"))
    assert (again.card.rating, again.card.tags) == (Rating.ADULT, ("fox",))


async def test_of_two_edits_of_one_version_the_second_is_told(desk: Desk) -> None:
    entry = await desk.take_in()

    await desk.desk.change(MARA_HERE, entry.key, {"name": "One"}, version=entry.version)
    with pytest.raises(UserError, match="changed meanwhile"):
        await desk.desk.change(MARA_HERE, entry.key, {"name": "Two"}, version=entry.version)

    assert await desk.names(MARA_HERE, "one") == ["One"]


@pytest.mark.parametrize("container", list(Container))
async def test_an_export_gives_unknown_fields_and_the_portrait_back(
    container: Container, desk: Desk
) -> None:
    card = document(extensions={"somebody/theirs": {"deep": [1, None, "x"]}}, odd_field=7)
    portrait = png.plain_picture("shown")
    desk.portrait = Portrait(portrait, portrait)
    await desk.take_in(in_picture((b"chara", packed(card))))

    choice = await desk.roster.pick(MARA_HERE, "aya")
    name, content = await desk.desk.export(MARA_HERE, choice, container)

    again = read_card_file(content, f"{name}.{container}")
    assert again.extensions["somebody/theirs"] == {"deep": [1, None, "x"]}
    data = again.document["data"]
    assert isinstance(data, Mapping)
    assert data["odd_field"] == 7
    assert (again.picture is not None) == (container is not Container.JSON)


async def test_a_file_that_is_no_picture_is_kept_byte_for_byte(desk: Desk) -> None:
    data = b"\n\n" + as_json(document(odd=[1.50]))

    entry = await desk.take_in(data)

    stored = await desk.store.get(entry.key)
    assert stored is not None
    assert stored.raw == data


async def test_a_picture_that_cannot_be_drawn_is_told_and_the_card_is_taken(desk: Desk) -> None:
    desk.why_not_drawn = "it has too many pixels"
    preview = await desk.desk.draft(
        MARA_HERE, MessageId(1), in_picture((b"chara", packed(document()))), "a.png", Visibility.ME
    )

    assert "Its picture cannot be shown (it has too many pixels); it plays without one." in (
        preview.notes
    )
    entry = await desk.desk.save(MARA_HERE, preview.entry.key)
    await desk.roster.bring([entry.key])
    assert desk.roster.characters()[entry.key].avatar is None


async def test_a_lorebook_alone_is_pointed_to_where_it_belongs(desk: Desk) -> None:
    book = json.dumps({"entries": {"0": {"key": ["x"], "content": "y"}}}).encode()

    with pytest.raises(UserError, match="`/lore import`"):
        await desk.take_in(book)


@pytest.mark.parametrize(
    ("most", "shared", "words"),
    [(MOST_OF_MEMBER, False, "You have 50"), (MOST_IN_SERVER, True, "This server has 100")],
)
async def test_members_and_servers_have_room_for_so_many(
    most: int, words: str, desk: Desk, *, shared: bool
) -> None:
    for number in range(most):
        owner = UserId(100 + number) if shared else MARA
        entry = Entry(member_character_key(MessageId(1000 + number)), owner, f"N{number}")
        entry = replace(entry, guild=ISLAND if shared else None)
        assert await desk.store.put(Stored(entry, b"{}"))

    with pytest.raises(UserError, match=words):
        await desk.take_in(shared=shared)


async def test_files_that_are_too_large_are_not_even_fetched(desk: Desk) -> None:
    with pytest.raises(UserError, match="larger than 10 MB"):
        desk.desk.admit(MOST_UPLOAD + 1)
    desk.desk.admit(1)


async def test_a_created_one_is_a_card_like_any_other(desk: Desk) -> None:
    fields = {"name": " Ada\n of Port ", "description": "Keeps the bar.", "tags": "calm, dry"}
    made = await desk.desk.create(
        MARA_HERE, MessageId(9), fields, Visibility.SERVER, Rating.EVERYONE
    )

    assert (made.entry.name, made.entry.tagline) == ("Ada of Port", "calm, dry")
    played = await desk.roster.choose(TOM_HERE, "ada of port")
    assert played.persona == "Keeps the bar."
    with pytest.raises(UserError, match="needs a name"):
        await desk.desk.create(
            MARA_HERE, MessageId(10), {"name": " "}, Visibility.ME, made.card.rating
        )
