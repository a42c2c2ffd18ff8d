"""Somebody is forgotten in Redis: wherever they are, whatever is in the way, and in time."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisCharacterStore, RedisSceneStore, connect, keys
from bot.adapters.redis_store.consents import RedisConsents
from bot.core.change import Change, Undo
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.privacy import Reach
from bot.core.scene import ChannelId, CharacterKey, GuildId, Scene, Work
from tests.adapters.forgetting import CANARY, PLACE, Lanes, everywhere, forgetting, play, texts
from tests.contract.test_character_store import QUILL
from tests.ports import free_port
from tests.redis_servers import server
from tests.scenes import ANN, BOB, HARBOUR, TOWER, claimed, line, reply, scene
from tests.wire.canaries import stored

MANY, CHANNELS = 100, 1_000
"""In each run, and in the long one."""


async def test_lines_quotes_and_players_go_in_a_shared_story(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    await play(scene_store)

    done = await everywhere(scene_store, redis)

    assert (done.channels, done.lines, done.quotes, done.stories) == (1, 1, 1, 0)
    assert await texts(scene_store) == ["line 1", "line 3"]
    kept = await stored(redis_url)
    assert CANARY not in kept
    assert "Bob" not in kept
    again = await scene_store.ingest(HARBOUR, line(2, CANARY, author=BOB, name="Bob"))
    assert again.status == "duplicate"


async def test_swipes_undo_saves_and_a_reply_in_the_making_go_too(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    await play(scene_store)
    told = await scene_store.read(HARBOUR)
    assert told is not None
    swiped = replace(told.turns[1], swipes=(CANARY, f"{CANARY} again"), current=1)
    undo = Undo("undo", told.head, put=told.turns, until_ms=9)
    change = Change(put=(swiped,), undo=undo)
    assert await scene_store.apply(HARBOUR, change, version=told.head.version)
    await scene_store.save(HARBOUR, "both", told, 5)
    theirs = Scene(replace(told.head, owner=BOB, players={BOB: "Bob"}), (told.turns[1],))
    await scene_store.save(HARBOUR, "only Bob's", theirs, 6)
    work = Work(reply(2, "").id, line(2).id, written=f"You said {CANARY}")
    await claimed(scene_store, work)
    lanes = Lanes()
    lanes.writing.add(HARBOUR)

    done = await forgetting(scene_store, redis, lanes).forget(BOB, Reach.HERE, PLACE)

    assert (done.lines, done.saves) == (1, 2)
    assert CANARY not in await stored(redis_url)
    assert [(save.name, save.at_ms) for save in await scene_store.saves(HARBOUR)] == [("both", 5)]
    saved = await scene_store.saved(HARBOUR, "both")
    assert saved is not None
    assert [turn.text for turn in saved.turns] == ["line 1", "line 3"]
    assert await scene_store.work(HARBOUR) is None
    assert lanes.halted == [HARBOUR]


async def test_an_undo_that_alone_holds_them_goes(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    await scene_store.start(scene(), None)
    await scene_store.ingest(HARBOUR, line(1))
    told = await scene_store.read(HARBOUR)
    assert told is not None
    undo = Undo("x", told.head, put=(line(2, CANARY, author=BOB, name="Bob"),), until_ms=9)
    await scene_store.apply(HARBOUR, Change(undo=undo), version=told.head.version)

    await forgetting(scene_store, redis).forget(BOB, Reach.HERE, PLACE)

    assert CANARY not in await stored(redis_url)


async def test_nothing_is_touched_where_they_never_were(
    scene_store: RedisSceneStore, redis: Redis
) -> None:
    await scene_store.start(scene(), None)
    await scene_store.ingest(HARBOUR, line(1))
    work = Work(reply(1, "").id, line(1).id)
    await claimed(scene_store, work)
    before = await scene_store.head(HARBOUR)

    done = await forgetting(scene_store, redis).forget(BOB, Reach.HERE, PLACE)

    assert (done.channels, done.lines) == (0, 0)
    assert await scene_store.head(HARBOUR) == before
    assert await scene_store.work(HARBOUR) is not None


async def test_what_an_owner_settled_goes_with_them_and_the_story_goes_on(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    head = replace(scene(), scenario=CANARY, note=CANARY, instruction=CANARY)
    await scene_store.start(head, None)
    await scene_store.ingest(HARBOUR, line(1, "Ann's"))
    await scene_store.ingest(HARBOUR, line(2, "Bob's", author=BOB, name="Bob"))
    edited = replace(reply(2, "hand made"), facts={"edited_by": "Ann"})
    await scene_store.commit(HARBOUR, edited)

    done = await everywhere(scene_store, redis, ANN)

    assert done.lines == 1
    kept = await stored(redis_url)
    assert CANARY not in kept
    assert str(ANN) not in kept.replace(keys.user_channels_key(ANN), "")
    assert "Ann" not in kept
    found = await scene_store.head(HARBOUR)
    assert found is not None
    assert found.live
    assert await texts(scene_store) == ["Bob's", "hand made"]


async def test_a_story_of_theirs_alone_goes_whole_unless_a_save_is_others_too(
    scene_store: RedisSceneStore, redis: Redis
) -> None:
    for channel in (HARBOUR, TOWER):
        await scene_store.start(scene(channel), reply(1, "Hello."))
        await scene_store.ingest(channel, line(2))
    both = Scene(scene(TOWER), (line(2), line(3, author=BOB, name="Bob")))
    await scene_store.save(TOWER, "both", both, 5)
    lanes = Lanes()

    done = await forgetting(scene_store, redis, lanes).forget(ANN, Reach.SERVER, PLACE)

    assert (done.stories, done.lines, done.channels) == (1, 2, 2)
    assert await scene_store.head(HARBOUR) is None
    assert await texts(scene_store, TOWER) == ["Hello."]
    assert lanes.gone == [HARBOUR]


async def test_personas_characters_drafts_and_settings_go_only_from_everywhere(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    kept = RedisCharacterStore(redis, retired_for=timedelta(days=1))
    await scene_store.keep_wardrobe(BOB, Wardrobe((PlayerPersona("Ash", CANARY),)))
    mine = replace(QUILL, entry=replace(QUILL.entry, owner=BOB, version=0))
    assert await kept.put(mine)
    await kept.put_draft(BOB, mine)
    await kept.set_default(BOB, CharacterKey("mira"), is_guild=False)
    assert await RedisConsents(redis).told(GuildId(7), BOB, 5)

    await forgetting(scene_store, redis).forget(BOB, Reach.SERVER, PLACE)
    assert (await scene_store.wardrobe(BOB)).personas
    done = await everywhere(scene_store, redis)

    assert (done.personas, done.characters) == (1, 1)
    found = await stored(redis_url)
    assert CANARY not in found
    assert str(BOB) not in found.replace(keys.user_characters_key(BOB), "")
    assert await kept.get(mine.entry.key) is None


async def test_channels_of_which_the_index_says_nothing_are_found(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str
) -> None:
    await play(scene_store)
    await play(scene_store, TOWER)
    await redis.delete(keys.user_channels_key(BOB))
    await redis.hdel(keys.meta_key(TOWER), "listed")  # as an earlier version left it

    done = await everywhere(scene_store, redis)

    assert done.channels == 2
    assert CANARY not in await stored(redis_url)


@pytest.mark.parametrize("count", [MANY, pytest.param(CHANNELS, marks=pytest.mark.soak)])
async def test_s38_a_thousand_channels_take_less_than_a_minute(
    scene_store: RedisSceneStore, redis: Redis, redis_url: str, count: int
) -> None:
    lines = [line(number, f"{CANARY} {number}", author=BOB, name="Bob") for number in range(2, 12)]
    others = [line(number) for number in range(12, 32)]
    for number in range(count):
        channel = ChannelId(1_000_000 + number)
        await scene_store.start(scene(channel), None, told=(line(1), *lines, *others))
    begun = time.monotonic()

    done = await everywhere(scene_store, redis)

    took = time.monotonic() - begun
    print(f"{count} channels were cleared in {took:.1f} s")  # noqa: T201  # shown with -s
    assert took < 60 * count / CHANNELS
    assert (done.channels, done.lines, done.missed) == (count, count * len(lines), 0)
    assert done.file_is_new
    assert CANARY not in await stored(redis_url)
    folder = Path(redis_url.removeprefix("unix://")).parent / "appendonlydir"
    assert not [each for each in folder.iterdir() if CANARY.encode() in each.read_bytes()]


@pytest.fixture
async def plain_server(tmp_path: Path) -> AsyncIterator[int]:
    port = free_port()
    async with server(tmp_path, port, "--save", ""):
        yield port


async def test_without_an_append_only_file_none_is_written(plain_server: int) -> None:
    redis = connect(f"redis://127.0.0.1:{plain_server}", timeout_s=1.0)
    assert isinstance(redis, Redis)
    store = RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))

    assert await store.rewrite_file() is None
    await redis.aclose()


async def test_a_user_who_may_not_have_the_file_written_forgets_all_the_same(
    plain_server: int,
) -> None:
    url = f"redis://127.0.0.1:{plain_server}"
    admin = connect(url, timeout_s=1.0)
    await admin.execute_command("CONFIG", "SET", "appendonly", "yes")
    await admin.execute_command(
        "ACL", "SETUSER", "bot", "on", ">pw", "~*", "+@all", "-bgrewriteaof"
    )
    redis = connect(f"redis://bot:pw@127.0.0.1:{plain_server}", timeout_s=1.0)
    assert isinstance(redis, Redis)
    store = RedisSceneStore(redis, keep=50, ttl=timedelta(days=1))
    await play(store)

    done = await everywhere(store, redis)

    assert (done.lines, done.file_is_new) == (1, False)
    assert CANARY not in await stored(url)
    for client in (admin, redis):
        await client.aclose()


async def test_who_only_started_a_scene_before_that_was_indexed_is_found(
    scene_store: RedisSceneStore, redis: Redis
) -> None:
    await scene_store.start(replace(scene(), owner=BOB), None)
    await redis.delete(keys.user_channels_key(BOB))
    await redis.hset(keys.meta_key(HARBOUR), "listed", str(ANN))

    await everywhere(scene_store, redis)

    head = await scene_store.head(HARBOUR)
    assert head is not None
    assert (head.owner, head.scenario) == (0, "")
