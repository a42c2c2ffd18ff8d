"""A `GuildRulesStore` that lives as long as the process."""

from bot.core.guild_rules import GuildRules
from bot.core.scene import GuildId


class MemoryGuildRules:
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self) -> None:
        self._rules: dict[GuildId, GuildRules] = {}

    async def rules(self, guild: GuildId) -> GuildRules:
        return self._rules.get(guild, GuildRules())

    async def keep_rules(self, guild: GuildId, rules: GuildRules, *, was: GuildRules) -> bool:
        if await self.rules(guild) not in (rules, was):
            return False
        self._rules[guild] = rules
        return True

    async def forget_rules(self, guild: GuildId) -> None:
        self._rules.pop(guild, None)
