"""What every `CharacterStore` keeps to."""

from dataclasses import replace

from bot.core.cards.portrait import Portrait
from bot.core.characters import Rating
from bot.core.roster import Entry, Stored
from bot.core.roster_ports import CharacterStore
from bot.core.scene import CharacterKey, GuildId, UserId

MARA, TOM = UserId(11), UserId(9007199254740995)
ISLAND, COAST = GuildId(7), GuildId(9007199254740997)
VANE = Stored(
    Entry(CharacterKey("~1200000000000000001"), MARA, "Vane", "A captain", at_ms=5),
    raw=b'{"name": "Vane", "x": "\xf0\x9f\x8c\x8a"}\x00\xff',
    filename="vane.png",
    portrait=Portrait(b"\x89PNG whole", b"\x89PNG face"),
)
QUILL = Stored(
    Entry(
        CharacterKey("~1200000000000000002"),
        MARA,
        "Quill \ud83d",
        guild=ISLAND,
        rating=Rating.ADULT,
    ),
    raw=b"{}",
)
ODD = Stored(
    replace(VANE.entry, key=CharacterKey("~3"), owner=TOM, guild=ISLAND, is_minor=True), raw=b"{}"
)


async def keys_of(characters: CharacterStore, user: UserId) -> list[str]:
    return [each.key for each in await characters.of_user(user)]


async def keys_in(characters: CharacterStore, guild: GuildId) -> list[str]:
    return [each.key for each in await characters.in_guild(guild)]


async def test_there_is_nothing_at_first(characters: CharacterStore) -> None:
    assert await characters.get(VANE.entry.key) is None
    assert await characters.get(CharacterKey("clover")) is None
    assert list(await characters.touch([VANE.entry.key, CharacterKey("clover")])) == []
    assert await keys_of(characters, MARA) == []
    assert await keys_in(characters, ISLAND) == []
    assert await characters.draft(MARA) is None


async def test_a_character_comes_back_byte_for_byte(characters: CharacterStore) -> None:
    assert await characters.put(VANE)
    assert await characters.put(ODD)

    kept = replace(VANE, entry=replace(VANE.entry, version=1))
    assert await characters.get(VANE.entry.key) == kept
    assert await characters.get(ODD.entry.key) == replace(ODD, entry=replace(ODD.entry, version=1))
    assert list(await characters.touch([VANE.entry.key, CharacterKey("~99")])) == [kept.entry]


async def test_characters_are_found_by_owner_and_by_guild(characters: CharacterStore) -> None:
    for each in (QUILL, VANE, ODD):
        assert await characters.put(each)

    assert await keys_of(characters, MARA) == [VANE.entry.key, QUILL.entry.key]
    assert await keys_of(characters, TOM) == [ODD.entry.key]
    assert await keys_in(characters, ISLAND) == [ODD.entry.key, QUILL.entry.key]
    assert await keys_in(characters, COAST) == []


async def test_a_second_save_is_the_first(characters: CharacterStore) -> None:
    assert await characters.put(VANE)

    assert not await characters.put(VANE)

    [entry] = await characters.of_user(MARA)
    assert entry.version == 1


async def test_of_two_edits_of_the_same_version_one_counts(characters: CharacterStore) -> None:
    await characters.put(VANE)
    [entry] = await characters.of_user(MARA)

    first = replace(VANE, entry=replace(entry, name="Vane the First"))
    second = replace(VANE, entry=replace(entry, name="Vane the Second"))
    assert await characters.put(first)
    assert not await characters.put(second)

    [entry] = await characters.of_user(MARA)
    assert (entry.name, entry.version) == ("Vane the First", 2)


async def test_an_edit_moves_it_between_guilds(characters: CharacterStore) -> None:
    await characters.put(QUILL)
    [entry] = await characters.of_user(MARA)

    await characters.put(replace(QUILL, entry=replace(entry, guild=COAST)))

    assert await keys_in(characters, ISLAND) == []
    assert await keys_in(characters, COAST) == [QUILL.entry.key]


