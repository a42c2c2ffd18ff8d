"""A way to a server on which things go wrong, byte for byte as a test says.

    async with FaultProxy("127.0.0.1:6379") as proxy:
        client = connect(f"redis://{proxy.address}", timeout_s=1)
        proxy.rules = Rules(opened=Script(to_client=Way(0, Then.CUT)))

It listens on a port of its own, in front of a port or a Unix socket. Rules may
be changed at any time, and hold at once.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from tests.ports import free_port

_CHUNK_BYTES = 64 * 1024
_CHUNKS_UNDER_WAY = 256
_CLOSE_WITHIN_S = 5.0
_LINGER_NOT = struct.pack("ii", 1, 0)
"""Closing throws away what waits and sends a reset."""


class Then(StrEnum):
    """What happens once a way's bytes are used up."""

    CUT = "both sides are told that it is over"
    RESET = "both sides get a reset"
    SWALLOW = "what comes is read and thrown away"
    GARBLE = "every bit of what comes is turned over"


@dataclass(frozen=True, slots=True)
class Way:
    """One direction of a connection.

    Attributes:
        clean: bytes that pass unharmed; None if all do.
        then: what happens when the next one comes.
        delay_s: how much later everything arrives; order and rate stay.
        piece_bytes: the most that is passed on at a time; 0 sets no limit.
    """

    clean: int | None = None
    then: Then = Then.CUT
    delay_s: float = 0.0
    piece_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Script:
    """What becomes of one connection.

    Attributes:
        answered: False accepts it and reads, but never asks the server.
        welcome: False resets it as soon as it is accepted.
    """

    to_server: Way = Way()
    to_client: Way = Way()
    answered: bool = True
    welcome: bool = True


