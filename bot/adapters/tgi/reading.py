"""The body of one answer: when it is read, and by when it must have come.

Waking for a token costs a small machine ten times what is then done with it,
and the screen changes every 1.25 s only. So the kernel is told to wake us for
several tokens (`SO_RCVLOWAT`), but for no more bytes than the last event is
sure to have, since that repeats the whole text: the end of a reply wakes us at
once, without knowing when it comes. Where a system ignores the option, each
token wakes us, and nothing else changes.
"""

import asyncio
import socket
from asyncio.trsock import TransportSocket
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Self

import aiohttp

from bot.adapters.tgi.sse import LineTooLong, SseDecoder
from bot.adapters.tgi.wire import delta_of
from bot.core.errors import GenerationTimedOut, GenerationUnreachable
from bot.core.generation import Delta

EAGER_EVENTS = 8
"""Read as they come: what is shown first may hang on them (a name that is taken out)."""
END_BYTES = 128
"""What the last event has beside the text, and less: 160 to 200 in TGI 3.3."""
PATIENCE_S = 0.25
"""After this, any byte wakes us: a stop that only we can see, or an error, is not much later."""
LAST_WORDS_S = 0.1
"""After the final event, for the server to end the body: all that it saves is a new connection."""


class DeltaReader:
    """Iterates over the deltas of one answer. Borrows the response; does not close it.

    A class rather than a generator, so that it can be left at any point
    without anything to close, and costs each token one call.
    """

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        *,
        first_by: float,
        between_s: float,
        whole_by: float,
    ) -> None:
        """Prepare to read.

        Args:
            first_by: the loop's time by which the first event must be there.
            between_s: the longest pause between two events.
            whole_by: the loop's time by which the last event must be there.
        """
        self._response = response
        self._between_s = between_s
        self._whole_by = whole_by
        self._next_by = min(first_by, whole_by)
        self._decoder = SseDecoder()
        self._events: Iterator[bytes] = iter(())
        self._seen = 0
        self._text_bytes = 0
        self._socket = _socket_of(response)
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delta:
        """Return the next delta.

        Raises:
            GenerationError: the server is late, lost, refuses or talks nonsense.
        """
        if self._ended:
            raise StopAsyncIteration
        while (event := next(self._events, None)) is None:
            await self._read()
        self._seen += 1
        delta = delta_of(event)
        self._text_bytes += len(delta.text.encode())
        if delta.finish is not None:
            self._ended = True
        return delta

    async def _read(self) -> None:
        """Fetch what has come; that may be no whole event."""
        with http_errors_translated():
            async with asyncio.timeout_at(self._next_by):
                chunk = await self._next_chunk()
            events = list(self._decoder.feed(chunk))
        if not chunk:
            raise GenerationUnreachable("the model server broke off")
        if events:
            # Only data moves the deadline: a stuck server still sends
            # keep-alive comments.
            now = asyncio.get_running_loop().time()
            self._next_by = min(now + self._between_s, self._whole_by)
        self._events = iter(events)

    async def _next_chunk(self) -> bytes:
        if self._seen < EAGER_EVENTS:
            return await self._response.content.readany()
        loop = asyncio.get_running_loop()
        self._wake_for(self._text_bytes + END_BYTES)
        impatience = loop.call_later(PATIENCE_S, self._wake_for, 1)
        try:
            return await self._response.content.readany()
        finally:
            # The connection is used again, for answers that are shorter.
            impatience.cancel()
            self._wake_for(1)

    def _wake_for(self, size: int) -> None:
        """Have the kernel call the connection readable when it holds *size* bytes, or its end."""
        if self._socket is None:
            return
        with suppress(OSError):  # closed already, or a system without the option
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size)

    async def read_out(self) -> None:
        """Let the server end the body after the last delta, so that the connection is used again.

        A reply that was left before its end has nothing to read out.
        """
        if not self._ended:
            return
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                while await self._response.content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError):
            self._response.close()


def _socket_of(response: aiohttp.ClientResponse) -> TransportSocket | None:
    """Return what the answer comes by; None if all of it has come."""
    connection = response.connection
    if connection is None or connection.transport is None:
        return None
    found: TransportSocket | None = connection.transport.get_extra_info("socket")
    return found


@contextmanager
def http_errors_translated() -> Generator[None, None, None]:
    """Turn what goes wrong on the way into our errors. Must not span a yield.

    Raises:
        GenerationTimedOut, GenerationUnreachable: instead of aiohttp's and Python's.
    """
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise GenerationUnreachable("no connection to the model server in time") from error
    except TimeoutError as error:
        raise GenerationTimedOut("the model server did not answer in time") from error
    except (aiohttp.ClientError, LineTooLong, OSError, asyncio.IncompleteReadError) as error:
        # The text of some of these quotes what was sent; their names suffice.
        raise GenerationUnreachable(f"the model server was lost ({type(error).__name__})") from None
