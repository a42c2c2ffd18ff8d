"""S37: whose key seals what, where keys are kept, and what becomes of them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_store import RedisCharacterStore, RedisSceneStore, connect, records
from bot.adapters.redis_store.host_keys import HostKeys
from bot.adapters.redis_store.keys import SEALING, dropped_key, turns_key, undo_key
from bot.adapters.redis_store.lore_books import RedisLoreStore
from bot.adapters.redis_store.resealing import seal_old
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import NO_SEAL, NOWHERE, CannotOpen
from bot.adapters.redis_store.seals import (
    KNOWN_FOR_S,
    NO_SEALS,
    YOUNG_S,
    RedisSeals,
    Seals,
    refuse_sealed,
)
from bot.core.cards.portrait import Portrait
from bot.core.change import Change, Undo
from bot.core.errors import StartupError, StoreUnavailable
from bot.core.lore_ports import LoreHome
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.scene import GuildId, MessageId, Place, Scene, SceneHead, Turn, UserId, Work, WorkKind
from bot.core.store_answers import IngestStatus
from tests.contract.test_character_store import VANE
from tests.ports import free_port
from tests.redis_servers import server
from tests.scenes import ANN, HARBOUR, TOWER, claimed, line, reply, scene
from tests.sealing import HOST_KEY, sealed_on
from tests.wire.canaries import stored

HERE, THERE = GuildId(7), GuildId(8)
OTHER_HOST = bytes(32)
DAY = timedelta(days=1)
CANARY = "zanzibar-9417"


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def process(redis: Redis, clock: Callable[[], float] | None = None) -> RedisSeals:
    """One process's seals."""
    return RedisSeals(redis, HostKeys([HOST_KEY]), monotonic=clock or Clock())


async def test_each_guild_and_member_has_a_key_which_all_processes_share(redis: Redis) -> None:
    one, two = process(redis), process(redis)
    here = (await one.in_guild(HERE)).close("Hello.")

    assert (await two.in_guild(HERE)).close("Hello.") == here
    others = [
        await one.in_guild(THERE),
        await one.in_guild(None),
        await one.of_user(UserId(HERE)),
    ]
    assert len({here, *(seal.close("Hello.") for seal in others)}) == 1 + len(others)
    assert {*await redis.hkeys(SEALING)} == {"g:7", "g:8", "u:7", "direct"}


async def test_two_processes_that_begin_at_once_have_one_key(redis: Redis) -> None:
    seals = await asyncio.gather(*(process(redis).in_guild(HERE) for _ in range(8)))

    assert len({seal.close("Hello.") for seal in seals}) == 1


async def test_a_channel_is_sealed_with_its_guilds_key(redis: Redis) -> None:
    seals = process(redis)
    assert await seals.in_channel(HARBOUR) is NOWHERE
    await RedisSceneStore(redis, keep=50, ttl=DAY, seals=seals).start(scene(), None)
    direct = replace(scene(TOWER), place=Place(TOWER, None, None))
    await RedisSceneStore(redis, keep=50, ttl=DAY, seals=seals).start(direct, None)

    assert await seals.in_channel(HARBOUR) is await seals.in_guild(HERE)
    assert await seals.in_channel(TOWER) is await seals.in_guild(None)


async def test_a_known_key_costs_no_step(redis: Redis) -> None:
    clock = Clock()
    seals = process(redis, clock)
    await RedisSceneStore(redis, keep=50, ttl=DAY, seals=seals).start(scene(), None)
    clock.now_s += YOUNG_S + 1
    await seals.in_channel(HARBOUR)
    before = (await redis.info("stats"))["total_commands_processed"]

    for _ in range(10):
        await seals.in_channel(HARBOUR)

    after = (await redis.info("stats"))["total_commands_processed"]
    assert after - before == 1, "the question itself"


@pytest.mark.parametrize("later_s", [0.5, YOUNG_S + 1, KNOWN_FOR_S + 10])
async def test_a_key_that_redis_has_lost_is_put_back(redis: Redis, later_s: float) -> None:
    """Killed, it loses its last second: a key may be in it, and what was sealed after that."""
    clock = Clock()
    seals = process(redis, clock)
    sealed = (await seals.in_guild(HERE)).close("Hello.")
    await redis.flushall()
    clock.now_s += later_s

    assert (await seals.in_guild(HERE)).open(sealed) == "Hello."
    assert (await process(redis).in_guild(HERE)).open(sealed) == "Hello."


