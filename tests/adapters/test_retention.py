"""For how long stories are kept: a server's choice before the host's."""

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisSceneStore, keys
from bot.adapters.redis_store.guild_rules import RedisGuildRules
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.core.lengths import Length
from bot.core.lore_ports import LoreHome
from bot.core.scene import GuildId
from bot.services.guild_desk import GuildDesk
from bot.services.retention import Retention
from tests.scenes import HARBOUR, TOWER, line, reply, scene

GUILD = GuildId(7)
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
USUAL = 30
BOOKS = LoreHome(channel=HARBOUR)


@pytest.fixture
def desk(redis: Redis) -> GuildDesk:
    return GuildDesk(RedisGuildRules(redis), is_open=True)


@pytest.fixture
def store(redis: Redis, desk: GuildDesk) -> RedisSceneStore:
    return RedisSceneStore(redis, keep=50, ttl=timedelta(days=USUAL), days_in=desk.keep_days)


@pytest.fixture
def retention(store: RedisSceneStore, desk: GuildDesk) -> Retention:
    return Retention(store, desk, usual_days=USUAL)


async def left(redis: Redis) -> list[float]:
    """For how many days the channel's keys are kept still, each."""
    found = [await redis.pttl(key) for key in keys.channel_keys(HARBOUR)]
    return [ms / DAY_MS for ms in found if ms != -2]


async def play(store: RedisSceneStore) -> None:
    await store.start(scene(), reply(1, "Hello.", 11))
    await store.ingest(HARBOUR, line(2))


async def fall_silent(redis: Redis, days: float) -> None:
    for key in keys.channel_keys(HARBOUR):
        await redis.pexpire(key, int((USUAL - days) * DAY_MS))


@pytest.mark.parametrize("days", [1, 7, 180])
async def test_s41_a_choice_holds_for_stories_there_are_and_those_to_come(
    retention: Retention, store: RedisSceneStore, redis: Redis, days: int
) -> None:
    await play(store)

    await retention.settle(GUILD, days)

    assert await left(redis) == pytest.approx([days] * 5, abs=0.01)
    await store.purge(HARBOUR)
    await redis.delete(keys.lease_key(HARBOUR))
    await play(store)
    assert await left(redis) == pytest.approx([days] * 5, abs=0.01)
    assert await retention.days_in(GUILD) == days


async def test_s41_what_a_story_has_been_silent_for_counts(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await play(store)
    await fall_silent(redis, 5)

    await retention.settle(GUILD, 7)
    assert await left(redis) == pytest.approx([2] * 5, abs=0.01)

    await retention.settle(GUILD, None)
    assert await left(redis) == pytest.approx([25] * 5, abs=0.01)


async def test_what_would_be_over_stays_an_hour_in_which_that_can_be_taken_back(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await play(store)
    await fall_silent(redis, 20)

    await retention.settle(GUILD, 2)

    assert await left(redis) == pytest.approx([HOUR_MS / DAY_MS] * 5, abs=0.001)
    await retention.settle(GUILD, 10)
    assert max(await left(redis)) > 5


async def test_every_line_puts_it_off_by_the_chosen_time(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await play(store)
    await retention.settle(GUILD, 3)
    for key in keys.channel_keys(HARBOUR):
        await redis.pexpire(key, HOUR_MS)

    await store.ingest(HARBOUR, line(3))
    assert await left(redis) == pytest.approx([3] * 5, abs=0.01)
    await store.set_length(HARBOUR, Length("long"))
    assert await left(redis) == pytest.approx([3] * 5, abs=0.01)


@pytest.mark.parametrize("days", [1, 180])
async def test_s41_lorebooks_of_a_channel_are_kept_as_long_as_its_story(
    retention: Retention, store: RedisSceneStore, redis: Redis, days: int
) -> None:
    await play(store)
    books = RedisLoreStore(redis, ttl=timedelta(days=USUAL))
    await books.put_book(BOOKS, "sea", "waves", was="")
    assert await books_left(redis) == pytest.approx(USUAL, abs=0.01)

    await retention.settle(GUILD, days)
    assert await books_left(redis) == pytest.approx(days, abs=0.01)

    await redis.pexpire(keys.channel_lore_key(HARBOUR), HOUR_MS)
    await books.books(BOOKS)
    assert await books_left(redis) == pytest.approx(days, abs=0.01)
    await books.put_book(BOOKS, "land", "trees", was="")
    assert await books_left(redis) == pytest.approx(days, abs=0.01)
    await retention.settle(GUILD, None)
    assert await books_left(redis) == pytest.approx(USUAL, abs=0.01)


async def test_s41_what_lorebooks_were_not_read_for_counts(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await play(store)
    books = RedisLoreStore(redis, ttl=timedelta(days=USUAL))
    await books.put_book(BOOKS, "sea", "waves", was="")
    await redis.pexpire(keys.channel_lore_key(HARBOUR), (USUAL - 5) * DAY_MS)

    for _ in range(2):  # done twice it is done once
        await retention.settle(GUILD, 7)
        assert await books_left(redis) == pytest.approx(2, abs=0.01)
    await retention.settle(GUILD, 3)
    assert await books_left(redis) == pytest.approx(HOUR_MS / DAY_MS, abs=0.001)


async def test_a_channel_without_lorebooks_gets_none_by_a_choice(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await play(store)

    await retention.settle(GUILD, 7)

    assert not await redis.exists(keys.channel_lore_key(HARBOUR))


async def books_left(redis: Redis) -> float:
    return float(await redis.pttl(keys.channel_lore_key(HARBOUR))) / DAY_MS


async def test_other_servers_and_direct_messages_are_as_the_host_has_it(
    retention: Retention, store: RedisSceneStore, redis: Redis
) -> None:
    await store.start(scene(TOWER), None)
    await play(store)

    await retention.settle(GuildId(8), 2)

    assert await left(redis) == pytest.approx([USUAL] * 5, abs=0.01)
    assert await retention.days_in(GUILD) == USUAL
    assert await retention.days_in(None) == USUAL


async def test_a_choice_changes_nothing_of_the_story(
    retention: Retention, store: RedisSceneStore
) -> None:
    await play(store)
    before = await store.read(HARBOUR)

    await retention.settle(GUILD, 2)

    assert await store.read(HARBOUR) == before
    await store.keep_for(TOWER, 2)
    assert await store.read(TOWER) is None
