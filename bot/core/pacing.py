"""How often replies that are being written may change on the screen.

Discord takes five webhook calls in two seconds, shared by all threads of a
channel. So replies that grow side by side slow each other down, and one call
of every window is kept free of growth: the final text finds it.
"""

from collections import deque
from dataclasses import dataclass, field

from bot.core.scene import ChannelId


@dataclass(slots=True)
class _Growth:
    replies: int = 0
    sent_at: deque[float] = field(default_factory=deque)


class Pacer:
    """Shares a parent channel's calls among the replies growing in it.

    Times are seconds of any steady clock, passed in.
    """

    def __init__(
        self,
        *,
        every_s: float = 1.25,
        at_most_s: float = 2.5,
        calls: int = 5,
        window_s: float = 2.0,
    ) -> None:
        self._every_s = every_s
        self._at_most_s = at_most_s
        self._for_growth = max(1, calls - 1)
        self._window_s = window_s
        self._channels: dict[ChannelId, _Growth] = {}

    def begin(self, channel: ChannelId) -> None:
        """Count one more reply that grows in *channel*; pair it with `end`."""
        self._channels.setdefault(channel, _Growth()).replies += 1

    def end(self, channel: ChannelId) -> None:
        """Count one reply less."""
        growth = self._channels[channel]
        growth.replies -= 1
        if growth.replies == 0:
            del self._channels[channel]

    def interval_s(self, channel: ChannelId) -> float:
        """The pause between two changes of one reply in *channel*."""
        growth = self._channels.get(channel)
        replies = growth.replies if growth else 1
        return min(self._every_s * replies, max(self._at_most_s, self._every_s))

    def wait_s(self, channel: ChannelId, *, last_at: float, now: float) -> float:
        """How long a reply that last changed at *last_at* must still wait to grow."""
        earliest = last_at + self.interval_s(channel)
        growth = self._channels.get(channel)
        if growth and len(growth.sent_at) >= self._for_growth:
            earliest = max(earliest, growth.sent_at[0] + self._window_s)
        return max(0.0, earliest - now)

    def sent(self, channel: ChannelId, now: float) -> None:
        """Note a call that made a reply appear or grow."""
        growth = self._channels.get(channel)
        if growth is None:
            return
        growth.sent_at.append(now)
        while len(growth.sent_at) > self._for_growth:
            growth.sent_at.popleft()
