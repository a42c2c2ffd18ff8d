"""How long lorebooks live in Redis."""

from datetime import timedelta

from bot.adapters.redis_store import RedisSceneStore
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.keys import channel_lore_key, guild_lore_key
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.core.lore_ports import LoreHome
from bot.core.scene import GuildId
from tests.scenes import HARBOUR

CHANNEL, GUILD = LoreHome(channel=HARBOUR), LoreHome(guild=GuildId(7))


async def test_a_channel_s_books_live_as_long_as_somebody_reads_them(redis: RedisClient) -> None:
    books = RedisLoreStore(redis, ttl=timedelta(seconds=100))
    await books.put_book(CHANNEL, "sea", "one", was="")
    await redis.pexpire(channel_lore_key(HARBOUR), 1_000)

    await books.books(CHANNEL)

    assert await redis.pttl(channel_lore_key(HARBOUR)) > 90_000


async def test_a_server_s_books_stay(redis: RedisClient) -> None:
    books = RedisLoreStore(redis, ttl=timedelta(seconds=100))

    await books.put_book(GUILD, "sea", "one", was="")
    await books.books(GUILD)

    assert await redis.pttl(guild_lore_key(GuildId(7))) == -1


async def test_a_channel_that_is_forgotten_has_no_books_left(redis: RedisClient) -> None:
    books = RedisLoreStore(redis, ttl=timedelta(seconds=100))
    await books.put_book(CHANNEL, "sea", "one", was="")

    await RedisSceneStore(redis, keep=10, ttl=timedelta(days=1)).purge(HARBOUR)

    assert await books.books(CHANNEL) == {}


async def test_a_server_with_lore_is_known_until_that_is_forgotten(redis: RedisClient) -> None:
    books = RedisLoreStore(redis, ttl=timedelta(seconds=100))
    scenes = RedisSceneStore(redis, keep=10, ttl=timedelta(days=1))
    await books.put_book(GUILD, "sea", "one", was="")
    await redis.hset("rp:guilds", "7", "1")  # long ago

    assert await scenes.guilds() == [7]

    await books.forget_books(GUILD)
    assert await scenes.guilds() == []
