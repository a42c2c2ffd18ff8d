"""The Lua scripts, run by their hash."""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any

from redis.exceptions import NoScriptError

from bot.adapters.redis_store.connection import RedisClient

_FOLDER = resources.files(__package__) / "scripts"


class Script:
    """One file of `scripts/`, with `shared.lua` in front of its body."""

    def __init__(self, name: str, *, shared: bool = True) -> None:
        text = (_FOLDER / f"{name}.lua").read_text("utf-8")
        if shared:
            # The first line names the engine and has to stay the first.
            engine, _, body = text.partition("\n")
            text = "\n".join((engine, (_FOLDER / "shared.lua").read_text("utf-8"), body))
        self.name = name
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: RedisClient, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run it; a server that does not know it (restarted, flushed) is told.

        Sending the whole text with EVAL rather than loading it first reaches
        the one cluster node that asked.
        """
        try:
            return await redis.evalsha(self.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self.text, len(keys), *keys, *args)
