"""Everything that Redis holds, as text: to look for words that must not be in it."""

from redis.asyncio import Redis

from bot.adapters.redis_store import connect


async def stored(url: str) -> str:
    """All keys with all they hold."""
    client = connect(url, timeout_s=2.0)
    assert isinstance(client, Redis)
    try:
        return "\n".join(
            [f"{key!r} {await _value(client, key)}" async for key in client.scan_iter()]
        )
    finally:
        await client.aclose()


async def _value(client: Redis, key: str) -> object:
    match str(await client.type(key)):
        case "string":
            return await client.get(key)
        case "hash":
            return await client.hgetall(key)
        case "list":
            return await client.lrange(key, 0, -1)
        case "set":
            return await client.smembers(key)
        case "none":
            return ""  # it has gone meanwhile
        case kind:
            raise AssertionError(f"nobody looks into a {kind}")
