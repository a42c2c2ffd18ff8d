"""`CharacterStore` on Redis."""

import binascii
import logging
import zlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.loose_index import LooseIndex
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import NO_SEAL, Seal
from bot.adapters.redis_store.seals import NO_SEALS, Seals
from bot.core.cards.portrait import Portrait
from bot.core.characters import Rating
from bot.core.roster import MEMBERS, MOST_RAW, Entry, Stored, is_members
from bot.core.scene import CharacterKey, GuildId, UserId

log = logging.getLogger(__name__)

KEPT = timedelta(days=365)
DRAFT_KEPT = timedelta(hours=1)
_MOST_UNPACKED = 32 * 1024 * 1024
_LIGHT = (*("owner", "guild", "name", "tagline", "rating", "minor", "at_ms", "ver", "retired"),)


class RedisCharacterStore:
    """Borrows the client; does not close it.

    Args:
        retired_for: how long a deleted character stays for scenes after their last use of it.
        answer_within: the longest a method waits for one answer.
        seals: what makes texts unreadable for who reads Redis.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        retired_for: timedelta,
        answer_within: timedelta = ANSWER_WITHIN,
        seals: Seals = NO_SEALS,
    ) -> None:
        self._redis = redis
        self._seals = seals
        self._calls = Calls(redis, answer_within=answer_within)
        self._index = LooseIndex(self._calls)
        self._put = Script("character_put", shared=False)
        self._set = Script("character_set", shared=False)
        self._touch = Script("character_touch", shared=False)
        self._kept_ms, self._retired_ms = _ms(KEPT), _ms(retired_for)

    async def put(self, stored: Stored) -> bool:
        entry, number = stored.entry, _number(stored.entry.key)
        written: bool = await self._calls.unbroken(self._written(stored, entry, number))
        return written

    async def _written(self, stored: Stored, entry: Entry, number: int) -> bool:
        # An index may name too much, never too little: so it comes first.
        await self._index.put(keys.user_characters_key(entry.owner), number)
        if entry.guild is not None:
            await self._index.put(keys.guild_characters_key(entry.guild), number)
        args: tuple[str | int, ...] = (
            str(entry.version),
            self._kept_ms,
            *records.flat(_fields(stored, await self._seals.of_user(entry.owner))),
        )
        return bool(await self._put.run(self._redis, [keys.character_key(number)], args))

    async def get(self, key: CharacterKey) -> Stored | None:
        if not is_members(key):
            return None
        found = await self._calls.run(self._redis.hgetall(keys.character_key(_number(key))))
        return _stored(key, found, await self._seal_of(found))

    async def touch(self, wanted: Sequence[CharacterKey]) -> Sequence[Entry]:
        found = []
        for key in filter(is_members, wanted):
            args = (self._kept_ms, self._retired_ms, *_LIGHT)
            place = [keys.character_key(_number(key))]
            values = await self._calls.run(self._touch.run(self._redis, place, args))
            fields = dict(zip(_LIGHT, values, strict=True))
            entry = _entry(key, fields, await self._seal_of(fields))
            found += [entry] if entry is not None else []
        return found

    async def of_user(self, user: UserId) -> Sequence[Entry]:
        found = await self._listed(keys.user_characters_key(user))
        return [entry for entry in found if entry.owner == user]

    async def in_guild(self, guild: GuildId) -> Sequence[Entry]:
        found = await self._listed(keys.guild_characters_key(guild))
        return [entry for entry in found if entry.guild == guild and not entry.is_retired]

    async def retire(self, key: CharacterKey) -> None:
        await self._change(key, "retired", "1", str(self._retired_ms))

    async def unshare(self, key: CharacterKey) -> None:
        await self._change(key, "guild", "")

    async def forget(self, key: CharacterKey) -> None:
        if not is_members(key):
            return
        place = keys.character_key(_number(key))
        owner, guild = await self._calls.run(self._redis.hmget(place, ["owner", "guild"]))
        await self._calls.unbroken(self._redis.delete(place))
        for user in records.numbers([owner] if owner else [], None, what="owner"):
            await self._off(keys.user_characters_key(UserId(user)), _number(key))
        for known in records.numbers([guild] if guild else [], None, what="guild"):
            await self._off(keys.guild_characters_key(GuildId(known)), _number(key))

    async def forget_user(self, user: UserId) -> None:
        for entry in await self.of_user(user):
            await self.forget(entry.key)
        await self.drop_draft(user)
        await self.set_default(user, None, is_guild=False)

    async def leave_guild(self, guild: GuildId) -> None:
        for entry in await self.in_guild(guild):
            await self.unshare(entry.key)
        await self.set_default(guild, None, is_guild=True)
        await self._calls.unbroken(self._redis.delete(keys.guild_characters_key(guild)))

    async def put_draft(self, user: UserId, stored: Stored) -> None:
        args: tuple[str | int, ...] = (
            "",
            _ms(DRAFT_KEPT),
            "key",
            stored.entry.key,
            *records.flat(_fields(stored, await self._seals.of_user(user))),
        )
        await self._calls.change(self._put, [keys.draft_key(user)], *args)

    async def draft(self, user: UserId) -> Stored | None:
        found = await self._calls.run(self._redis.hgetall(keys.draft_key(user)))
        seal = await self._seal_of(found)
        draft = _stored(CharacterKey(found.get("key", "")), found, seal)
        if draft is None:
            return None
        entry = _entry(draft.entry.key, {**found, "ver": "0"}, seal)
        return None if entry is None else Stored(entry, draft.raw, draft.filename, draft.portrait)

    async def drop_draft(self, user: UserId) -> None:
        await self._calls.unbroken(self._redis.delete(keys.draft_key(user)))

    async def default_of(self, where: UserId | GuildId, *, is_guild: bool) -> CharacterKey | None:
        found = await self._calls.run(self._redis.hget(_chooser(where, is_guild), "character"))
        return CharacterKey(found) if found else None

    async def set_default(
        self, where: UserId | GuildId, key: CharacterKey | None, *, is_guild: bool
    ) -> None:
        place = _chooser(where, is_guild)
        if key is None:
            await self._calls.unbroken(self._redis.hdel(place, "character"))
        else:
            await self._calls.unbroken(self._redis.hset(place, "character", records.clean(key)))

    async def host_reloads(self) -> int:
        found = await self._calls.run(self._redis.get(keys.HOST_RELOADS))
        return int(found) if found and found.isdecimal() else 0

    async def count_host_reload(self) -> int:
        # Asked again after a lost answer it counts twice, and all read the files once more.
        return int(await self._calls.unbroken(self._redis.incr(keys.HOST_RELOADS)))

    async def _listed(self, index: str) -> list[Entry]:
        numbers = sorted(await self._index.entries(index))
        if not numbers:
            return []
        pipe = self._redis.pipeline(transaction=False)
        for number in numbers:
            pipe.hmget(keys.character_key(number), list(_LIGHT))
        found = []
        for number, values in zip(numbers, await self._calls.run(pipe.execute()), strict=True):
            key = CharacterKey(f"{MEMBERS}{number}")
            fields = dict(zip(_LIGHT, values, strict=True))
            entry = _entry(key, fields, await self._seal_of(fields))
            if entry is not None:
                found.append(entry)
            else:
                await self._off(index, number)
        return found

    async def _seal_of(self, fields: Mapping[str, Any]) -> Seal:
        """What seals the character with those fields: it is its owner's."""
        owner = fields.get("owner") or ""
        return await self._seals.of_user(UserId(int(owner))) if owner.isdecimal() else NO_SEAL

    async def _off(self, index: str, number: int) -> None:
        await self._index.drop(index, number, self._is_there)

    async def _is_there(self, number: int) -> bool:
        return bool(await self._calls.run(self._redis.exists(keys.character_key(number))))

    async def _change(self, key: CharacterKey, field: str, value: str, expiry: str = "") -> None:
        if is_members(key):
            place = [keys.character_key(_number(key))]
            await self._calls.change(self._set, place, field, value, expiry)


