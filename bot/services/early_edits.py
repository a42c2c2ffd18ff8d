"""Edits of messages that nobody knows yet: what Discord tells may come in any order."""

from collections.abc import Callable, Iterable

from bot.core.scene import ChannelId, MessageId
from bot.services.incoming import Edit

MOST = 1_000
KEPT_S = 60.0
"""Most messages that are edited belong to no story: their text does not stay."""


class EarlyEdits:
    """Keeps the newest edit of a message until the message itself has come, or a minute."""

    def __init__(self, clock_s: Callable[[], float], *, most: int = MOST) -> None:
        self._clock_s = clock_s
        self._most = most
        self._kept: dict[tuple[ChannelId, MessageId], tuple[float, Edit]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, channel: ChannelId, edit: Edit) -> None:
        """Keep *edit*, unless a newer one is kept."""
        self._let_old_go()
        key = (channel, edit.message)
        known = self._kept.pop(key, None)
        if known is not None and known[1].at_ms > edit.at_ms:
            edit = known[1]
        self._kept[key] = (self._clock_s(), edit)
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def find(self, channel: ChannelId, message: MessageId) -> Edit | None:
        """The newest edit that is kept of a message."""
        self._let_old_go()
        found = self._kept.get((channel, message))
        return None if found is None else found[1]

    def done(self, channel: ChannelId, edit: Edit) -> None:
        """*edit* is stored."""
        if self.find(channel, edit.message) == edit:
            self.forget(channel, (edit.message,))

    def forget(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """Nobody will ask for edits of *messages*."""
        for message in messages:
            self._kept.pop((channel, message), None)

    def _let_old_go(self) -> None:
        now_s = self._clock_s()
        while self._kept:
            key = next(iter(self._kept))
            if now_s - self._kept[key][0] < KEPT_S:
                return
            del self._kept[key]