async def test_a_retired_one_is_in_no_guild_and_still_there(characters: CharacterStore) -> None:
    await characters.put(QUILL)
    await characters.put(VANE)

    await characters.retire(QUILL.entry.key)
    await characters.retire(CharacterKey("~99"))

    assert await keys_in(characters, ISLAND) == []
    vane, quill = await characters.of_user(MARA)
    assert (vane.is_retired, quill.is_retired) == (False, True)
    found = await characters.get(QUILL.entry.key)
    assert found is not None
    assert found.entry.is_retired
    assert list(await characters.touch([QUILL.entry.key])) == [found.entry]


async def test_an_edit_does_not_bring_a_retired_one_back(characters: CharacterStore) -> None:
    await characters.put(VANE)
    [entry] = await characters.of_user(MARA)
    await characters.retire(VANE.entry.key)

    assert not await characters.put(replace(VANE, entry=entry))

    [entry] = await characters.of_user(MARA)
    assert entry.is_retired


async def test_a_forgotten_one_is_nowhere(characters: CharacterStore) -> None:
    await characters.put(QUILL)

    await characters.forget(QUILL.entry.key)
    await characters.forget(QUILL.entry.key)

    assert await characters.get(QUILL.entry.key) is None
    assert await keys_of(characters, MARA) == []
    assert await keys_in(characters, ISLAND) == []


async def test_all_of_a_users_is_erased_and_nobody_elses(characters: CharacterStore) -> None:
    for each in (VANE, QUILL, ODD):
        await characters.put(each)
    await characters.retire(VANE.entry.key)
    await characters.put_draft(MARA, VANE)
    await characters.set_default(MARA, VANE.entry.key, is_guild=False)

    await characters.forget_user(MARA)

    assert await keys_of(characters, MARA) == []
    assert await characters.get(VANE.entry.key) is None
    assert await characters.draft(MARA) is None
    assert await characters.default_of(MARA, is_guild=False) is None
    assert await keys_in(characters, ISLAND) == [ODD.entry.key]


async def test_what_is_left_of_a_guild_belongs_to_its_owners(characters: CharacterStore) -> None:
    await characters.put(QUILL)
    await characters.set_default(ISLAND, QUILL.entry.key, is_guild=True)

    await characters.leave_guild(ISLAND)

    assert await keys_in(characters, ISLAND) == []
    assert await characters.default_of(ISLAND, is_guild=True) is None
    [entry] = await characters.of_user(MARA)
    assert (entry.guild, entry.version) == (None, 2)


async def test_a_member_has_one_draft(characters: CharacterStore) -> None:
    await characters.put_draft(MARA, VANE)
    await characters.put_draft(MARA, QUILL)
    await characters.put_draft(TOM, ODD)

    found = await characters.draft(MARA)
    assert found is not None
    assert (found.entry.key, found.entry.version, found.raw) == (QUILL.entry.key, 0, b"{}")
    assert await keys_of(characters, MARA) == []

    await characters.drop_draft(MARA)
    assert await characters.draft(MARA) is None
    assert await characters.draft(TOM) is not None


async def test_defaults_of_users_and_guilds_are_apart(characters: CharacterStore) -> None:
    same = 77
    await characters.set_default(UserId(same), CharacterKey("clover"), is_guild=False)
    await characters.set_default(GuildId(same), VANE.entry.key, is_guild=True)

    assert await characters.default_of(UserId(same), is_guild=False) == "clover"
    assert await characters.default_of(GuildId(same), is_guild=True) == VANE.entry.key
    await characters.set_default(GuildId(same), None, is_guild=True)
    assert await characters.default_of(GuildId(same), is_guild=True) is None
    assert await characters.default_of(UserId(same), is_guild=False) == "clover"


async def test_readings_of_the_hosts_files_are_counted(characters: CharacterStore) -> None:
    assert await characters.host_reloads() == 0

    assert [await characters.count_host_reload() for _ in range(2)] == [1, 2]

    assert await characters.host_reloads() == 2
