"""Whose names nobody else may take on a server, as far as they can be known.

Discord does not tell bots who is on a server, unless they ask for an intent that
this one does not need. So a moderator is known once they have written or used a
command where we see it, and until the process ends; the owner and the bot itself
are known at once.
"""

from collections.abc import Iterable, Sequence

from bot.core.lookalikes import KnownName, Whose
from bot.core.scene import GuildId, UserId
from bot.services.recent import Recent

GUILDS_KEPT = 2_000
MODERATORS_KEPT = 100
"""Of one server: those who were seen last."""


class Staff:
    """Knows moderators by what was seen of them."""

    def __init__(self) -> None:
        self._moderators: Recent[GuildId, Recent[UserId, tuple[str, ...]]] = Recent(GUILDS_KEPT)
        self._own: Recent[GuildId | None, tuple[str, ...]] = Recent(GUILDS_KEPT)

    def saw(self, guild: GuildId, user: UserId, names: Iterable[str], *, moderates: bool) -> None:
        """Note a member as they are now."""
        found = self._moderators.get(guild)
        if moderates:
            found = Recent(MODERATORS_KEPT) if found is None else found
            found.set(user, tuple(names))
            self._moderators.set(guild, found)
        elif found is not None:
            found.forget(user)

    def is_called(self, guild: GuildId | None, names: Iterable[str]) -> None:
        """Note what the bot is called on a server, or in direct messages."""
        self._own.set(guild, tuple(names))

    def moderates(self, guild: GuildId | None, user: UserId) -> bool:
        """Whether *user* is a moderator there, as far as was seen."""
        found = None if guild is None else self._moderators.get(guild)
        return found is not None and found.get(user) is not None

    def names(self, guild: GuildId | None, *, but: UserId) -> Sequence[KnownName]:
        """Names that are taken on a server; those of *but* are their own."""
        own = self._own.get(guild) or ()
        found = None if guild is None else self._moderators.get(guild)
        moderators = [] if found is None else [names for user, names in found if user != but]
        return [
            *(KnownName(name, Whose.BOT) for name in own),
            *(KnownName(name, Whose.MODERATOR) for names in moderators for name in names),
        ]