async def test_what_is_sealed_with_a_dropped_key_is_erased(redis: Redis) -> None:
    clock = Clock()
    one, two = process(redis, clock), process(redis, clock)
    sealed = (await one.in_guild(HERE)).close("Hello.")
    assert (await two.in_guild(HERE)).open(sealed) == "Hello."
    own = (await one.of_user(ANN)).close("My persona.")

    await one.drop_guild(HERE)
    await one.drop_user(ANN)
    clock.now_s += KNOWN_FOR_S + 1

    assert await redis.hgetall(SEALING) == {}
    for seals in (two, one, process(redis)):
        with pytest.raises(CannotOpen):
            (await seals.in_guild(HERE)).open(sealed)
        with pytest.raises(CannotOpen):
            (await seals.of_user(ANN)).open(own)
    assert 0 < await redis.ttl(dropped_key("g:7")) <= 3600


async def test_a_new_story_takes_a_new_key_also_where_the_old_one_is_known(redis: Redis) -> None:
    one, two = process(redis), process(redis)
    await two.in_guild(HERE)
    await one.drop_guild(HERE)

    sealed = (await two.in_guild(HERE, anew=True)).close("Hello.")

    assert (await process(redis).in_guild(HERE)).open(sealed) == "Hello."


async def test_who_cannot_open_something_looks_for_another_key(redis: Redis) -> None:
    clock = Clock()
    one, two = process(redis, clock), process(redis, clock)
    await two.in_guild(HERE)
    clock.now_s += YOUNG_S + 1
    await two.in_guild(HERE)
    await one.drop_guild(HERE)
    sealed = (await one.in_guild(HERE)).close("Hello.")

    with pytest.raises(CannotOpen):
        (await two.in_guild(HERE)).open(sealed)
    assert (await two.in_guild(HERE)).open(sealed) == "Hello."


async def test_a_new_key_of_the_hosts_takes_over(redis: Redis) -> None:
    sealed = (await process(redis).in_guild(HERE)).close("Hello.")
    both = RedisSeals(redis, HostKeys([OTHER_HOST, HOST_KEY]))
    newest = RedisSeals(redis, HostKeys([OTHER_HOST]))
    with pytest.raises(StartupError, match="Add the key that was set before"):
        await newest.begin()

    assert await both.begin() == 1
    assert await both.begin() == 0

    assert await newest.begin() == 0
    assert (await newest.in_guild(HERE)).open(sealed) == "Hello."
    with pytest.raises(StartupError):
        await process(redis).begin()


async def test_without_a_key_nobody_starts_on_what_is_sealed(redis: Redis) -> None:
    await refuse_sealed(redis)
    await process(redis).in_guild(HERE)

    with pytest.raises(StartupError, match="BOT_REDIS__ENCRYPTION_KEYS"):
        await refuse_sealed(redis)


async def test_what_was_stored_before_is_read_and_changed(redis: Redis) -> None:
    plain = RedisSceneStore(redis, keep=50, ttl=DAY)
    await plain.start(scene(), None)
    await plain.ingest(HARBOUR, line(1, "Before."))
    await claimed(plain, Work(reply(1, "").id, line(1).id))
    parts = replace(reply(1, "One.\nTwo.", 21, 22), parts=("One.", "Two."))
    await plain.commit(HARBOUR, parts)
    await plain.save(HARBOUR, "copy", await _read(plain), 5)
    books = RedisLoreStore(redis, ttl=DAY)
    await books.put_book(LoreHome(guild=HERE), "book", "{}", was="")

    store = RedisSceneStore(redis, keep=50, ttl=DAY, seals=sealed_on(redis))
    await store.ingest(HARBOUR, line(30, "After."))
    assert await store.edit(HARBOUR, MessageId(22), "Three.", 9)

    assert [turn.text for turn in (await _read(store)).turns] == [
        "Before.",
        "One.\nThree.",
        "After.",
    ]
    saved = await store.saved(HARBOUR, "copy")
    assert saved is not None
    assert saved.turns[1].text == "One.\nTwo."
    sealed_books = RedisLoreStore(redis, ttl=DAY, seals=sealed_on(redis))
    home = LoreHome(guild=HERE)
    assert await sealed_books.books(home) == {"book": "{}"}
    assert await sealed_books.put_book(home, "book", '{"a":1}', was="{}")
    assert not await sealed_books.put_book(home, "book", '{"b":1}', was="{}")
    assert await sealed_books.books(home) == {"book": '{"a":1}'}


