"""How much of a prompt the model server has read before.

A server keeps what it has read and reads a known beginning only once. Whether
our prompts make use of that is our own doing, so we measure it ourselves: the
longest common beginning with what was last sent for the same channel.
"""

from array import array
from collections.abc import Sequence

from bot.core.ports import Metrics
from bot.core.scene import ChannelId
from bot.services.recent import Recent

CHANNELS_REMEMBERED = 256
_ID_TYPE = "l"  # at least 32 bits, which no vocabulary exceeds


class PrefixMeter:
    """Remembers the last prompt of each channel, as token ids. Borrows the metrics."""

    def __init__(self, metrics: Metrics, *, channels: int = CHANNELS_REMEMBERED) -> None:
        self._metrics = metrics
        self._sent: Recent[ChannelId, array[int]] = Recent(channels)

    def measure(self, channel: ChannelId, ids: Sequence[int]) -> int:
        """Note a prompt that is sent and return how many tokens the last one shares."""
        now = array(_ID_TYPE, ids)
        before = self._sent.get(channel)
        reused = 0 if before is None else common_prefix(before, now)
        self._sent.set(channel, now)
        self._metrics.prefix_reused(reused=reused, total=len(now))
        return reused

    def forget(self, channel: ChannelId) -> None:
        """Drop what was sent there."""
        self._sent.forget(channel)


def common_prefix(one: "array[int]", other: "array[int]") -> int:
    """Count the items at the beginning that are the same in both."""
    same, most = 0, min(len(one), len(other))
    # Slices compare in C, so halving what is unsure beats a loop over the items by far.
    while same < most:
        middle = (same + most + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            most = middle - 1
    return same
