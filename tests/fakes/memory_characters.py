"""`CharacterStore` in memory, held to the contract of the real one."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.roster import Entry, Stored, is_members
from bot.core.scene import CharacterKey, GuildId, UserId


class MemoryCharacterStore:
    def __init__(self) -> None:
        self._kept: dict[CharacterKey, Stored] = {}
        self._drafts: dict[UserId, Stored] = {}
        self._defaults: dict[tuple[bool, int], CharacterKey] = {}
        self._reloads = 0

    async def put(self, stored: Stored) -> bool:
        entry = stored.entry
        known = self._kept.get(entry.key)
        if entry.version != (known.entry.version if known is not None else 0):
            return False
        fresh = replace(entry, version=entry.version + 1, is_retired=False)
        self._kept[entry.key] = replace(stored, entry=fresh)
        return True

    async def get(self, key: CharacterKey) -> Stored | None:
        return self._kept.get(key)

    async def touch(self, keys: Sequence[CharacterKey]) -> Sequence[Entry]:
        return [self._kept[key].entry for key in keys if key in self._kept]

    async def of_user(self, user: UserId) -> Sequence[Entry]:
        return [entry for entry in self._entries() if entry.owner == user]

    async def in_guild(self, guild: GuildId) -> Sequence[Entry]:
        return [each for each in self._entries() if each.guild == guild and not each.is_retired]

    async def retire(self, key: CharacterKey) -> None:
        self._change(key, is_retired=True)

    async def unshare(self, key: CharacterKey) -> None:
        self._change(key, guild=None)

    async def forget(self, key: CharacterKey) -> None:
        self._kept.pop(key, None)

    async def forget_user(self, user: UserId) -> None:
        for entry in await self.of_user(user):
            await self.forget(entry.key)
        self._drafts.pop(user, None)
        self._defaults.pop((False, user), None)

    async def leave_guild(self, guild: GuildId) -> None:
        for entry in await self.in_guild(guild):
            await self.unshare(entry.key)
        self._defaults.pop((True, guild), None)

    async def put_draft(self, user: UserId, stored: Stored) -> None:
        self._drafts[user] = replace(stored, entry=replace(stored.entry, version=0))

    async def draft(self, user: UserId) -> Stored | None:
        return self._drafts.get(user)

    async def drop_draft(self, user: UserId) -> None:
        self._drafts.pop(user, None)

    async def default_of(self, where: UserId | GuildId, *, is_guild: bool) -> CharacterKey | None:
        return self._defaults.get((is_guild, where))

    async def set_default(
        self, where: UserId | GuildId, key: CharacterKey | None, *, is_guild: bool
    ) -> None:
        self._defaults.pop((is_guild, where), None)
        if key is not None:
            self._defaults[(is_guild, where)] = key

    async def host_reloads(self) -> int:
        return self._reloads

    async def count_host_reload(self) -> int:
        self._reloads += 1
        return self._reloads

    def _entries(self) -> list[Entry]:
        found = [each.entry for each in self._kept.values()]
        return sorted(found, key=lambda entry: int(entry.key[1:]))

    def _change(self, key: CharacterKey, **fields: object) -> None:
        if is_members(key) and (known := self._kept.get(key)) is not None:
            version = known.entry.version + 1
            entry = replace(known.entry, version=version, **fields)  # type: ignore[arg-type]  # two callers
            self._kept[key] = replace(known, entry=entry)