async def test_a_story_under_a_key_that_is_gone_is_named_not_forgotten(redis: Redis) -> None:
    await RedisSceneStore(redis, keep=50, ttl=DAY, seals=sealed_on(redis)).start(
        scene(), reply(1, "Hello.", 21)
    )
    await redis.delete(SEALING)
    store = RedisSceneStore(redis, keep=50, ttl=DAY, seals=sealed_on(redis))

    with pytest.raises(StoreUnavailable, match="encrypted with a key"):
        await store.read(HARBOUR)
    assert await store.survey([HARBOUR]) == []


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Redis]:
    """A server that writes all it is told to a file in *tmp_path*."""
    port = free_port()
    options = ("--appendonly", "yes", "--appendfsync", "always", "--save", "")
    async with server(tmp_path, port, *options):
        redis = connect(f"redis://127.0.0.1:{port}", timeout_s=1.0)
        assert isinstance(redis, Redis)
        yield redis
        await redis.aclose()


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_s37_no_file_of_redis_holds_what_people_write(
    kept: Redis, tmp_path: Path, *, is_sealed: bool
) -> None:
    """Without a key it does, so this looks in the right place."""
    seals = sealed_on(kept) if is_sealed else NO_SEALS
    store = RedisSceneStore(kept, keep=50, ttl=DAY, seals=seals)
    told = await _tell_everything(store, kept, seals)

    # Also the files that Redis makes of what it has in memory.
    await store.rewrite_file()
    await kept.save()
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    assert {name.split(".")[-1] for name in files} >= {"aof", "rdb", "manifest"}
    assert any(CANARY.encode() in held for held in files.values()) is not is_sealed
    again = RedisSceneStore(kept, keep=50, ttl=DAY, seals=sealed_on(kept) if is_sealed else seals)
    assert (await _read(again)).turns == told.turns
    assert (await again.wardrobe(ANN)).personas[0].text == f"persona {CANARY}"


async def _tell_everything(store: RedisSceneStore, redis: Redis, seals: Seals) -> Scene:
    """Put the canary wherever somebody can write something; returns the story then."""
    head = _head()
    await store.start(head, _said(reply(1, "", 11), "greeting"))
    await store.ingest(HARBOUR, replace(_said(line(20), "line"), quoted=f"quote {CANARY}"))
    await store.edit(HARBOUR, MessageId(20), f"edited {CANARY}", 9)
    work = Work(reply(20, "").id, line(20).id, written=f"written {CANARY}")
    await store.take(HARBOUR, "one", 60, work)
    await store.lease(HARBOUR, "one", 60, reply=work.reply, written=f"more {CANARY}")
    parts = (f"first {CANARY}", f"second {CANARY}")
    facts = dict.fromkeys(("persona", "lore", "chat_line", "chat_header"), CANARY)
    whole = replace(reply(20, "\n".join(parts), 31, 32), parts=parts, facts=facts)
    await store.commit(HARBOUR, whole)
    await store.edit(HARBOUR, MessageId(32), f"third {CANARY}", 9)
    again = Work(whole.id, line(20).id, kind=WorkKind.SWIPE, written=f"swipe {CANARY}")
    await claimed(store, again)
    await store.commit(HARBOUR, replace(_said(whole, "swipe"), parts=()))
    await store.set_facts(HARBOUR, whole.id, facts)
    told = await _read(store)
    await store.save(HARBOUR, "copy", told, 5)
    undo = Undo("name", told.head, put=told.turns)
    change = Change(head=replace(told.head, note=f"other {CANARY}"), undo=undo)
    assert await store.apply(HARBOUR, change, version=told.head.version)
    await _tell_beside(store, redis, seals)
    return told


async def _tell_beside(store: RedisSceneStore, redis: Redis, seals: Seals) -> None:
    await store.keep_wardrobe(ANN, Wardrobe((PlayerPersona("Ann", f"persona {CANARY}"),)))
    books = RedisLoreStore(redis, ttl=DAY, seals=seals)
    for home in (LoreHome(guild=HERE), LoreHome(channel=HARBOUR, inside=HERE)):
        assert await books.put_book(home, "book", f"lore {CANARY}", was="")
    characters = RedisCharacterStore(redis, retired_for=DAY, seals=seals)
    card = replace(
        VANE,
        entry=replace(VANE.entry, tagline=f"tagline {CANARY}"),
        raw=f"card {CANARY}".encode(),
        filename=f"{CANARY}.png",
        portrait=Portrait(f"picture {CANARY}".encode(), f"face {CANARY}".encode()),
    )
    assert await characters.put(card)
    await characters.put_draft(ANN, card)
    found = await characters.get(card.entry.key)
    assert found is not None
    assert (found.raw, found.filename, found.portrait) == (card.raw, card.filename, card.portrait)


