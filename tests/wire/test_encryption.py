"""S37: a host sets a key on a running story; from then on Redis shows nobody what is written."""

import base64
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.keys import SEALING
from bot.core.scene import GuildId, Place
from tests.playground.driver import eventually
from tests.scenes import HARBOUR, scene
from tests.sealing import HOST_KEY, sealed_on
from tests.wire.canaries import stored
from tests.wire.playing import Played, playing
from tests.wire.test_privacy import forget

CANARY = "zanzibar-9417"
DAY = timedelta(days=1)
LEFT = GuildId(999)
KEY = base64.b64encode(HOST_KEY).decode()


@pytest.fixture
async def played(clean_redis_url: str, tmp_path: Path) -> AsyncGenerator[Played, None]:
    async with playing(clean_redis_url, tmp_path) as everything:
        yield everything


@pytest.fixture
async def client(clean_redis_url: str) -> AsyncGenerator[Redis, None]:
    redis = connect(clean_redis_url, timeout_s=2.0)
    assert isinstance(redis, Redis)
    yield redis
    await redis.aclose()


async def encrypt(played: Played, client: Redis) -> None:
    """Kill the bot, and start another that has a key; then the tests have one, too."""
    played.bot.settings["BOT_REDIS__ENCRYPTION_KEYS"] = KEY
    played.store = RedisSceneStore(client, keep=2000, ttl=DAY, seals=sealed_on(client))
    await played.restart()


async def test_s37_a_story_goes_on_under_a_key_and_redis_shows_nothing_of_it(
    played: Played, client: Redis, clean_redis_url: str
) -> None:
    tom = played.world.tom
    first = await played.say(f"Clover, {CANARY} one.", member=tom)
    await played.reply(after=first)
    await played.command("persona set", member=tom, named={"name": "A", "description": CANARY})
    await played.command("roleplay save", named={"name": "before"})
    await played.remembers(2)
    assert CANARY in await stored(clean_redis_url)

    await encrypt(played, client)

    async def is_hidden() -> bool:
        return CANARY not in await stored(clean_redis_url)

    await eventually(is_hidden)
    second = await played.say(f"And {CANARY} two?", member=tom)
    await played.reply(after=second)
    await tom.edit(second, f"And {CANARY} three?")
    assert f"{CANARY} one." in played.tgi.asked[-1].prompt
    await played.restart()
    third = await played.say("Clover, what did I say?", member=tom)
    await played.reply(after=third)
    assert f"{CANARY} three?" in played.tgi.asked[-1].prompt
    await played.remembers(6)
    assert await is_hidden()
    await _dropped_with_whom_it_was_for(played, client)


async def _dropped_with_whom_it_was_for(played: Played, client: Redis) -> None:
    tom = played.world.tom
    assert f"u:{tom.id}" in await client.hkeys(SEALING)

    assert "orgotten" in await forget(played, "everywhere", tom)

    assert f"u:{tom.id}" not in await client.hkeys(SEALING)


async def test_s37_the_key_of_a_server_that_was_left_goes_with_its_stories(
    played: Played, client: Redis
) -> None:
    store = RedisSceneStore(client, keep=2000, ttl=DAY, seals=sealed_on(client))
    await store.start(replace(scene(), place=Place(HARBOUR, LEFT, HARBOUR)), None)
    assert f"g:{LEFT}" in await client.hkeys(SEALING)
    await store.leave(LEFT, 1)  # its week is long over

    await encrypt(played, client)

    async def is_gone() -> bool:
        return f"g:{LEFT}" not in await client.hkeys(SEALING)

    await eventually(is_gone)
    assert await store.head(HARBOUR) is None


async def test_without_its_key_the_bot_ends_and_says_what_is_missing(
    played: Played, client: Redis
) -> None:
    await encrypt(played, client)
    await played.bot.kill()
    del played.bot.settings["BOT_REDIS__ENCRYPTION_KEYS"]

    await played.bot.start()

    code, said = await played.bot.wait()
    assert code == 78
    assert "BOT_REDIS__ENCRYPTION_KEYS" in said
    assert KEY not in said
