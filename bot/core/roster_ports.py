"""What the roster asks of its memory."""

from collections.abc import Sequence
from typing import Protocol

from bot.core.roster import Entry, Stored
from bot.core.scene import CharacterKey, GuildId, UserId


class CharacterStore(Protocol):
    """Characters of members. Raises StoreUnavailable and StoreRefusesWrites.

    One that nobody has asked for in a year is forgotten, a retired one once no
    scene has asked for it for as long as scenes are kept.
    """

    async def put(self, stored: Stored) -> bool:
        """Keep *stored* with the next version, if it still has the version of its entry.

        Returns False, and does nothing, if it has another one, or is there
        already where the version is 0.
        """
        ...

    async def get(self, key: CharacterKey) -> Stored | None:
        """The character, retired or not."""
        ...

    async def touch(self, keys: Sequence[CharacterKey]) -> Sequence[Entry]:
        """Those of *keys* that are there, in any order; scenes use them, so they stay."""
        ...

    async def of_user(self, user: UserId) -> Sequence[Entry]:
        """All that are *user*'s, retired ones included, the oldest first."""
        ...

    async def in_guild(self, guild: GuildId) -> Sequence[Entry]:
        """Those that play for everybody in *guild*, the oldest first."""
        ...

    async def retire(self, key: CharacterKey) -> None:
        """Take the character out of all lists; scenes that have it may still get it."""
        ...

    async def unshare(self, key: CharacterKey) -> None:
        """Have it play for its owner only."""
        ...

    async def forget(self, key: CharacterKey) -> None:
        """Erase the character."""
        ...

    async def forget_user(self, user: UserId) -> None:
        """Erase everything of *user*'s."""
        ...

    async def leave_guild(self, guild: GuildId) -> None:
        """Erase what is *guild*'s; characters stay with their owners."""
        ...

    async def put_draft(self, user: UserId, stored: Stored) -> None:
        """Keep *stored* for an hour in place of *user*'s last draft."""
        ...

    async def draft(self, user: UserId) -> Stored | None:
        """That draft."""
        ...

    async def drop_draft(self, user: UserId) -> None:
        """Forget it."""
        ...

    async def default_of(self, where: UserId | GuildId, *, is_guild: bool) -> CharacterKey | None:
        """The character that plays when none is named."""
        ...

    async def set_default(
        self, where: UserId | GuildId, key: CharacterKey | None, *, is_guild: bool
    ) -> None:
        """Choose it; None chooses none."""
        ...

    async def host_reloads(self) -> int:
        """How often the host's files were read again, by any process of the bot."""
        ...

    async def count_host_reload(self) -> int:
        """Count one more; returns how many there are then, or more if it was counted twice."""
        ...
