"""What every `GuildRulesStore` keeps to."""

from collections.abc import AsyncIterator

import pytest

from bot.adapters.redis_store import connect, keys
from bot.adapters.redis_store.guild_rules import RedisGuildRules
from bot.core.guild_rules import ChannelRule, GuildRules, GuildRulesStore, RoleId
from bot.core.scene import GuildId
from tests.fakes.memory_guild_rules import MemoryGuildRules
from tests.scenes import ANN, BOB, HARBOUR, TOWER

HERE, THERE = GuildId(7), GuildId(8)
NOTHING = GuildRules()
SETTLED = GuildRules(
    channels={HARBOUR: ChannelRule.ALLOWED, TOWER: ChannelRule.DENIED},
    roles={RoleId(3): True, RoleId(4): False},
    manager_role=RoleId(5),
    blocked=frozenset({ANN, BOB}),
    keep_days=20,
    has_links=True,
)


@pytest.fixture
async def store(store_url: str | None) -> AsyncIterator[GuildRulesStore]:
    if store_url is None:
        yield MemoryGuildRules()
        return
    redis = connect(store_url, timeout_s=1.0)
    await redis.flushall()
    yield RedisGuildRules(redis)
    await redis.aclose()


async def test_nothing_is_settled_at_first(store: GuildRulesStore) -> None:
    assert await store.rules(HERE) == NOTHING


async def test_what_is_settled_is_read_and_holds_nowhere_else(store: GuildRulesStore) -> None:
    assert await store.keep_rules(HERE, SETTLED, was=NOTHING)

    assert await store.rules(HERE) == SETTLED
    assert await store.rules(THERE) == NOTHING


async def test_rules_that_others_have_changed_since_are_not_overwritten(
    store: GuildRulesStore,
) -> None:
    await store.keep_rules(HERE, SETTLED, was=NOTHING)

    assert not await store.keep_rules(HERE, SETTLED.kept_for(30), was=NOTHING)

    assert await store.rules(HERE) == SETTLED


async def test_settled_twice_they_are_settled(store: GuildRulesStore) -> None:
    for _ in range(2):
        assert await store.keep_rules(HERE, SETTLED, was=NOTHING)


async def test_rules_may_be_settled_away_and_forgotten(store: GuildRulesStore) -> None:
    await store.keep_rules(HERE, SETTLED, was=NOTHING)
    assert await store.keep_rules(HERE, NOTHING, was=SETTLED)
    assert await store.rules(HERE) == NOTHING

    await store.keep_rules(HERE, SETTLED, was=NOTHING)
    await store.forget_rules(HERE)
    assert await store.rules(HERE) == NOTHING


@pytest.mark.parametrize("damage", ["{", "[]", '{"channels":{}}', '{"channels":{"x":"?"}}'])
async def test_damaged_rules_settle_nothing_and_can_be_settled_anew(
    redis_url: str, damage: str
) -> None:
    redis = connect(redis_url, timeout_s=1.0)
    store = RedisGuildRules(redis)
    await redis.hset(keys.guild_rules_key(HERE), "rules", damage)

    assert await store.rules(HERE) == NOTHING
    assert await store.keep_rules(HERE, SETTLED, was=NOTHING)
    assert await store.rules(HERE) == SETTLED
    await redis.aclose()
