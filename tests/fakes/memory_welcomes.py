"""A `WelcomeStore` that lives as long as the process."""

from bot.core.scene import GuildId


class MemoryWelcomes:
    """As forgetful as the process."""

    def __init__(self) -> None:
        self._welcomed: set[GuildId] = set()

    async def welcome(self, guild: GuildId) -> bool:
        is_new = guild not in self._welcomed
        self._welcomed.add(guild)
        return is_new

    async def forget_welcome(self, guild: GuildId) -> None:
        self._welcomed.discard(guild)
