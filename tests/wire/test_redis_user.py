"""The bot with the Redis user that compose gives it: enough to play, and to forget."""

from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError

from bot.adapters.redis_store import connect
from tests.test_compose import redis_flags
from tests.wire.running import running

PASSWORD = "of-the-bot-alone"


@pytest.fixture
async def own_user_url(redis: Redis, redis_url: str) -> str:
    name, *words = redis_flags()["--user"].split()
    rules = [word for word in words if word == "on" or word[0] in "~&+-"]
    user = ("ACL", "SETUSER", name, "reset", f">{PASSWORD}", *rules)
    await redis.execute_command(*user)  # type: ignore[no-untyped-call]  # redis-py's own
    path = redis_url.removeprefix("unix://")
    return f"unix://{name}:{PASSWORD}@{path}"


async def test_s24_it_plays_and_forgets_with_the_user_of_compose(
    own_user_url: str, tmp_path: Path
) -> None:
    async with running(own_user_url, tmp_path) as stage:
        mara, ann = stage.world.mara, stage.world.ann
        await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
        line = await mara.send("Clover, are you there?")
        await mara.wait_for_message(lambda m: m.id > line.id and "I hear you." in m.content)
        told = await ann.answer(await ann.slash("doctor"))
        _, printed = await stage.bot.stop()

    assert "❌" not in told.content
    assert "NOPERM" not in printed
    assert "does not allow" not in printed


async def test_s24_that_user_can_neither_empty_the_server_nor_see_other_keys(
    own_user_url: str,
) -> None:
    client = connect(own_user_url, timeout_s=1.0)
    try:
        await client.set("rp:probe", "1", ex=5)
        for refused in (client.flushall(), client.config_get("*"), client.get("another")):
            with pytest.raises(NoPermissionError):
                await refused
    finally:
        await client.aclose()
