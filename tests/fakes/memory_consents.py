"""A `ConsentStore` that lives as long as the process."""

from bot.core.scene import GuildId, UserId


class MemoryConsents:
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self) -> None:
        self._told: set[tuple[GuildId, UserId]] = set()

    async def told(self, guild: GuildId, user: UserId, at_ms: int) -> bool:
        assert at_ms > 0
        is_new = (guild, user) not in self._told
        self._told.add((guild, user))
        return is_new

    async def forget_guild(self, guild: GuildId) -> None:
        self._told = {each for each in self._told if each[0] != guild}

    async def forget_user(self, user: UserId) -> None:
        self._told = {each for each in self._told if each[1] != user}
