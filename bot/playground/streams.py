"""What the pages hear: one bounded stream of events for each open page."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

_WAITING_AT_MOST = 2_000

Event = tuple[str, Mapping[str, Any]]


class Stream:
    """Events for one page. None ends it; a page that does not read is sent away."""

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue(_WAITING_AT_MOST)
        self._is_open = True

    def put(self, event: Event) -> None:
        """Queue an event."""
        if not self._is_open:
            return
        if self.queue.qsize() >= _WAITING_AT_MOST - 1:
            # The page connects again and reads what it has missed.
            self.end()
        else:
            self.queue.put_nowait(event)

    def end(self) -> None:
        """Close the stream after what is queued."""
        if self._is_open:
            self._is_open = False
            self.queue.put_nowait(None)


class Streams:
    """All open pages."""

    def __init__(self) -> None:
        self._open: set[Stream] = set()

    @contextmanager
    def subscribe(self, user_id: int) -> Iterator[Stream]:
        """Hear what *user_id* may see for the length of the block."""
        stream = Stream(user_id)
        self._open.add(stream)
        try:
            yield stream
        finally:
            self._open.discard(stream)

    def send(self, name: str, draw: Callable[[int], Mapping[str, Any] | None]) -> None:
        """Send an event; *draw* gives each user's data, or None for those who must not see it."""
        drawn: dict[int, Mapping[str, Any] | None] = {}
        for stream in self._open:
            if stream.user_id not in drawn:
                drawn[stream.user_id] = draw(stream.user_id)
            data = drawn[stream.user_id]
            if data is not None:
                stream.put((name, data))

    def end_all(self) -> None:
        """Send every page away."""
        for stream in self._open:
            stream.end()
