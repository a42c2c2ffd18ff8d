"""What the admins of a server have settled: where the bot may speak, with whom, and how."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, NewType, Protocol

from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.scene import ChannelId, GuildId, Place, UserId

RoleId = NewType("RoleId", int)

MOST_CHANNELS = 500
MOST_ROLES = 100
MOST_BLOCKED = 1000
KEEP_DAYS = range(1, 181)
"""For how many days of silence a server may have its stories kept."""


class ChannelRule(StrEnum):
    """What is settled of a channel.

    An allowed one makes all others closed that nothing is settled of. `STARTED`
    does not: an admin has started a scene there, and so others may.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    STARTED = "started"


@dataclass(frozen=True, slots=True)
class GuildRules:
    """All that is settled in a server.

    Attributes:
        roles: True lets in, False keeps out; if any lets in, one of those is needed.
        manager_role: its members may do what the server's admins may.
        blocked: members whom the bot neither hears nor answers.
        keep_days: after so many days of silence a story is forgotten; None leaves
            that to the host.
        has_links: whether characters' links are left as the model writes them.
    """

    channels: Mapping[ChannelId, ChannelRule] = field(default_factory=dict, hash=False)
    roles: Mapping[RoleId, bool] = field(default_factory=dict, hash=False)
    manager_role: RoleId | None = None
    blocked: frozenset[UserId] = frozenset()
    keep_days: int | None = None
    has_links: bool = False

    def of_place(self, place: Place) -> ChannelRule | None:
        """What is settled of a place: of a thread itself, else of the channel it is in."""
        own = self.channels.get(place.channel)
        return own or (self.channels.get(place.parent) if place.parent is not None else None)

    def is_denied(self, place: Place) -> bool:
        """Whether the bot is switched off there."""
        return self.of_place(place) is ChannelRule.DENIED

    def may_start(self, place: Place, *, is_open: bool) -> bool:
        """Whether members may start scenes there.

        Args:
            is_open: whether they may where nothing is settled at all.
        """
        settled = self.of_place(place)
        if settled is not None:
            return settled is not ChannelRule.DENIED
        return is_open and ChannelRule.ALLOWED not in self.channels.values()

    def bars(self, user: UserId, roles: Collection[RoleId]) -> bool:
        """Whether a member is kept out, for who they are or which roles they have."""
        let_in = {role for role, lets in self.roles.items() if lets}
        kept_out = self.roles.keys() - let_in
        if user in self.blocked or not kept_out.isdisjoint(roles):
            return True
        return bool(let_in) and let_in.isdisjoint(roles)

    def with_channel(self, channel: ChannelId, rule: ChannelRule | None) -> "GuildRules":
        """The same but for one channel; None settles nothing of it.

        Raises:
            UserError: there are too many.
        """
        channels = {each: held for each, held in self.channels.items() if each != channel}
        if rule is not None:
            channels[channel] = rule
        if len(channels) > MOST_CHANNELS:
            raise UserError(
                phrase(
                    "No more than {most_channels} channels can be settled one by one.",
                    most_channels=MOST_CHANNELS,
                )
            )
        return replace(self, channels=channels)

    def with_role(self, role: RoleId, *, lets_in: bool | None) -> "GuildRules":
        """As `with_channel`, of a role."""
        roles = {each: held for each, held in self.roles.items() if each != role}
        if lets_in is not None:
            roles[role] = lets_in
        if len(roles) > MOST_ROLES:
            raise UserError(
                phrase("No more than {most_roles} roles can be settled.", most_roles=MOST_ROLES)
            )
        return replace(self, roles=roles)

    def with_block(self, user: UserId, *, blocked: bool) -> "GuildRules":
        """As `with_channel`, of a member."""
        others = self.blocked - {user}
        if blocked and len(others) >= MOST_BLOCKED:
            raise UserError(
                phrase(
                    "No more than {most_blocked} members can be blocked.", most_blocked=MOST_BLOCKED
                )
            )
        return replace(self, blocked=others | {user} if blocked else others)

    def managed_by(self, role: RoleId | None) -> "GuildRules":
        """The same, with another role whose members are as good as admins."""
        return replace(self, manager_role=role)

    def kept_for(self, days: int | None) -> "GuildRules":
        """The same, with another time for which silent stories are kept."""
        return replace(self, keep_days=days)

    def with_links(self, *, keep: bool) -> "GuildRules":
        """The same, with links left as they are, or not."""
        return replace(self, has_links=keep)

    def to_text(self) -> str:
        """As it is stored; empty where nothing is settled."""
        if self == GuildRules():
            return ""
        return json.dumps(
            {
                "channels": {str(each): str(rule) for each, rule in sorted(self.channels.items())},
                "roles": {str(each): lets_in for each, lets_in in sorted(self.roles.items())},
                "manager": self.manager_role,
                "blocked": sorted(self.blocked),
                "keep_days": self.keep_days,
                "links": self.has_links,
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_text(cls, text: str) -> "GuildRules":
        """Undo `to_text`.

        Raises:
            ValueError: the text makes no sense.
        """
        if not text:
            return cls()
        try:
            return _read(json.loads(text))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("rules of a server make no sense") from error


class GuildRulesStore(Protocol):
    """What is settled in each server. Raises like SceneStore."""

    async def rules(self, guild: GuildId) -> GuildRules:
        """What is settled there."""
        ...

    async def keep_rules(self, guild: GuildId, rules: GuildRules, *, was: GuildRules) -> bool:
        """Settle *rules*; False if others than *was* are settled by now."""
        ...

    async def forget_rules(self, guild: GuildId) -> None:
        """Settle nothing there."""
        ...


def _read(kept: Any) -> GuildRules:
    days = kept.get("keep_days")
    return GuildRules(
        channels={
            ChannelId(int(each)): ChannelRule(rule) for each, rule in kept["channels"].items()
        },
        roles={RoleId(int(each)): bool(lets_in) for each, lets_in in kept["roles"].items()},
        manager_role=None if kept["manager"] is None else RoleId(int(kept["manager"])),
        blocked=frozenset(UserId(int(each)) for each in kept["blocked"]),
        keep_days=days if isinstance(days, int) and days in KEEP_DAYS else None,
        has_links=bool(kept["links"]),
    )