UNHARMED = Script()
BLACK_HOLE = Script(answered=False)
UNWELCOME = Script(welcome=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """Which connection gets which script, from the moment they are set.

    Attributes:
        coming: for connections that are not there yet.
        numbered: exceptions: 1 is the first that is accepted from now on.
        opened: for those that are there, counted from now; None is as *coming*.
    """

    coming: Script = UNHARMED
    numbered: Mapping[int, Script] = field(default_factory=dict)
    opened: Script | None = None


@dataclass(slots=True)
class Counts:
    """What the proxy has seen, since it began."""

    accepted: int = 0
    ended: int = 0
    cut: int = 0
    reset: int = 0
    swallowed_bytes: int = 0
    garbled_bytes: int = 0
    to_server_bytes: int = 0
    to_client_bytes: int = 0

    @property
    def open(self) -> int:
        return self.accepted - self.ended


class FaultProxy:
    """Stands before *target*, a `host:port` or the path of a Unix socket."""

    def __init__(self, target: str) -> None:
        self.counts = Counts()
        self._target = target
        self._rules = Rules()
        self._since_rules = 0
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None
        # Bound, not listening: keeps the port ours while nobody listens on it.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", free_port()))
        self.port: int = self._place.getsockname()[1]

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop_listening()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_WITHIN_S)
        self._place.close()

    @property
    def address(self) -> str:
        """Where to connect, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def rules(self) -> Rules:
        """What holds now."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        self._since_rules = 0
        for connection in self._open:
            connection.follow(rules.coming if rules.opened is None else rules.opened)

    def cut_all(self, *, reset: bool = False) -> int:
        """End every connection that is there; returns how many."""
        connections = list(self._open)
        for connection in connections:
            connection.end(Then.RESET if reset else Then.CUT)
        return len(connections)

    @asynccontextmanager
    async def refusing(self) -> AsyncGenerator[None, None]:
        """Refuse connections for the length of the block, and end those that are there."""
        await self._stop_listening()
        self.cut_all()
        try:
            yield
        finally:
            await self._listen()

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, reuse_address=True
        )

    async def _stop_listening(self) -> None:
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts.accepted += 1
        self._since_rules += 1
        script = self._rules.numbered.get(self._since_rules, self._rules.coming)
        connection = _Connection(script, self.counts, reader, writer)
        self._open.add(connection)
        task = asyncio.create_task(self._carry(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, connection: "_Connection") -> None:
        try:
            await connection.carry(self._target)
        finally:
            self._open.discard(connection)
            self.counts.ended += 1


class _Connection:
    """A client, the server, and two ways between them."""

    def __init__(
        self,
        script: Script,
        counts: Counts,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._script = script
        self._counts = counts
        self._reader = reader
        self._writers = [writer]
        self._passed = {"to_server": 0, "to_client": 0}
        self._end: asyncio.Future[Then] = asyncio.get_running_loop().create_future()

    def follow(self, script: Script) -> None:
        """Change to *script*, its bytes counted from now."""
        self._script = script
        self._passed = dict.fromkeys(self._passed, 0)

    def end(self, how: Then) -> None:
        """Let it be over."""
        if not self._end.done():
            self._end.set_result(how)

    async def carry(self, target: str) -> None:
        """Pass on what comes, as the script says, until one side or the script ends it."""
        carrier = asyncio.create_task(self._both_ways(target))
        try:
            ends: list[asyncio.Future[Any]] = [carrier, self._end]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            carrier.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await carrier
            await self._close()

    async def _both_ways(self, target: str) -> None:
        if not self._script.welcome:
            self.end(Then.RESET)
            return
        if not self._script.answered:
            while data := await self._reader.read(_CHUNK_BYTES):
                self._counts.swallowed_bytes += len(data)
            return
        try:
            reader, writer = await _connected(target)
        except OSError:
            self.end(Then.RESET)
            return
        self._writers.append(writer)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._one_way("to_server", self._reader, writer))
                ways.create_task(self._one_way("to_client", reader, self._writers[0]))
        except* OSError:
            pass  # one side is gone; the other is told by closing

    async def _one_way(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver(name, under_way, writer))
            loop = asyncio.get_running_loop()
            while True:
                data = await self._received(reader)
                await under_way.put((loop.time() + self._way(name).delay_s, data))
                if not data:
                    return

    async def _received(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.read(_CHUNK_BYTES)
        except ConnectionError:
            # A reset is passed on as one.
            self.end(Then.RESET)
            raise

    async def _deliver(
        self,
        name: str,
        under_way: asyncio.Queue[tuple[float, bytes]],
        writer: asyncio.StreamWriter,
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                # What is swallowed ends without a word.
                if not self._is_used_up(name, Then.SWALLOW) and writer.can_write_eof():
                    writer.write_eof()
                return
            await self._pass_on(name, data, writer)

    async def _pass_on(self, name: str, data: bytes, writer: asyncio.StreamWriter) -> None:
        way = self._way(name)
        left = len(data) if way.clean is None else max(0, way.clean - self._passed[name])
        clean, rest = data[:left], data[left:]
        self._passed[name] += len(clean)
        if clean:
            await self._write(name, clean, writer, piece_bytes=way.piece_bytes)
        if not rest:
            return
        match way.then:
            case Then.CUT | Then.RESET:
                self.end(way.then)
                await asyncio.Event().wait()  # whoever carries us sees the end and cancels us
            case Then.SWALLOW:
                self._counts.swallowed_bytes += len(rest)
            case Then.GARBLE:
                self._counts.garbled_bytes += len(rest)
                turned = bytes(byte ^ 0xFF for byte in rest)
                await self._write(name, turned, writer, piece_bytes=way.piece_bytes)

    def _is_used_up(self, name: str, then: Then) -> bool:
        way = self._way(name)
        return way.then is then and way.clean is not None and self._passed[name] >= way.clean

    async def _write(
        self, name: str, data: bytes, writer: asyncio.StreamWriter, *, piece_bytes: int
    ) -> None:
        size = piece_bytes or len(data)
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
            if piece_bytes:
                await asyncio.sleep(0)  # the other side reads before the next piece comes
        if name == "to_server":
            self._counts.to_server_bytes += len(data)
        else:
            self._counts.to_client_bytes += len(data)

    def _way(self, name: str) -> Way:
        return self._script.to_server if name == "to_server" else self._script.to_client

    async def _close(self) -> None:
        how = self._end.result() if self._end.done() else None
        self._counts.reset += how is Then.RESET
        self._counts.cut += how is Then.CUT
        for writer in self._writers:
            if how is Then.RESET:
                found = writer.get_extra_info("socket")
                with suppress(OSError):
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
                writer.transport.abort()
            else:
                writer.close()
        for writer in self._writers:
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CLOSE_WITHIN_S):
                    await writer.wait_closed()


async def _connected(target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if "/" in target:
        return await asyncio.open_unix_connection(target)
    host, _, port = target.rpartition(":")
    return await asyncio.open_connection(host, int(port))
