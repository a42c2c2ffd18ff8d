"""Server-sent events from bytes, however they were cut on the way.

Understands what model servers send: one `data:` line per event, with or
without a space, ended by LF, CR or CRLF; comments, which keep a connection
alive; other fields, which are passed over.
"""

from collections.abc import Iterator

LINE_LIMIT_BYTES = 1 << 20


class LineTooLong(ValueError):
    """A line that no model server would send."""


class SseDecoder:
    """Feed it chunks; it gives the data of every event that is complete."""

    def __init__(self, *, line_limit: int = LINE_LIMIT_BYTES) -> None:
        self._limit = line_limit
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Data of the events that end in *chunk*.

        Raises:
            LineTooLong: a line is longer than the limit.
        """
        held = self._rest + chunk
        # A CR at the very end may be the first half of CRLF: it waits.
        end = len(held) - 1 if held.endswith(b"\r") else len(held)
        lines = held[:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held[end:]
        if len(self._rest) > self._limit:
            raise LineTooLong(f"more than {self._limit} bytes without a line end")
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                yield data
