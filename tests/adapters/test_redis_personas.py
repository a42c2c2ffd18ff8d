"""Personas in Redis: damage, and two who change them at once."""

import asyncio

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.keys import personas_key
from bot.core.personas import PlayerPersona, Wardrobe
from tests.scenes import ANN

ASH = PlayerPersona("Ash", "A smith \ud800.")


async def test_what_is_damaged_reads_as_nothing_and_can_be_changed(
    scene_store: RedisSceneStore, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await scene_store.keep_wardrobe(ANN, Wardrobe((ASH,)))
    await redis.hset(personas_key(ANN), "personas", '["a secret"]')

    found = await scene_store.wardrobe(ANN)

    assert found == Wardrobe(version=1)
    assert "secret" not in caplog.text
    assert await scene_store.keep_wardrobe(ANN, Wardrobe((PlayerPersona("Moth"),), version=1))
    assert [each.name for each in (await scene_store.wardrobe(ANN)).personas] == ["Moth"]


async def test_half_a_character_is_kept_as_a_sign_for_it(scene_store: RedisSceneStore) -> None:
    await scene_store.keep_wardrobe(ANN, Wardrobe((ASH,)))

    assert (await scene_store.wardrobe(ANN)).personas[0].text == "A smith \ufffd."


async def test_of_many_changes_at_once_one_is_made(
    scene_store: RedisSceneStore,
) -> None:
    wanted = [Wardrobe((PlayerPersona(f"P{number}"),)) for number in range(8)]

    made = await asyncio.gather(*(scene_store.keep_wardrobe(ANN, each) for each in wanted))

    assert sum(made) == 1
    assert (await scene_store.wardrobe(ANN)).personas == wanted[made.index(True)].personas


async def test_who_plays_whom_is_not_asked_for_every_line(
    scene_store: RedisSceneStore, redis: Redis
) -> None:
    await scene_store.keep_wardrobe(ANN, Wardrobe((PlayerPersona("Ash"),)))
    await scene_store.wardrobe(ANN)
    before = (await redis.info("commandstats"))["cmdstat_hgetall"]["calls"]

    for _ in range(5):
        assert (await scene_store.wardrobe(ANN)).personas == (PlayerPersona("Ash"),)

    assert (await redis.info("commandstats"))["cmdstat_hgetall"]["calls"] == before


async def test_what_was_read_while_it_changed_is_not_taken_for_what_is_kept(
    scene_store: RedisSceneStore,
) -> None:
    for version in range(20):
        changed = Wardrobe((PlayerPersona(f"P{version}"),), version=version)
        await asyncio.gather(
            scene_store.wardrobe(ANN),
            scene_store.keep_wardrobe(ANN, changed),
            scene_store.wardrobe(ANN),
        )
        assert (await scene_store.wardrobe(ANN)).version == version + 1
