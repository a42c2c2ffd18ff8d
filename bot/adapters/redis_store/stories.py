"""The part of the store that changes a story as a whole: what members do to it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.answers import head_of, turn_of
from bot.adapters.redis_store.records import flat, listed
from bot.adapters.redis_store.replies import Replies
from bot.adapters.redis_store.sealing import Seal
from bot.core.change import Change, Undo
from bot.core.errors import StoreUnavailable
from bot.core.scene import ChannelId, MessageId, Scene, SceneHead, Turn, TurnId
from bot.core.store_answers import Saved
from bot.core.store_ports import MOST_SAVES

SCRIPTS = ("apply", "save")
UNDO_MS = 600_000
_UNTOUCHED = ("guild", "parent", "live", "seen")
"""Fields of a head that no change of a story moves."""


class Stories(Replies):
    """`StoryStore` on Redis."""

    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        self._turns.forget(channel)
        named = {turn.author for turn in change.put if turn.author is not None}
        named |= set(change.players or ())
        if named:
            await self._calls.unbroken(self._index.put(channel, map(str, sorted(named))))
        rest = _written(change, await self._seals.in_channel(channel))
        name = hashlib.sha1(
            "\0".join(map(str, (version, *rest))).encode(), usedforsecurity=False
        ).hexdigest()[:16]
        return bool(await self._channel.change("apply", channel, name, version, *rest))

    async def paid(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        if messages:
            await self._calls.write("SREM", keys.owed_key(channel), *map(str, messages))

    async def owed(self, channel: ChannelId) -> Sequence[MessageId]:
        found = await self._calls.run(self._calls.redis.smembers(keys.owed_key(channel)))
        return tuple(map(MessageId, sorted(records.numbers(found, channel, what="message"))))

    async def undo(self, channel: ChannelId) -> Undo | None:
        text = await self._calls.run(self._calls.redis.get(keys.undo_key(channel)))
        if text is None:
            return None
        return _undo_of(channel, _loaded(text), await self._seals.in_channel(channel))

    async def save(self, channel: ChannelId, name: str, scene: Scene, at_ms: int) -> bool:
        seal = await self._seals.in_channel(channel)
        copy = {
            "at_ms": str(at_ms),
            "head": records.head_to_fields(scene.head, seal),
            "players": records.names_of(scene.head.players),
            "turns": [records.turn_to_record(turn, seal) for turn in scene.turns],
        }
        answer = await self._channel.change(
            "save", channel, records.clean(name), _dumped(copy), MOST_SAVES
        )
        return bool(answer)

    async def saved(self, channel: ChannelId, name: str) -> Scene | None:
        key = keys.saves_key(channel)
        text = await self._calls.run(self._calls.redis.hget(key, records.clean(name)))
        if text is None:
            return None
        copy = _loaded(text)
        seal = await self._seals.in_channel(channel)
        turns = _turns_of(channel, copy.get("turns", ()), seal)
        return Scene(_head_of(channel, copy, seal), tuple(turns))

    async def saves(self, channel: ChannelId) -> Sequence[Saved]:
        found = await self._calls.run(self._calls.redis.hgetall(keys.saves_key(channel)))
        saves, seal = [], await self._seals.in_channel(channel)
        for name, text in found.items():
            copy = _loaded(text)
            head, turns = _head_of(channel, copy, seal), copy.get("turns", ())
            saves.append(Saved(name, int(copy.get("at_ms", 0)), len(turns), head.character_name))
        return sorted(saves, key=lambda save: (-save.at_ms, save.name))

    async def drop_save(self, channel: ChannelId, name: str) -> bool:
        key = keys.saves_key(channel)
        return bool(await self._calls.write("HDEL", key, records.clean(name)))


def _written(change: Change, seal: Seal) -> list[str | int]:
    """What `apply.lua` takes behind its name and version."""
    undo = "-" if change.uses_undo else ""
    if change.undo is not None:
        undo = _dumped(_undo_to(change.undo, seal))
    head = {} if change.head is None else records.head_to_fields(change.head, seal)
    fields = {name: value for name, value in head.items() if name not in _UNTOUCHED}
    work = {} if change.work is None else records.work_to_fields(change.work, seal)
    return [
        "1" if change.ends_work else "",
        undo,
        UNDO_MS,
        "" if change.players is None else "1",
        *listed(flat(records.names_of(change.players or {})), 2),
        *listed(flat(fields), 2),
        *listed(flat(work), 2),
        *listed(list(change.drop)),
        *listed([str(message) for message in change.owed]),
        *listed([str(message) for message in change.forgiven]),
        *listed([part for turn in change.put for part in records.parts_to_put(turn, seal)], 3),
    ]


def _undo_to(undo: Undo, seal: Seal) -> Mapping[str, Any]:
    return {
        "name": undo.name,
        "head": records.head_to_fields(undo.head, seal),
        "players": records.names_of(undo.head.players),
        "put": [records.turn_to_record(turn, seal) for turn in undo.put],
        "drop": list(undo.drop),
        "owed": [str(message) for message in undo.owed],
        "until_ms": str(undo.until_ms),
        "back": undo.is_back,
    }


def _undo_of(channel: ChannelId, fields: Mapping[str, Any], seal: Seal) -> Undo:
    owed = records.numbers(fields.get("owed", ()), channel, what="message")
    return Undo(
        name=str(fields.get("name", "")),
        head=_head_of(channel, fields, seal),
        put=tuple(_turns_of(channel, fields.get("put", ()), seal)),
        drop=tuple(TurnId(turn) for turn in fields.get("drop", ())),
        owed=tuple(map(MessageId, owed)),
        until_ms=int(fields.get("until_ms", 0)),
        is_back=fields.get("back") is True,
    )


def _head_of(channel: ChannelId, copy: Mapping[str, Any], seal: Seal) -> SceneHead:
    return head_of(channel, copy.get("head", {}), copy.get("players", {}), seal)


def _turns_of(channel: ChannelId, stored: Iterable[str], seal: Seal) -> Iterable[Turn]:
    return (turn for record in stored if (turn := turn_of(channel, record, seal)) is not None)


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _loaded(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise StoreUnavailable("What Redis holds of this story makes no sense.")
    return found
