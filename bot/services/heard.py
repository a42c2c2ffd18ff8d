"""Up to which message of a channel Discord has told us everything."""

from bot.core.scene import ChannelId, MessageId
from bot.services.recent import Recent

CHANNELS_KEPT = 20_000


class Heard:
    """The newest message of each channel that came through the gateway.

    The gateway tells in order, so nothing older is missing. It is stored with a
    reply's last step, and tells a later process whether it has missed anything.
    """

    def __init__(self) -> None:
        self._newest: Recent[ChannelId, MessageId] = Recent(CHANNELS_KEPT)

    def note(self, channel: ChannelId, message: MessageId) -> None:
        """A message has come."""
        known = self._newest.get(channel)
        if known is None or known < message:
            self._newest.set(channel, message)

    def newest(self, channel: ChannelId) -> MessageId | None:
        """The newest one, if any has come lately."""
        return self._newest.get(channel)
