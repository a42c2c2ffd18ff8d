"""For how long a server's stories are kept while nobody plays in them."""

from typing import Protocol

from bot.core.guild_rules import GuildRules
from bot.core.ports import GuildStore
from bot.core.scene import ChannelId, GuildId
from bot.services.guild_desk import GuildDesk


class Stories(GuildStore, Protocol):
    """Keeps stories, each for a time."""

    async def keep_for(self, channel: ChannelId, days: int | None) -> None:
        """Have the channel's story forgotten after so many days of silence; None: the usual."""
        ...


class Retention:
    """Borrows what it is given. Every method may raise StoreUnavailable and StoreRefusesWrites.

    Args:
        usual_days: what holds where a server has settled nothing.
    """

    def __init__(self, store: Stories, desk: GuildDesk, *, usual_days: int) -> None:
        self._store = store
        self._desk = desk
        self._usual_days = usual_days

    async def days_in(self, guild: GuildId | None) -> int:
        """After how many days of silence a story there is forgotten."""
        return (await self._desk.rules(guild)).keep_days or self._usual_days

    async def settle(self, guild: GuildId, days: int | None) -> GuildRules:
        """Choose that for all stories of *guild*, stopped ones too; returns what is settled then.

        A story that begins meanwhile is told by the rules; asked again, it is the same.
        """
        rules = await self._desk.change(guild, lambda held: held.kept_for(days))
        for channel in await self._store.channels_in(guild):
            await self._store.keep_for(channel, days)
        return rules
