"""Names of changes of which nobody knows whether they were made.

Under the same name a script recognises its own change and answers as it did the
first time.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Generator, Hashable
from contextlib import contextmanager

from bot.core.errors import StoreUnavailable

KEPT = 256


class Unsure:
    """Remembers the newest of them, as long as the process lives."""

    def __init__(self) -> None:
        self._names: OrderedDict[Hashable, str] = OrderedDict()

    @contextmanager
    def name(self, change: Hashable) -> Generator[str, None, None]:
        """Name *change*: anew, or as before if the last try of it may have been made."""
        name = self._names.pop(change, None) or secrets.token_hex(8)
        try:
            yield name
        except (StoreUnavailable, asyncio.CancelledError):
            self._names[change] = name
            if len(self._names) > KEPT:
                self._names.popitem(last=False)
            raise
