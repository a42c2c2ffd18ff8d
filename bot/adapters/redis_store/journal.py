"""What Redis has taken of late, said again to a server that may not have it any more.

With `appendfsync everysec` a server that is killed loses what it has answered for
up to two seconds, and so may a replica that becomes the master. No command fails by
that, so nobody would ever know. Therefore each new connection asks which server is
there, and one that is new to us is told again, before anything else, what was taken
in the last seconds.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from bot.adapters.redis_store.said import Said

log = logging.getLogger(__name__)

KEPT_S = 10.0
"""Before the last answer. Redis itself waits two seconds at most for its disk."""
MOST = 2_000
"""More would take longer to say than a command waits for its answer."""
_AT_ONCE = 100
_NOT_NOW = ("READONLY", "MISCONF", "OOM", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "BUSY")
"""A server that refuses so may take it later."""


@dataclass(slots=True)
class _Kept:
    at_s: float
    said: Said | None


class Journal:
    """Keeps it, and says it again. One for each client.

    Args:
        clock: in seconds; goes on whatever becomes of the date.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: deque[_Kept] = deque()
        self._of: dict[str, list[_Kept]] = {}
        """The same by their places."""
        self._known: set[str] = set()
        self._saying = asyncio.Lock()

    def heard(self) -> None:
        """The server has answered: what it took long before that is on its disk."""
        oldest_s = self._clock() - KEPT_S
        while self._kept and (self._kept[0].at_s < oldest_s or len(self._kept) > MOST):
            gone = self._kept.popleft()
            if gone.said is not None:
                self._forget(gone, gone.said.place)

    def note(self, said: Said) -> None:
        """A change was taken."""
        for kept in tuple(self._of.get(said.place, ())):
            if kept.said is not None and said.ends(kept.said):
                self._forget(kept, said.place)
                kept.said = None
        self._kept.append(kept := _Kept(self._clock(), said))
        self._of.setdefault(said.place, []).append(kept)
        self.heard()

    def _forget(self, kept: _Kept, place: str) -> None:
        others = self._of[place]
        others.remove(kept)
        if not others:
            del self._of[place]

    async def connected(self, connection: AbstractConnection) -> None:
        """Greet the server behind a new connection, which nobody has used yet."""
        await connection.on_connect()
        try:
            await self._greet(connection)
        except BaseException:
            # There may be answers on their way that nobody would read.
            await connection.disconnect(nowait=True)
            raise

    async def _greet(self, connection: AbstractConnection) -> None:
        server = await _name_of(connection)
        if not server or server in self._known:
            return
        async with self._saying:  # whoever connects meanwhile waits for it
            if server not in self._known and await self.say_again(connection):
                self._known.add(server)

    async def say_again(self, connection: AbstractConnection) -> bool:
        """Say all there is; returns whether the server could take it."""
        all_said = [kept.said for kept in self._kept if kept.said is not None]
        scripts: set[str] = set()
        for at in range(0, len(all_said), _AT_ONCE):
            chunk = all_said[at : at + _AT_ONCE]
            commands = []
            for said in chunk:
                commands.append(said.command(is_known=said.sha in scripts))
                scripts.add(said.sha)
            packed = connection.pack_commands(commands)
            await connection.send_packed_command(packed, check_health=False)
            if any([await _refusal(connection) in _NOT_NOW for _ in chunk]):
                return False
        if all_said:
            log.info("Redis was started anew, and was told again", extra={"said": len(all_said)})
        return True


async def _refusal(connection: AbstractConnection) -> str:
    """What the next answer begins with, if it is that a change is not taken; else ''.

    Raises:
        RedisError: the server is not ready yet, or gone again.
    """
    try:
        await connection.read_response()
    except ResponseError as error:
        # Mostly: it was true once, and is not any more.
        return getattr(error, "status_code", None) or str(error).partition(" ")[0]
    return ""


async def _name_of(connection: AbstractConnection) -> str:
    """A name that the server has until it is started anew; empty if it may not tell."""
    await connection.send_command("INFO", "server", check_health=False)
    try:
        answer: Any = await connection.read_response()
    except ResponseError:
        return ""
    text = answer.decode() if isinstance(answer, bytes) else str(answer)
    lines = (line.partition(":") for line in text.splitlines())
    return next((value for name, _, value in lines if name == "run_id"), "")