def _head() -> SceneHead:
    words: Sequence[str] = [f"{name} {CANARY}" for name in ("scenario", "note", "instruction")]
    return replace(
        scene(),
        scenario=words[0],
        note=words[1],
        instruction=words[2],
        boundaries=(f"no {CANARY}",),
    )


def _said(turn: Turn, what: str) -> Turn:
    return replace(turn, swipes=(f"{what} {CANARY}",))


async def _read(store: RedisSceneStore) -> Scene:
    found = await store.read(HARBOUR)
    assert found is not None
    return found


async def test_s37_what_was_stored_before_is_encrypted_once(kept: Redis, tmp_path: Path) -> None:
    plain = RedisSceneStore(kept, keep=50, ttl=DAY)
    told = await _tell_everything(plain, kept, NO_SEALS)
    copy = await plain.saved(HARBOUR, "copy")
    await kept.hset("rp:{12}:turns", "damaged", "{")
    await RedisCharacterStore(kept, retired_for=DAY).drop_draft(ANN)  # they go within the hour
    await kept.delete(undo_key(HARBOUR))
    ends_at = await kept.pexpiretime(turns_key(HARBOUR))
    seals = sealed_on(kept)

    await seal_old(kept, NO_SEALS)
    assert CANARY in await stored(_url(kept))
    await seal_old(kept, seals)

    assert CANARY not in await stored(_url(kept))
    assert await kept.pexpiretime(turns_key(HARBOUR)) == ends_at
    await plain.rewrite_file()
    logs = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not any(CANARY.encode() in held for held in logs.values())
    store = RedisSceneStore(kept, keep=50, ttl=DAY, seals=seals)
    found = await _read(store)
    assert found.turns == told.turns
    assert found.head.note == f"other {CANARY}"
    assert await store.saved(HARBOUR, "copy") == copy
    assert (await store.wardrobe(ANN)).personas[0].text == f"persona {CANARY}"
    card = await RedisCharacterStore(kept, retired_for=DAY, seals=seals).get(VANE.entry.key)
    assert card is not None
    assert card.raw == f"card {CANARY}".encode()
    assert card.portrait is not None
    assert card.portrait.face == f"face {CANARY}".encode()
    books = RedisLoreStore(kept, ttl=DAY, seals=seals)
    for home in (LoreHome(guild=HERE), LoreHome(channel=HARBOUR, inside=HERE)):
        assert await books.books(home) == {"book": f"lore {CANARY}"}

    await kept.hset(turns_key(HARBOUR), line(40).id, records.turn_to_record(line(40), NO_SEAL))
    await seal_old(kept, seals)
    assert "line 40" in await stored(_url(kept)), "not looked for again"


async def test_what_changes_meanwhile_is_not_put_back(redis: Redis) -> None:
    """The script that replaces looks whether it is still the same."""
    plain = RedisSceneStore(redis, keep=50, ttl=DAY)
    await plain.start(scene(), None)
    await plain.ingest(HARBOUR, line(1, "Before."))
    before = await redis.hget(turns_key(HARBOUR), line(1).id)
    await plain.edit(HARBOUR, MessageId(1), "After.", 9)

    done = await Script("reseal", shared=False).run(
        redis, [turns_key(HARBOUR)], (line(1).id, str(before), "sealed")
    )

    assert done == 0
    assert (await _read(plain)).turns[0].text == "After."


def _url(redis: Redis) -> str:
    where = redis.connection_pool.connection_kwargs
    return f"redis://{where['host']}:{where['port']}"


async def test_a_line_where_no_scene_is_goes_nowhere(redis: Redis) -> None:
    store = RedisSceneStore(redis, keep=50, ttl=DAY, seals=sealed_on(redis))

    assert (await store.ingest(HARBOUR, line(1))).status is IngestStatus.NO_SCENE
    assert not await store.edit(HARBOUR, MessageId(1), "Hello.", 9)
    await store.commit(HARBOUR, reply(1, "Hello.", 21))
    assert await store.read(HARBOUR) is None
