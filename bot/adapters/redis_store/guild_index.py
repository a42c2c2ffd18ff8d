"""Which guilds have scenes, and in which channels; and which guilds we have left."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.channel_scripts import ChannelScripts
from bot.adapters.redis_store.loose_index import LooseIndex
from bot.core.scene import ChannelId, GuildId

SCRIPTS = ("in_guild",)
_CHUNK = 500


class GuildIndex:
    """Shares the calls and scripts of a store."""

    def __init__(self, calls: Calls, scripts: ChannelScripts, index: LooseIndex) -> None:
        self._calls = calls
        self._channel = scripts
        self._index = index

    async def put(self, channel: ChannelId, guild: GuildId) -> None:
        """Note that a scene may play in *channel*. It is a part of a longer change."""
        await self._index.put(keys.GUILDS, guild)
        await self._index.put(keys.guild_channels_key(guild), channel)

    async def channels_in(self, guild: GuildId) -> Sequence[ChannelId]:
        """Every channel of *guild* with a scene, live or stopped."""

        async def plays(channel: int) -> bool:
            return await self._guild_of(ChannelId(channel)) == str(guild)

        key = keys.guild_channels_key(guild)
        return [ChannelId(name) for name in await self._index.names(key, plays)]

    async def drop(self, channel: ChannelId, guild: GuildId) -> None:
        """Take *channel* off the index of *guild*, if no scene of it is there."""

        async def plays(name: int) -> bool:
            return await self._guild_of(ChannelId(name)) == str(guild)

        await self._index.drop(keys.guild_channels_key(guild), channel, plays)

    async def guilds(self) -> Sequence[GuildId]:
        """Every guild that has a channel with a scene, lore or rules, and maybe some more."""
        listed = await self._index.entries(keys.GUILDS)
        found = []
        for at in range(0, len(listed), _CHUNK):
            chunk = [GuildId(guild) for guild in listed[at : at + _CHUNK]]
            for guild, is_known in zip(
                chunk, await self._calls.run(self._are_known(chunk)), strict=True
            ):
                if is_known or not await self._index.drop(keys.GUILDS, guild, self._is_known):
                    found.append(guild)
        return sorted(found)

    async def leave(self, guild: GuildId, due_ms: int) -> None:
        """Note that *guild* was left. If that is noted already, its time stands."""
        await self._calls.unbroken(self._calls.redis.hsetnx(keys.LEFT, str(guild), str(due_ms)))

    async def left(self) -> Mapping[GuildId, int]:
        """The guilds that were left, with the times at which they are due."""
        noted = await self._calls.run(self._calls.redis.hgetall(keys.LEFT))
        guilds = records.numbers(noted, None, what="guild that was left")
        return {
            GuildId(guild): due[0]
            for guild in guilds
            if (due := records.numbers([noted[str(guild)]], None, what="time of a departure"))
        }

    async def rejoin(self, guild: GuildId) -> None:
        """Forget that *guild* was left."""
        await self._calls.unbroken(self._calls.redis.hdel(keys.LEFT, str(guild)))

    async def complete(self, channel: ChannelId) -> bool:
        """Index a scene that was begun before there was an index; returns whether it was."""
        fields = await self._calls.run(
            self._calls.redis.hmget(keys.meta_key(channel), ["guild", "in_guild"])
        )
        guilds = records.numbers([fields[0]] if fields[0] else [], channel, what="guild")
        if fields[1] or not guilds:
            return False
        await self._calls.unbroken(self._complete(channel, GuildId(guilds[0])))
        return True

    async def _complete(self, channel: ChannelId, guild: GuildId) -> None:
        await self.put(channel, guild)
        await self._channel.part("in_guild", channel, (guild,))

    async def _guild_of(self, channel: ChannelId) -> str | None:
        guild: str | None = await self._calls.run(
            self._calls.redis.hget(keys.meta_key(channel), "guild")
        )
        return guild

    async def _is_known(self, guild: int) -> bool:
        return bool(await self._calls.run(self._calls.redis.exists(*_held(GuildId(guild)))))

    async def _are_known(self, guilds: Sequence[GuildId]) -> list[Any]:
        pipe = self._calls.redis.pipeline(transaction=False)
        for guild in guilds:
            pipe.exists(*_held(guild))
        return await pipe.execute()


def _held(guild: GuildId) -> tuple[str, ...]:
    """The keys by which a guild is known: they share a slot."""
    return (
        keys.guild_channels_key(guild),
        keys.guild_lore_key(guild),
        keys.guild_rules_key(guild),
    )
