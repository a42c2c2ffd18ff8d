"""S28: commands, presses and forms are counted together, suggestions are not."""

from bot.adapters.redis_store import RedisSceneStore
from tests.wire.interactions import GUILD, Person, in_process

TAVERN = 6_000_000_000_000_000_000
MARA, TOM = Person(11, 68_608), Person(12, 68_608)
"""They may see the channel, write and read there."""
TOO_FAST = "That is faster than I can follow. Try again in "
SMALL = {"member_uses": 3, "server_uses": 5, "uses_in_s": 3600.0, "uploads": 1}


async def test_s28_who_goes_too_fast_is_told_whatever_they_use(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    assert scene_store is not None
    async with in_process(clean_redis_url, [], [TAVERN, GUILD], limits=SMALL) as world:
        for _ in range(10):
            await world.suggestions(MARA, TAVERN, "roleplay start", "character")

        used = [
            await world.slash(MARA, TAVERN, "roleplay status"),
            await world.press(MARA, TAVERN, "start:cancel"),
            await world.submit(MARA, TAVERN, "draft:edited:5", "text"),
        ]
        assert not any(told.startswith(TOO_FAST) for told in used), used
        refused = [
            await world.slash(MARA, TAVERN, "roleplay status"),
            await world.slash(MARA, TAVERN, "settings show"),
            await world.menu(MARA, TAVERN, "Why?", 5),
            await world.press(MARA, TAVERN, "start:cancel"),
            await world.press(MARA, TAVERN, "draft:edit"),
            await world.submit(MARA, TAVERN, "draft:edited:5", "text"),
        ]
        assert all(told.startswith(TOO_FAST) for told in refused), refused

        others = [await world.slash(TOM, TAVERN, "roleplay status") for _ in range(3)]
        assert [told.startswith(TOO_FAST) for told in others] == [False, False, True]


async def test_s28_files_are_counted_whatever_they_are_for(
    clean_redis_url: str, scene_store: RedisSceneStore
) -> None:
    assert scene_store is not None
    few = {"member_uses": 100, "uploads": 1}
    async with in_process(clean_redis_url, [], [TAVERN], limits=few) as world:
        assert "hand the file out" in await world.slash(MARA, TAVERN, "character import")
        assert (await world.slash(MARA, TAVERN, "character import")).startswith("That were many")
        assert (await world.slash(MARA, None, "lore import")).startswith("That were many")
        assert (await world.slash(MARA, None, "roleplay import")).startswith("That were many")