def _fields(stored: Stored, seal: Seal) -> dict[str, str]:
    entry, portrait = stored.entry, stored.portrait
    return {
        "owner": str(entry.owner),
        "guild": "" if entry.guild is None else str(entry.guild),
        "name": records.clean(entry.name),
        "tagline": seal.close(records.clean(entry.tagline)),
        "rating": entry.rating,
        "minor": "1" if entry.is_minor else "",
        "at_ms": str(entry.at_ms),
        "ver": str(entry.version + 1),
        "retired": "",
        "file": seal.close(records.clean(stored.filename)),
        "raw": seal.pack(zlib.compress(stored.raw)),
        "picture": seal.pack(portrait.picture) if portrait else "",
        "face": seal.pack(portrait.face) if portrait else "",
    }


def _stored(key: CharacterKey, fields: Mapping[str, str], seal: Seal) -> Stored | None:
    entry = _entry(key, fields, seal)
    if entry is None:
        return None
    try:
        packed = seal.unpack(fields.get("raw", ""))
        raw = zlib.decompressobj().decompress(packed[: 2 * MOST_RAW], _MOST_UNPACKED)
        picture, face = (seal.unpack(fields.get(name, "")) for name in ("picture", "face"))
    except (ValueError, binascii.Error, zlib.error):
        log.warning("a character in Redis makes no sense", extra={"character": key})
        return None
    portrait = Portrait(picture, face) if picture and face else None
    return Stored(entry, raw, seal.open(fields.get("file", "")), portrait)


def _entry(key: CharacterKey, fields: Mapping[str, Any], seal: Seal) -> Entry | None:
    if not fields.get("ver") or not is_members(key):
        return None
    try:
        return Entry(
            key=key,
            owner=UserId(int(fields["owner"])),
            name=fields["name"],
            tagline=seal.open(fields.get("tagline") or ""),
            guild=GuildId(int(fields["guild"])) if fields.get("guild") else None,
            rating=Rating(fields["rating"]),
            is_minor=fields.get("minor") == "1",
            at_ms=int(fields.get("at_ms") or 0),
            version=int(fields["ver"]),
            is_retired=fields.get("retired") == "1",
        )
    except (KeyError, TypeError, ValueError):
        log.warning("a character in Redis makes no sense", extra={"character": key})
        return None


def _chooser(where: int, is_guild: bool) -> str:  # noqa: FBT001  # of this module only
    return keys.guild_key(GuildId(where)) if is_guild else keys.user_key(UserId(where))


def _number(key: CharacterKey) -> int:
    return int(key.removeprefix(MEMBERS))


def _ms(time: timedelta) -> int:
    return int(time.total_seconds() * 1000)
