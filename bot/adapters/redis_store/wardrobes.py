"""The part of the store that knows whom players play."""

import hashlib
import json
import logging
from collections.abc import Mapping
from typing import Any

from bot.adapters.redis_store import keys
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.records import clean
from bot.adapters.redis_store.scripts import Script
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.scene import UserId

log = logging.getLogger(__name__)


class Wardrobes:
    """`PersonaStore` on Redis."""

    _calls: Calls
    _dress: Script

    async def wardrobe(self, user: UserId) -> Wardrobe:
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
        answer = await self._calls.change(self._dress, [key], wardrobe.version, name, *written)
        return bool(answer)

    async def forget_wardrobe(self, user: UserId) -> None:
        await self._calls.unbroken(self._calls.redis.delete(keys.personas_key(user)))


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
