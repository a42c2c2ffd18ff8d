"""Which characters there are, for whom; taking them in, changing and giving them out."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.adapters.card_reader import read_card_file
from bot.core.cards import png
from bot.core.cards.card import Card, CardRefused
from bot.core.cards.portrait import BadPicture, Portrait
from bot.core.cards.writing import Container
from bot.core.characters import Character, Rating
from bot.core.errors import CharacterUnknown, GenerationUnreachable, StartupError, UserError
from bot.core.lookalikes import KnownName, Whose
from bot.core.roster import (
    MOST_IN_SERVER,
    MOST_OF_MEMBER,
    MOST_RETIRED,
    Entry,
    Stored,
    Viewer,
    Visibility,
    member_character_key,
)
from bot.core.scene import CharacterKey, GuildId, MessageId, UserId
from bot.services.card_desk import FILES, MOST_UPLOAD, CardDesk
from bot.services.roster import CHECKED_FOR_S, Roster
from tests.cards import as_json, document, in_picture, packed
from tests.fakes.memory_characters import MemoryCharacterStore

MARA, TOM = UserId(11), UserId(12)
ISLAND, COAST = GuildId(7), GuildId(8)
MARA_HERE, TOM_HERE = Viewer(MARA, ISLAND), Viewer(TOM, ISLAND)
TOM_ABROAD, MARA_ALONE = Viewer(TOM, COAST), Viewer(MARA, None)
CLOVER = Character(CharacterKey("clover"), "Clover", "A hare.", tagline="Quick")
FACE = Portrait(b"whole", b"face")


@dataclass
class Host:
    loaded: dict[CharacterKey, Character] = field(default_factory=lambda: {CLOVER.key: CLOVER})
    is_empty: bool = False

    def characters(self) -> Mapping[CharacterKey, Character]:
        return self.loaded

    def reload(self) -> Sequence[str]:
        if self.is_empty:
            raise StartupError("There is no character there.", exit_code=78)
        self.loaded = {**self.loaded, CharacterKey("new"): replace(CLOVER, name="New")}
        return ("a warning",)


class Desk:
    def __init__(self) -> None:
        self.store, self.host = MemoryCharacterStore(), Host()
        self.now_s = 0.0
        self.roster = self.another()
        self.is_model_away = False
        self.why_not_drawn = ""
        self.portrait = FACE
        self.read: Callable[[bytes, str], Card] = read_card_file
        self.desk = CardDesk(
            store=self.store,
            roster=self.roster,
            read=self.read_file,
            redraw=self.redraw,
            count=self.count,
            taken=lambda viewer: [KnownName("Ann", Whose.MODERATOR)] if viewer.guild else [],
            now_ms=lambda: 5,
        )

    def another(self, most_bytes: int = 1_000_000) -> Roster:
        """Of another process, or after a restart."""
        return Roster(
            host=self.host,
            store=self.store,
            read=read_card_file,
            most_bytes=most_bytes,
            clock_s=lambda: self.now_s,
        )

    def read_file(self, data: bytes, filename: str) -> Card:
        return self.read(data, filename)

    def redraw(self, _data: bytes) -> Portrait:
        if self.why_not_drawn:
            raise BadPicture(self.why_not_drawn)
        return self.portrait

    async def count(self, text: str) -> int:
        if self.is_model_away:
            raise GenerationUnreachable("away")
        return len(text.split())

    async def take_in(
        self, data: bytes = b"", viewer: Viewer = MARA_HERE, *, event: int = 1, shared: bool = False
    ) -> Entry:
        where = Visibility.SERVER if shared else Visibility.ME
        preview = await self.desk.draft(
            viewer, MessageId(event), data or as_json(document()), "aya.json", where
        )
        return await self.desk.save(viewer, preview.entry.key)

    async def names(self, viewer: Viewer, text: str = "", *, adult: bool = False) -> list[str]:
        found = await self.roster.found(viewer, text, is_age_restricted=adult)
        return [choice.name for choice in found]


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


async def test_an_adult_one_is_offered_only_in_age_restricted_channels(desk: Desk) -> None:
    await desk.take_in(as_json(document(tags=["nsfw"])))

    assert await desk.names(MARA_HERE, "aya") == []
    assert await desk.names(MARA_HERE, "aya", adult=True) == ["Aya"]
    assert (await desk.roster.choose(MARA_HERE, "aya")).rating is Rating.ADULT


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


async def test_of_two_edits_of_one_version_the_second_is_told(desk: Desk) -> None:
    entry = await desk.take_in()

    await desk.desk.change(MARA_HERE, entry.key, {"name": "One"}, version=entry.version)
    with pytest.raises(UserError, match="changed meanwhile"):
        await desk.desk.change(MARA_HERE, entry.key, {"name": "Two"}, version=entry.version)

    assert await desk.names(MARA_HERE, "one") == ["One"]


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


async def test_of_deleted_ones_only_the_newest_are_kept_for_scenes(desk: Desk) -> None:
    for number in range(MOST_RETIRED + 2):
        entry = await desk.take_in(event=number + 1)
        choice = await desk.roster.pick(MARA_HERE, entry.key)
        await desk.desk.delete(MARA_HERE, choice, is_admin=False)

    left = await desk.store.of_user(MARA)
    assert [each.key for each in left] == [f"~{number}" for number in range(3, MOST_RETIRED + 3)]


async def test_files_that_are_too_large_or_too_many_are_not_even_fetched(desk: Desk) -> None:
    with pytest.raises(UserError, match="larger than 10 MB"):
        desk.desk.admit(MARA, MOST_UPLOAD + 1)
    for _ in range(FILES):
        desk.desk.admit(MARA, 1)
    with pytest.raises(UserError, match="many files"):
        desk.desk.admit(MARA, 1)
    desk.desk.admit(TOM, 1)


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
