"""The part of the store that knows whom players play."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.known import Known
from bot.adapters.redis_store.records import clean
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import NO_SEAL, Seal
from bot.adapters.redis_store.seals import Seals
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.scene import UserId

log = logging.getLogger(__name__)

MOST_KNOWN = 10_000


class Wardrobes:
    """`PersonaStore` on Redis."""

    _calls: Calls
    _seals: Seals
    _dress: Script
    _wardrobes: Known[UserId, Wardrobe]

    async def wardrobe(self, user: UserId) -> Wardrobe:
        known = self._wardrobes.get(user)
        if known is not None:
            return known
        mark = self._wardrobes.mark()
        wardrobe = await self._read_wardrobe(user)
        self._wardrobes.note(user, wardrobe, mark)
        return wardrobe

    async def _read_wardrobe(self, user: UserId) -> Wardrobe:
        found = await self._calls.run(self._calls.redis.hgetall(keys.personas_key(user)))
        seal = await self._seals.of_user(user) if found else NO_SEAL
        try:
            return _read(found, seal) if found else Wardrobe()
        except (ValueError, KeyError, TypeError, AttributeError):
            # Without a word of it; the next change puts it right.
            log.warning("what Redis holds of somebody's personas makes no sense")
            return Wardrobe(version=_number(found.get("ver")))

    async def keep_wardrobe(self, user: UserId, wardrobe: Wardrobe) -> bool:
        personas = [
            {"name": clean(each.name), "text": clean(each.text), "face": clean(each.face)}
            for each in wardrobe.personas
        ]
        seal = await self._seals.of_user(user)
        written = tuple(map(seal.close, (_dumped(personas), _dumped({**wardrobe.chosen}))))
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


def _read(fields: Mapping[str, str], seal: Seal) -> Wardrobe:
    personas = tuple(
        PlayerPersona(str(each["name"]), str(each["text"]), str(each["face"]))
        for each in json.loads(seal.open(fields["personas"]))
    )
    chosen = json.loads(seal.open(fields["chosen"]))
    choices = {str(at): str(name) for at, name in chosen.items()}
    return Wardrobe(personas, choices, _number(fields["ver"]))


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() else 0


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
