"""Encrypts what was stored before the host set a key. Whoever reads finds the same as before."""

import base64
import binascii
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.records import SEALED_FACTS, SEALED_FIELDS
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import NOWHERE, CannotOpen, Seal
from bot.adapters.redis_store.seals import RedisSeals, Seals
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.scene import ChannelId, GuildId, UserId

log = logging.getLogger(__name__)

_DONE: Final = keys.note_key("all-encrypted")
_AT_ONCE: Final = 200
_HEAD = (*SEALED_FIELDS, "written")
_OF_CHARACTERS = ("raw", "picture", "face")

Sealed = Callable[[str, str], str]
"""What becomes of a hash's field and its text."""


async def seal_old(
    redis: RedisClient, seals: Seals, *, answer_within: timedelta = ANSWER_WITHIN
) -> None:
    """Encrypt all that is readable, once. What goes wrong is tried anew at the next start.

    What goes by itself within the hour (*Undo*, drafts) is left.
    """
    if isinstance(seals, RedisSeals):
        try:
            await _Resealing(redis, seals, Calls(redis, answer_within=answer_within)).run()
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning("not all is encrypted yet", extra={"error": type(error).__name__})


class _Resealing:
    """Borrows all it is given."""

    def __init__(self, redis: RedisClient, seals: RedisSeals, calls: Calls) -> None:
        self._redis = redis
        self._seals = seals
        self._calls = calls
        self._put = Script("reseal", shared=False)

    async def run(self) -> None:
        if await self._calls.run(self._redis.exists(_DONE)):
            return
        count = 0
        for pattern, seal_key in (
            (keys.EVERY_META, self._channel),
            (keys.EVERY_LORE, self._lore),
            (keys.EVERY_PERSONAS, self._personas),
            (keys.EVERY_CHARACTER, self._character),
        ):
            async for key in self._named(pattern):
                count += await self._sealed_key(key, seal_key)
        await self._calls.unbroken(self._redis.set(_DONE, "1"))
        log.info("what was stored before is encrypted", extra={"texts": count})

    async def _named(self, pattern: str) -> AsyncIterator[str]:
        with translated():
            async for key in self._redis.scan_iter(match=pattern, count=_AT_ONCE):
                yield key

    async def _sealed_key(self, key: str, seal_key: Callable[[str, int], Awaitable[int]]) -> int:
        number = keys.number_in(key)
        if number is None:
            return 0
        try:
            return await seal_key(key, number)
        except CannotOpen:
            log.warning("something is encrypted with another key", extra={"number": number})
            return 0

    async def _channel(self, meta: str, number: int) -> int:
        channel = ChannelId(number)
        seal = await self._seals.in_channel(channel)
        if seal is NOWHERE:
            return 0
        count = await self._hash(meta, lambda name, text: _closed(seal, text, name in _HEAD))
        turns = keys.turns_key(channel)
        count += await self._hash(turns, lambda _, record: sealed_record(record, seal))
        saves = keys.saves_key(channel)
        return count + await self._hash(saves, lambda _, copy: sealed_copy(copy, seal))

    async def _lore(self, key: str, number: int) -> int:
        if key == keys.guild_lore_key(GuildId(number)):
            seal = await self._seals.in_guild(GuildId(number))
        else:
            seal = await self._seals.in_channel(ChannelId(number))
        if seal is NOWHERE:  # no scene says in which guild that is; its next change does
            return 0
        return await self._hash(key, lambda _, text: _closed(seal, text))

    async def _personas(self, key: str, number: int) -> int:
        seal = await self._seals.of_user(UserId(number))
        return await self._hash(
            key, lambda name, text: _closed(seal, text, name in ("personas", "chosen"))
        )

    async def _character(self, key: str, _number: int) -> int:
        owner = await self._calls.run(self._redis.hget(key, "owner")) or ""
        if not owner.isdecimal():
            return 0
        seal = await self._seals.of_user(UserId(int(owner)))

        def sealed(name: str, text: str) -> str:
            if name in _OF_CHARACTERS:
                return _packed(seal, text)
            return str(_closed(seal, text, name in ("tagline", "file")))

        return await self._hash(key, sealed)

    async def _hash(self, key: str, sealed: Sealed) -> int:
        """Write what *sealed* makes of a hash's fields, but of none that changes meanwhile."""
        count, cursor = 0, 0
        while True:
            cursor, found = await self._calls.run(self._redis.hscan(key, cursor, count=_AT_ONCE))
            changed: list[str] = []
            for name, text in found.items():
                if (closed := sealed(name, text)) != text:
                    changed += (name, text, closed)
            if changed:
                count += await self._calls.change(self._put, [key], *changed)
            if not cursor:
                return count


def sealed_record(record: str, seal: Seal) -> str:
    """A turn's record with its texts sealed; what is none, as it is.

    Raises:
        CannotOpen: some are sealed with another key.
    """
    fields = _loaded(record)
    if fields is None:
        return record
    for name in ("swipes", "parts"):
        if isinstance(texts := fields.get(name), list):
            fields[name] = [_closed(seal, text) for text in texts]
    if "quoted" in fields:
        fields["quoted"] = _closed(seal, fields["quoted"])
    if isinstance(facts := fields.get("facts"), dict):
        fields["facts"] = {
            name: _closed(seal, text, name in SEALED_FACTS) for name, text in facts.items()
        }
    return _dumped(fields)


def sealed_copy(copy: str, seal: Seal) -> str:
    """A saved story with its texts sealed, in the same way."""
    fields = _loaded(copy)
    if fields is None:
        return copy
    if isinstance(head := fields.get("head"), dict):
        fields["head"] = {
            name: _closed(seal, text, name in SEALED_FIELDS) for name, text in head.items()
        }
    if isinstance(turns := fields.get("turns"), list):
        fields["turns"] = [
            sealed_record(record, seal) if isinstance(record, str) else record for record in turns
        ]
    return _dumped(fields)


def _closed(seal: Seal, text: Any, is_text: bool = True) -> Any:  # noqa: FBT001, FBT002
    """*text* sealed, if it is one; sealed lines that a script has joined are one text again."""
    return seal.close(seal.open(text)) if is_text and isinstance(text, str) else text


def _packed(seal: Seal, text: str) -> str:
    if not text:
        return text
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text  # sealed, or nothing that anybody can read
    return seal.pack(base64.b64decode(text))


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _dumped(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
