"""The turns of channels that this process writes in, so that not all are read for each reply.

Redis keeps a `tag` beside the turns, which every change of them replaces or takes
away. Turns that were read or added under a tag are the stored ones for as long as
the tag is, whoever else writes there: it is compared before any of them is used.
"""

from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from bot.core.scene import ChannelId, Turn, TurnId

MOST_TURNS = 20_000
"""Of all channels together; some 25 MiB of lines of 300 characters."""


@dataclass(slots=True)
class _Known:
    tag: str
    turns: list[Turn]


class TurnCache:
    """Forgets the channels first that were not used for longest."""

    def __init__(self, most_turns: int = MOST_TURNS) -> None:
        self._most = most_turns
        self._size = 0
        self._known: OrderedDict[ChannelId, _Known] = OrderedDict()

    def __contains__(self, channel: ChannelId) -> bool:
        return channel in self._known

    def get(self, channel: ChannelId, tag: str) -> tuple[Turn, ...] | None:
        """The channel's turns, if *tag* is what they were read under; else they are dropped."""
        known = self._known.get(channel)
        if known is None or known.tag != tag:
            self.forget(channel)
            return None
        self._known.move_to_end(channel)
        return tuple(known.turns)

    def put(self, channel: ChannelId, tag: str, turns: Iterable[Turn]) -> None:
        """Remember what was read under *tag*, which '' is not."""
        self.forget(channel)
        if tag:
            self._known[channel] = _Known(tag, list(turns))
            self._grew(len(self._known[channel].turns))

    def add(
        self,
        channel: ChannelId,
        turn: Turn | None,
        *,
        before: str,
        tag: str,
        floor: str = "",
        counts: Mapping[TurnId, str],
    ) -> None:
        """Take over a change of ours: the turns had the tag *before*, and *tag* with it.

        Args:
            floor: highest id of the turns that made room for it.
            counts: what else was written with it.
        """
        known = self._known.get(channel)
        if known is None or turn is None or known.tag != before:
            self.forget(channel)
            return
        known.tag = tag
        at = bisect_left(known.turns, turn.id, key=_id_of)
        if at < len(known.turns) and known.turns[at].id == turn.id:
            self.forget(channel)  # somebody has had a hand in Redis itself
            return
        known.turns.insert(at, turn)
        for counted, count in counts.items():
            at = bisect_left(known.turns, counted, key=_id_of)
            if at < len(known.turns) and known.turns[at].id == counted:
                known.turns[at] = replace(known.turns[at], count=count)
        trimmed = bisect_right(known.turns, floor, key=_id_of)
        del known.turns[:trimmed]
        self._grew(1 - trimmed)

    def forget(self, channel: ChannelId) -> None:
        """Drop what is known of the channel."""
        known = self._known.pop(channel, None)
        if known is not None:
            self._size -= len(known.turns)

    def _grew(self, turns: int) -> None:
        self._size += turns
        while self._size > self._most:
            self.forget(next(iter(self._known)))


def _id_of(turn: Turn) -> TurnId:
    return turn.id
