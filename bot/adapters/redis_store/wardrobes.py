"""The part of the store that knows whom players play."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.records import clean
from bot.adapters.redis_store.scripts import Script
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.scene import UserId

log = logging.getLogger(__name__)

KNOWN_FOR_S = 30.0
"""What another process may have changed is asked for again after that.

A server's lines and commands are one process's, so only a choice for everywhere,
made on a server that another process serves, counts that late.
"""
MOST_KNOWN = 10_000


class KnownWardrobes:
    """What was read of late, so that a line costs no step of its own to know who says it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._known: dict[UserId, tuple[float, Wardrobe]] = {}
        self.changes = 0

    def get(self, user: UserId) -> Wardrobe | None:
        """What *user* has, if it was read not long ago."""
        until, wardrobe = self._known.get(user, (0.0, None))
        return wardrobe if self._monotonic() < until else None

    def note(self, user: UserId, wardrobe: Wardrobe) -> None:
        """Keep what was just read; what was read first goes if there is no room."""
        self._known.pop(user, None)
        self._known[user] = self._monotonic() + KNOWN_FOR_S, wardrobe
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def forget(self, user: UserId) -> None:
        """Have it read again."""
        self.changes += 1
        self._known.pop(user, None)


class Wardrobes:
    """`PersonaStore` on Redis."""

    _calls: Calls
    _dress: Script
    _wardrobes: KnownWardrobes

    async def wardrobe(self, user: UserId) -> Wardrobe:
        known = self._wardrobes.get(user)
        if known is not None:
            return known
        before = self._wardrobes.changes
        wardrobe = await self._read_wardrobe(user)
        if self._wardrobes.changes == before:  # else it may be what was there before
            self._wardrobes.note(user, wardrobe)
        return wardrobe

    async def _read_wardrobe(self, user: UserId) -> Wardrobe:
        found = await self._calls.run(self._calls.redis.hgetall(keys.personas_key(user)))
        try:
            return _read(found) if found else Wardrobe()
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without a word of it; the next change puts it right.
            log.warning("what Redis holds of somebody's personas makes no sense")
            return Wardrobe(version=_number(found.get("ver")))

    async def keep_wardrobe(self, user: UserId, wardrobe: Wardrobe) -> bool:
        personas = [
            {"name": clean(each.name), "text": clean(each.text), "face": clean(each.face)}
            for each in wardrobe.personas
        ]
        written = (_dumped(personas), _dumped({**wardrobe.chosen}))
        change = "\0".join((str(wardrobe.version), *written)).encode()
        name = hashlib.sha1(change, usedforsecurity=False).hexdigest()[:16]
        key = keys.personas_key(user)
        try:
            answer = await self._calls.change(self._dress, [key], wardrobe.version, name, *written)
        finally:  # whatever came of it: another's change may be what is kept
            self._wardrobes.forget(user)
        return bool(answer)

    async def forget_wardrobe(self, user: UserId) -> None:
        try:
            await self._calls.unbroken(self._calls.redis.delete(keys.personas_key(user)))
        finally:
            self._wardrobes.forget(user)


def _read(fields: Mapping[str, str]) -> Wardrobe:
    personas = tuple(
        PlayerPersona(str(each["name"]), str(each["text"]), str(each["face"]))
        for each in json.loads(fields["personas"])
    )
    chosen = {str(at): str(name) for at, name in json.loads(fields["chosen"]).items()}
    return Wardrobe(personas, chosen, _number(fields["ver"]))


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
