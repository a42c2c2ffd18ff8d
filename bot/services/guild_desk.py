"""What is settled in servers: looked up for whoever asks or writes, and changed."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.guild_rules import ChannelRule, GuildRules, GuildRulesStore, RoleId
from bot.core.phrases import phrase
from bot.core.scene import GuildId, Place, UserId
from bot.services.incoming import Incoming
from bot.services.recent import Recent

GUILDS_KEPT = 20_000
CHANGE_TRIES = 5
"""So often is planned anew what has changed meanwhile."""
SWITCHED_OFF = phrase(
    "I am switched off in this channel. Who may manage the server can change that with "
    "/settings channels."
)
KEPT_OUT = phrase("The admins of this server have settled that I do not answer you here.")


@dataclass(frozen=True, slots=True)
class Standing:
    """How a member stands to the rules of a server, as `rights.Member` has it."""

    can_administer: bool
    can_start: bool
    barred: str


class GuildDesk:
    """Borrows the store. Every method may raise StoreUnavailable.

    Args:
        is_open: whether members may start scenes where nothing is settled at all.
    """

    def __init__(self, store: GuildRulesStore, *, is_open: bool) -> None:
        self._store = store
        self._is_open = is_open
        self._has_links: Recent[GuildId, bool] = Recent(GUILDS_KEPT)

    async def rules(self, guild: GuildId | None) -> GuildRules:
        """What is settled there; nothing is in direct messages."""
        return GuildRules() if guild is None else await self._read(guild)

    async def has_links(self, guild: GuildId | None) -> bool:
        """Whether links are left as they are there, as far as anybody knows.

        Every line of a member's tells it anew: a reply asks the store for nothing.
        """
        if guild is None:
            return False
        known = self._has_links.get(guild)
        with suppress(StoreUnavailable, StoreRefusesWrites):
            return (await self._read(guild)).has_links if known is None else known
        return False

    async def keep_days(self, guild: GuildId) -> int | None:
        """For how many days of silence its stories are kept; None if that is not settled."""
        return (await self._store.rules(guild)).keep_days

    async def change(self, guild: GuildId, wish: Callable[[GuildRules], GuildRules]) -> GuildRules:
        """Settle what *wish* makes of what is settled; returns all that is then.

        Raises:
            UserError: as *wish* does.
        """
        for _ in range(CHANGE_TRIES):
            before = await self._read(guild)
            wanted = wish(before)
            if await self._store.keep_rules(guild, wanted, was=before):
                self._has_links.set(guild, wanted.has_links)
                return wanted
        raise StoreUnavailable("the rules of a server kept changing")

    async def standing(
        self, place: Place, user: UserId, roles: Collection[RoleId], *, is_admin: bool
    ) -> Standing:
        """What a member may do there.

        Args:
            is_admin: has Manage Server.
        """
        if place.guild is None:
            return Standing(can_administer=False, can_start=True, barred="")
        rules = await self._read(place.guild)
        administers = is_admin or rules.manager_role in roles
        barred = SWITCHED_OFF if rules.is_denied(place) else ""
        if not administers and rules.bars(user, roles):
            barred = KEPT_OUT
        can_start = administers or rules.may_start(place, is_open=self._is_open)
        return Standing(administers, can_start, barred)

    async def hears(self, incoming: Incoming) -> bool:
        """Whether a member's line is part of a story.

        Where Discord does not say which roles they have, only who is blocked is not heard.
        """
        place, user, roles = incoming.place, incoming.author, incoming.roles
        if place.guild is None:
            return True
        rules = await self._read(place.guild)
        if rules.is_denied(place):
            return False
        if roles is None:
            return user not in rules.blocked
        return incoming.is_admin or rules.manager_role in roles or not rules.bars(user, roles)

    async def started(self, place: Place) -> None:
        """An admin has started a scene there, so others may."""
        channel = place.parent if place.is_thread else place.channel
        if place.guild is None or channel is None:
            return
        rules = await self._read(place.guild)
        if rules.of_place(place) is None:
            await self.change(
                place.guild, lambda held: held.with_channel(channel, ChannelRule.STARTED)
            )

    async def _read(self, guild: GuildId) -> GuildRules:
        rules = await self._store.rules(guild)
        self._has_links.set(guild, rules.has_links)
        return rules

    async def forget(self, guild: GuildId) -> None:
        """Nothing is settled there any more."""
        await self._store.forget_rules(guild)
