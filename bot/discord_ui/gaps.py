"""Which messages of which guilds nobody can have heard, told by the ids of those we heard.

Discord's ids grow with time, so what was not heard on a shard is newer than the
newest message that was. A session that is resumed has no gap; a new one has,
and so has a guild that was out of order.
"""

from collections.abc import Iterable

import discord

from bot.core.scene import GuildId, MessageId
from bot.services.doubts import Doubts, Gap

MARGIN_MS = 10_000
"""Messages may be told of in another order than they were written."""
_TIME_SHIFT = 22
"""Below it an id counts what came within one millisecond."""


class Gaps:
    """Notices gaps and has them looked into."""

    def __init__(self, doubts: Doubts) -> None:
        self._doubts = doubts
        self._since_start = discord.utils.time_snowflake(discord.utils.utcnow())
        self._newest: dict[int, int] = {}
        self._new_sessions: dict[int, int] = {}
        self._out_of_order: dict[int, int] = {}

    def heard(self, shard: int, message: int) -> None:
        """A message was heard on *shard*."""
        self._newest[shard] = max(message, self._newest.get(shard, 0))

    def session_begins(self, shard: int) -> None:
        """*shard* hears again from here on, but Discord repeats nothing."""
        self._new_sessions.setdefault(shard, self._heard_until(shard))

    def session_is_ready(self, shard: int, places: frozenset[GuildId | None]) -> None:
        """Discord has told what there is in the *places* of *shard*; see `places_of`."""
        since = self._new_sessions.pop(shard, None)
        if since is not None:
            self._look(since, places)

    def guild_is_lost(self, guild: discord.Guild) -> None:
        """A guild is out of order; nothing is heard of it."""
        self._out_of_order.setdefault(guild.id, self._heard_until(guild.shard_id))

    def guild_is_back(self, guild: discord.Guild) -> None:
        """It is there again."""
        since = self._out_of_order.pop(guild.id, None)
        if since is not None:
            self._look(since, frozenset({GuildId(guild.id)}))

    def _heard_until(self, shard: int) -> int:
        return self._newest.get(shard, self._since_start)

    def _look(self, since: int, guilds: frozenset[GuildId | None]) -> None:
        self._doubts.gap(Gap(MessageId(max(0, since - (MARGIN_MS << _TIME_SHIFT))), guilds))


def places_of(shard: int, guilds: Iterable[discord.Guild]) -> frozenset[GuildId | None]:
    """Those of *guilds* that *shard* hears of; None stands for direct messages."""
    theirs = {GuildId(guild.id) for guild in guilds if guild.shard_id == shard}
    return frozenset({*theirs, None}) if shard == 0 else frozenset(theirs)
