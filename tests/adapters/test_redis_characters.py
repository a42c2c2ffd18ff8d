"""What of the roster stands in Redis, and for how long."""

from datetime import timedelta

from redis.asyncio import Redis

from bot.adapters.redis_store import RedisCharacterStore, connect
from bot.core.scene import CharacterKey
from tests.contract.test_character_store import MARA, QUILL, VANE

YEAR_S, DAY_S, HOUR_S = 365 * 86_400, 86_400, 3_600


async def test_every_key_ends_or_is_an_index(redis: Redis, redis_url: str) -> None:
    client = connect(redis_url, timeout_s=1.0)
    store = RedisCharacterStore(client, retired_for=timedelta(days=1))
    await store.put(VANE)
    await store.put(QUILL)
    await store.retire(QUILL.entry.key)
    await store.put_draft(MARA, VANE)

    left = {key: await redis.ttl(key) for key in await redis.keys()}

    kept, retired = "rp:c:{1200000000000000001}", "rp:c:{1200000000000000002}"
    assert set(left) == {
        kept,
        retired,
        "rp:u:{11}:characters",
        "rp:g:{7}:characters",
        "rp:u:{11}:draft",
    }
    assert YEAR_S - 60 < left[kept] <= YEAR_S
    assert DAY_S - 60 < left[retired] <= DAY_S
    assert HOUR_S - 60 < left["rp:u:{11}:draft"] <= HOUR_S
    await client.aclose()


async def test_what_a_scene_uses_stays(redis: Redis, redis_url: str) -> None:
    client = connect(redis_url, timeout_s=1.0)
    store = RedisCharacterStore(client, retired_for=timedelta(days=1))
    await store.put(VANE)
    await store.put(QUILL)
    await store.retire(QUILL.entry.key)
    for number in (1, 2):
        await redis.expire(f"rp:c:{{120000000000000000{number}}}", 60)

    await store.touch([VANE.entry.key, QUILL.entry.key])

    assert await redis.ttl("rp:c:{1200000000000000001}") > DAY_S
    assert DAY_S - 60 < await redis.ttl("rp:c:{1200000000000000002}") <= DAY_S
    await client.aclose()


async def test_one_that_makes_no_sense_is_passed_over(redis: Redis, redis_url: str) -> None:
    client = connect(redis_url, timeout_s=1.0)
    store = RedisCharacterStore(client, retired_for=timedelta(days=1))
    await store.put(VANE)
    await redis.hset("rp:c:{1200000000000000001}", "raw", "no base64 !")

    assert await store.get(VANE.entry.key) is None
    await redis.hset("rp:c:{1200000000000000001}", "rating", "whatever")
    assert list(await store.of_user(MARA)) == []
    assert list(await store.touch([VANE.entry.key, CharacterKey("~")])) == []
    await client.aclose()
