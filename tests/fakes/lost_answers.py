"""A way to a Redis server on which one answer gets lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path


class LostAnswers:
    """Passes everything on, but hangs up instead of the next answer to *commands*.

    The server has run the command by then, and the client cannot know.
    """

    def __init__(self, server: str, commands: tuple[bytes, ...]) -> None:
        self._server = server
        self._commands = commands
        self._tasks: set[asyncio.Task[None]] = set()
        self.to_lose = 0

    @asynccontextmanager
    async def listen(self, path: Path) -> AsyncIterator[None]:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.add(asyncio.create_task(self._connect(reader, writer)))

        listener = await asyncio.start_unix_server(accept, path)
        try:
            yield
        finally:
            listener.close()
            await asyncio.wait(self._tasks, timeout=5)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        asked = asyncio.Event()
        ways = {
            asyncio.create_task(self._onward(reader, server_writer, asked)),
            asyncio.create_task(self._back(server_reader, writer, asked)),
        }
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for end in (writer, server_writer):
            end.close()
            with suppress(OSError):
                await end.wait_closed()

    async def _onward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 20):
            if any(command in data for command in self._commands):
                asked.set()
            writer.write(data)

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: asyncio.Event
    ) -> None:
        while data := await reader.read(1 << 20):
            if self.to_lose and asked.is_set() and not data.startswith(b"-NOSCRIPT"):
                self.to_lose -= 1
                return
            writer.write(data)
