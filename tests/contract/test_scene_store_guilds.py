"""What every `GuildStore` keeps to: where scenes play, and which guilds were left."""

from dataclasses import replace

from bot.core.scene import ChannelId, GuildId, Place
from tests.contract.stores import Store
from tests.scenes import HARBOUR, TOWER, scene

ISLAND, COAST = GuildId(7), GuildId(9007199254740995)
DUE_MS = 1_732_400_000_000


async def play(store: Store, channel: ChannelId, guild: GuildId | None) -> None:
    await store.start(replace(scene(channel), place=Place(channel, guild, channel)), None)


async def test_nothing_plays_anywhere_at_first(store: Store) -> None:
    assert await store.guilds() == []
    assert await store.channels_in(ISLAND) == []
    assert await store.left() == []


async def test_scenes_are_found_by_their_guild(store: Store) -> None:
    await play(store, TOWER, ISLAND)
    await play(store, HARBOUR, ISLAND)
    await play(store, ChannelId(3), COAST)
    await play(store, ChannelId(4), None)
    await store.set_live(TOWER, live=False)

    assert await store.guilds() == [ISLAND, COAST]
    assert await store.channels_in(ISLAND) == [HARBOUR, TOWER]
    assert await store.channels_in(COAST) == [ChannelId(3)]


async def test_a_guild_is_due_once_its_time_has_come(store: Store) -> None:
    await store.leave(ISLAND, DUE_MS)
    await store.leave(COAST, DUE_MS + 5)

    assert await store.left() == [ISLAND, COAST]
    assert await store.due(DUE_MS - 1) == []
    assert await store.due(DUE_MS) == [ISLAND]
    assert await store.due(DUE_MS + 5) == [ISLAND, COAST]


async def test_noting_again_that_a_guild_was_left_grants_no_more_time(store: Store) -> None:
    await store.leave(ISLAND, DUE_MS)
    await store.leave(ISLAND, DUE_MS + 1000)

    assert await store.due(DUE_MS) == [ISLAND]


async def test_a_guild_that_has_us_back_is_not_due(store: Store) -> None:
    await play(store, HARBOUR, ISLAND)
    await store.leave(ISLAND, DUE_MS)

    await store.rejoin(ISLAND)
    await store.rejoin(ISLAND)

    assert await store.left() == []
    assert await store.due(DUE_MS) == []
    assert await store.channels_in(ISLAND) == [HARBOUR]
