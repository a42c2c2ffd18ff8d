"""What is particular to a cluster: channels lie on different nodes."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import RedisCluster

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.keys import GUILDS, guild_channels_key, meta_key, user_channels_key
from bot.adapters.redis_store.said import Said
from bot.core.scene import ChannelId, GuildId, MessageId, Work
from bot.core.store_answers import IngestStatus
from tests.contract.conftest import NODES
from tests.contract.stores import texts
from tests.scenes import ANN, line, reply, scene

GUILD = GuildId(7)
CHANNELS = [ChannelId(1111111111111111111 + number) for number in range(12)]


@pytest.fixture
async def client(cluster_url: str) -> AsyncIterator[RedisCluster]:
    redis = connect(cluster_url, timeout_s=1.0)
    assert isinstance(redis, RedisCluster)
    await redis.flushall()
    yield redis
    await redis.aclose()


@pytest.fixture
def store(client: RedisCluster) -> RedisSceneStore:
    return RedisSceneStore(client, keep=50, ttl=timedelta(days=1))


async def play(store: RedisSceneStore, channel: ChannelId) -> None:
    """Something in each key of the channel."""
    await store.start(scene(channel), reply(1, "hello", 11))
    await store.ingest(channel, line(2))
    await store.take(channel, "one", 60, Work(reply(2, "").id, line(2).id, (MessageId(12),)))
    await store.delete(channel, [MessageId(99)])  # nobody knows what it showed


async def test_channels_spread_over_all_nodes_and_each_lies_on_one(
    store: RedisSceneStore, client: RedisCluster
) -> None:
    for channel in CHANNELS:
        await play(store, channel)

    homes: dict[str, set[str]] = {}
    for node in client.get_primaries():
        for key in await client.keys("rp:{*", target_nodes=node):
            homes.setdefault(str(key).split("}")[0], set()).add(node.name)

    assert len(homes) == len(CHANNELS)
    assert {len(nodes) for nodes in homes.values()} == {1}
    assert len(set.union(*homes.values())) == NODES
    assert await store.live_channels() == CHANNELS
    assert await store.channels_of(ANN) == CHANNELS
    assert await store.channels_in(GUILD) == CHANNELS
    assert [each.head.place.channel for each in await store.survey(CHANNELS)] == CHANNELS


async def test_every_node_that_forgot_the_scripts_is_told_again(
    store: RedisSceneStore, client: RedisCluster
) -> None:
    for channel in CHANNELS:
        await play(store, channel)
    await client.script_flush()

    answers = [await store.ingest(channel, line(3)) for channel in CHANNELS]
    await client.script_flush()
    found = await store.survey(CHANNELS)

    assert {answer.status for answer in answers} == {IngestStatus.STORED}
    assert [each.last for each in found] == [line(3)] * len(CHANNELS)


async def test_a_channel_that_moves_to_another_node_is_followed(
    store: RedisSceneStore, client: RedisCluster
) -> None:
    """An operator takes a slot to another node; nobody tells the bot."""
    channel = CHANNELS[0]
    await play(store, channel)
    slot = await client.cluster_keyslot(f"{{{channel}}}")
    old = client.nodes_manager.get_node_from_slot(slot)
    new = next(node for node in client.get_primaries() if node.name != old.name)
    nodes = {name: str(node["node_id"]) for name, node in (await client.cluster_nodes()).items()}
    await client.cluster_setslot(new, nodes[old.name], slot, "IMPORTING")
    await client.cluster_setslot(old, nodes[new.name], slot, "MIGRATING")
    keys = await client.cluster_get_keys_in_slot(slot, 100)
    await old.execute_command("MIGRATE", new.host, new.port, "", 0, 1000, "KEYS", *keys)
    for node in (new, old):
        await client.cluster_setslot(node, nodes[new.name], slot, "NODE")

    answer = await store.ingest(channel, line(3))

    assert answer.status is IngestStatus.STORED
    assert await texts(store, channel) == ["hello", "line 2", "line 3"]
    assert set(keys) <= set(await client.keys("*", target_nodes=new))


async def test_old_scenes_are_indexed_on_every_node(
    store: RedisSceneStore, client: RedisCluster
) -> None:
    for channel in CHANNELS:
        await play(store, channel)
        await client.hdel(meta_key(channel), "listed", "in_guild")
    for index in (user_channels_key(ANN), guild_channels_key(GUILD), GUILDS):
        await client.delete(index)

    count = await store.complete_indexes()

    assert count == len(CHANNELS)
    assert await store.channels_of(ANN) == CHANNELS
    assert await store.channels_in(GUILD) == CHANNELS
    assert await store.guilds() == [GUILD]


async def test_who_is_forgotten_is_looked_for_on_all_nodes(
    store: RedisSceneStore, client: RedisCluster
) -> None:
    for channel in CHANNELS:
        await play(store, channel)
    await client.delete(user_channels_key(ANN))

    assert await store.search(ANN) == CHANNELS
    assert await store.rewrite_file() is None
    for node in client.get_primaries():
        await client.execute_command("CONFIG", "SET", "appendonly", "yes", target_nodes=node)
    assert await store.rewrite_file()
    for node in client.get_primaries():
        await client.execute_command("CONFIG", "SET", "appendonly", "no", target_nodes=node)


@pytest.mark.usefixtures("client")
async def test_each_node_is_told_what_it_may_have_lost(cluster_url: str) -> None:
    another = connect(cluster_url, timeout_s=1.0)
    assert another.journal is not None
    keys = [f"rp:{{{number}}}:told" for number in range(12)]
    for key in keys:
        another.journal.note(Said("SET", key, ("SET", key, "1")))

    assert [await another.get(key) for key in keys] == ["1"] * len(keys)
    await another.aclose()
