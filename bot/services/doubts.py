"""Channels of which memory may lack something, until somebody has looked."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.core.scene import ChannelId, GuildId, MessageId

MOST_CHANNELS = 20_000
MOST_GAPS = 64
MOST_DELETIONS = 500
"""Remembered of one channel; of more it is looked up what still stands there."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """What was not stored of a channel.

    Attributes:
        since: the oldest message that may stand there otherwise than remembered;
            None if all that happened is known.
        gone: messages that were deleted.
    """

    since: MessageId | None = None
    gone: frozenset[MessageId] = frozenset()

    def __or__(self, other: "Doubt") -> "Doubt":
        known = [since for since in (self.since, other.since) if since is not None]
        return Doubt(min(known, default=None), self.gone | other.gone)


@dataclass(frozen=True, slots=True)
class Gap:
    """For a while nobody heard what happened.

    Attributes:
        since: the newest message that was heard before.
        guilds: where; None among them stands for direct messages, None
            instead of them for everywhere.
    """

    since: MessageId
    guilds: frozenset[GuildId | None] | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """What to look at, in this order."""

    channels: Mapping[ChannelId, Doubt] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()


class Doubts:
    """Collects them in memory that cannot grow: what is too much becomes a gap."""

    def __init__(self, most: int = MOST_CHANNELS) -> None:
        self._most = most
        self._channels: dict[ChannelId, Doubt] = {}
        self._gaps: list[Gap] = []
        self._looking: frozenset[ChannelId] = frozenset()
        self._is_looking_anywhere = False
        self._any = asyncio.Event()

    def __contains__(self, channel: object) -> bool:
        """Whether memory may lack something of *channel*; after a gap that may be any."""
        if self._gaps or self._is_looking_anywhere:
            return True
        return channel in self._channels or channel in self._looking

    @property
    def has_any(self) -> bool:
        """Whether there is something to look at."""
        return self._any.is_set()

    def changed(self, channel: ChannelId, message: MessageId) -> None:
        """That *message* is there, or has another text, was not stored."""
        self.add(channel, Doubt(since=message))

    def deleted(self, channel: ChannelId, messages: Iterable[MessageId]) -> None:
        """That *messages* are gone was not stored."""
        self.add(channel, Doubt(gone=frozenset(messages)))

    def add(self, channel: ChannelId, doubt: Doubt) -> None:
        """Something is to be looked at in *channel*."""
        known = self._channels.get(channel)
        if known is None and len(self._channels) >= self._most:
            oldest = min((*doubt.gone, *([doubt.since] if doubt.since else [])), default=None)
            if oldest is not None:
                self.gap(Gap(oldest))
            return
        doubt = doubt | (known or Doubt())
        if len(doubt.gone) > MOST_DELETIONS:
            doubt = Doubt(min(doubt.gone)) | Doubt(doubt.since)
        self._channels[channel] = doubt
        self._any.set()

    def gap(self, gap: Gap) -> None:
        """Nothing was heard for a while."""
        self._gaps.append(gap)
        if len(self._gaps) > MOST_GAPS:
            self._gaps = [Gap(min(each.since for each in self._gaps))]
        self._any.set()

    def take(self) -> Doubtful:
        """Hand over all there is; whoever takes it looks, or adds it again.

        It stays doubtful until `looked`, or until more is taken.
        """
        taken = Doubtful(dict(self._channels), tuple(self._gaps))
        self._looking, self._is_looking_anywhere = frozenset(taken.channels), bool(taken.gaps)
        self._channels.clear()
        self._gaps.clear()
        self._any.clear()
        return taken

    def looked(self) -> None:
        """All that was taken last has been looked at."""
        self._looking, self._is_looking_anywhere = frozenset(), False

    async def wait(self) -> None:
        """Wait until there is something to look at: for as long as all is well."""
        await self._any.wait()
