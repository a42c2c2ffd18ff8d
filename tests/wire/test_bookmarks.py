"""How far each shard was dealt with is kept, never taken back, and not believed blindly."""

import pytest
from redis.asyncio import Redis
from yarl import URL

from bot.adapters.redis_store import GatewaySessions, fingerprint
from bot.core.errors import StoreUnavailable
from bot.core.gateway_ports import GatewaySession
from bot.discord_ui import bookmarks as module
from bot.discord_ui.bookmarks import Bookmarks
from bot.discord_ui.missed import resume_address

BOT = fingerprint("a token")
DISCORD = URL("wss://gateway.discord.gg/")


def place(seq: int, session: str = "abc") -> GatewaySession:
    return GatewaySession(session, seq, "wss://gateway-7.discord.gg/")


def sessions(redis: Redis, owner: str) -> GatewaySessions:
    return GatewaySessions(redis, bot=BOT, owner=owner)


async def found(redis: Redis) -> GatewaySession | None:
    return await sessions(redis, "successor").take(0, 1)


async def test_the_newest_place_stays_whoever_saves_last(redis: Redis) -> None:
    bookmarks = Bookmarks(sessions(redis, "one"))
    await bookmarks.save({0: place(7)}, 1)

    await bookmarks.save({0: place(5)}, 1)

    assert await found(redis) == place(7)


async def test_a_new_session_counts_from_its_own_beginning(redis: Redis) -> None:
    bookmarks = Bookmarks(sessions(redis, "one"))
    await bookmarks.save({0: place(700)}, 1)

    await bookmarks.save({0: place(2, "def")}, 1)

    assert await found(redis) == place(2, "def")


async def test_a_place_that_does_not_move_is_kept_alive(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    bookmarks = Bookmarks(sessions(redis, "one"))
    await bookmarks.save({0: place(7)}, 1)
    await redis.flushall()
    await bookmarks.save({0: place(7)}, 1)
    assert await found(redis) is None
    await redis.flushall()

    monkeypatch.setattr(module, "SAVE_AGAIN_S", 0.0)
    await bookmarks.save({0: place(7)}, 1)

    assert await found(redis) == place(7)


async def test_what_the_last_process_left_is_kept_alive_until_it_is_dealt_with(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Bookmarks(sessions(redis, "zero")).save({0: place(7)}, 1)
    bookmarks = Bookmarks(sessions(redis, "one"))
    await bookmarks.take(0, 1)
    await redis.flushall()
    monkeypatch.setattr(module, "SAVE_AGAIN_S", 0.0)

    await bookmarks.save({}, 1)

    assert await found(redis) == place(7)


class Away:
    """A memory that does not answer."""

    async def take(self, shard: int, of: int) -> GatewaySession | None:
        raise StoreUnavailable(f"{shard} of {of}")

    async def save(self, shard: int, of: int, session: GatewaySession) -> bool:
        raise StoreUnavailable(f"{shard} of {of}: {session}")


async def test_while_the_memory_is_away_nothing_is_kept_and_nothing_fails() -> None:
    bookmarks = Bookmarks(Away())

    assert await bookmarks.take(0, 1) is None
    await bookmarks.save({0: place(7)}, 1)


@pytest.mark.parametrize(
    ("url", "usual", "asked"),
    [
        ("wss://gateway-us-east1-b.discord.gg", DISCORD, "wss://gateway-us-east1-b.discord.gg"),
        ("wss://discord.gg.evil.example", DISCORD, str(DISCORD)),
        ("wss://evildiscord.gg", DISCORD, str(DISCORD)),
        ("ws://gateway-us-east1-b.discord.gg", DISCORD, str(DISCORD)),
        ("nonsense", DISCORD, str(DISCORD)),
        ("ws://127.0.0.1:8/gateway", URL("ws://127.0.0.1:9/"), "ws://127.0.0.1:8/gateway"),
        ("ws://9.0.0.1/gateway", URL("ws://127.0.0.1:9/"), "ws://127.0.0.1:9/"),
        ("ws://[::2]/gateway", URL("ws://[::1]:9/"), "ws://[::1]:9/"),
        ("ws://evil/gateway", URL("ws://proxy/"), "ws://proxy/"),
    ],
)
def test_our_token_goes_to_discord_only_whatever_the_memory_says(
    url: str, usual: URL, asked: str
) -> None:
    assert resume_address(url, usual) == URL(asked)
