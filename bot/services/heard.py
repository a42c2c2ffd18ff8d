"""Up to which message of a channel memory is sure to have everything."""

from collections.abc import Container, Generator
from contextlib import contextmanager

from bot.core.scene import ChannelId, MessageId
from bot.services.recent import Recent

CHANNELS_KEPT = 20_000


class Heard:
    """The newest message of each channel that came through the gateway.

    The gateway tells in order, so nothing older is missing, unless the store was
    away. It is stored with lines and with a reply's last step, and tells a later
    process whether anything was missed.

    Args:
        doubtful: channels of which memory may lack something.
    """

    def __init__(self, doubtful: Container[ChannelId] = ()) -> None:
        self._doubtful = doubtful
        self._newest: Recent[ChannelId, MessageId] = Recent(CHANNELS_KEPT)
        self._coming: dict[ChannelId, list[MessageId]] = {}

    @contextmanager
    def coming(self, channel: ChannelId, message: MessageId) -> Generator[None, None, None]:
        """*message* is on its way into memory, and may not arrive, while the block lasts."""
        messages = self._coming.setdefault(channel, [])
        messages.append(message)
        try:
            yield
        finally:
            messages.remove(message)
            if not messages:
                del self._coming[channel]

    def note(self, channel: ChannelId, message: MessageId) -> None:
        """A message has come."""
        known = self._newest.get(channel)
        if known is None or known < message:
            self._newest.set(channel, message)

    def newest(self, channel: ChannelId) -> MessageId | None:
        """The newest one, if any has come lately and nothing can be missing before it."""
        newest = self._newest.get(channel)
        return None if newest is None else self.sure(channel, newest)

    def sure(self, channel: ChannelId, message: MessageId) -> MessageId | None:
        """*message*; None if something before it may be missing."""
        is_behind = any(each < message for each in self._coming.get(channel, ()))
        return None if is_behind or channel in self._doubtful else message
