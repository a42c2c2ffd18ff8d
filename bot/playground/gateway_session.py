"""A gateway session and the connection that carries it, if any does."""

import asyncio
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11

REPLAYED_AT_MOST = 2_000
_WAITING_AT_MOST = 4_000
_CLOSE_WITHIN_S = 0.3


class Compressor(Protocol):
    """Turns one payload after the other into a stream of bytes."""

    def __call__(self, text: str) -> bytes | str: ...


class Connection:
    """One socket. `send` never waits; a client that does not read is cut off."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request = request
        self._socket = socket
        self._queue: asyncio.Queue[str | int] = asyncio.Queue(_WAITING_AT_MOST)
        compress = request.query.get("compress")
        self._deflate = zlib.compressobj() if compress == "zlib-stream" else None
        self.is_open = True
        self.is_cut = False

    def send(
        self, op: int, data: Any = None, *, s: int | None = None, t: str | None = None
    ) -> None:
        """Queue one payload."""
        self.send_text(encode(op, data, s=s, t=t))

    def send_text(self, text: str) -> None:
        """Queue one payload that is encoded already."""
        self._put(text)

    def close(self, code: int) -> None:
        """Say good-bye with *code* after what is queued."""
        self._put(code)

    def cut(self) -> None:
        """Drop the socket without a word, as a lost network does."""
        self.is_open = False
        self.is_cut = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued until the socket is closed."""
        while True:
            item = await self._queue.get()
            if isinstance(item, int):
                self.is_open = False
                async with asyncio.timeout(_CLOSE_WITHIN_S):
                    await self._socket.close(code=item)
                return
            if self._deflate is None:
                await self._socket.send_str(item)
            else:
                body = self._deflate.compress(item.encode())
                await self._socket.send_bytes(body + self._deflate.flush(zlib.Z_SYNC_FLUSH))

    def _put(self, item: str | int) -> None:
        if not self.is_open:
            return
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.cut()


@dataclass(slots=True)
class Session:
    """What outlives a connection: place in the stream, and what may have to be replayed."""

    id: str
    shard: tuple[int, int]
    intents: int
    seq: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED_AT_MOST))
    connection: Connection | None = None
    lost_at: float = 0.0
    is_over: bool = False

    @property
    def is_online(self) -> bool:
        return self.connection is not None and self.connection.is_open

    def dispatch(self, name: str, data: Any) -> None:
        """Send an event, or keep it for the next RESUME."""
        self.seq += 1
        text = encode(DISPATCH, data, s=self.seq, t=name)
        self.sent.append((self.seq, text))
        if self.connection is not None:
            self.connection.send_text(text)

    def can_replay(self, seq: int) -> bool:
        """Whether everything after *seq* is still there."""
        oldest = self.sent[0][0] if self.sent else self.seq + 1
        return oldest - 1 <= seq <= self.seq

    def replay(self, seq: int) -> None:
        """Send everything after *seq* again, and RESUMED."""
        if self.connection is None:
            return
        for number, text in self.sent:
            if number > seq:
                self.connection.send_text(text)
        self.dispatch("RESUMED", {})


def encode(op: int, data: Any, *, s: int | None = None, t: str | None = None) -> str:
    """Write one gateway payload."""
    return json.dumps({"op": op, "d": data, "s": s, "t": t}, separators=(",", ":"))
