"""Interactions as JSON: what the bot is told when a member uses it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.playground.interactions import Interaction
from bot.playground.messages import Message
from bot.playground.payloads import Payloads
from bot.playground.permissions import rights
from bot.playground.world import Channel, World

JSON = dict[str, Any]
USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT = 6, 7, 8, 9, 11
_FILE_BYTES = 10 * 1024 * 1024


class InteractionPayloads:
    """Draws interactions."""

    def __init__(self, world: World, payloads: Payloads) -> None:
        self._world = world
        self._payloads = payloads

    def interaction(self, interaction: Interaction, data: Mapping[str, Any]) -> JSON:
        """The event that hands *interaction* to the bot."""
        channel = self._world.channel(interaction.channel_id)
        body: JSON = {
            "id": str(interaction.id),
            "application_id": str(self._world.bot_id),
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": self._payloads.partial_channel(channel, interaction.user_id),
            "app_permissions": str(int(rights(self._world, self._world.bot_id, channel))),
            "locale": self._world.language_of(interaction.user_id),
            "entitlements": [],
            "attachment_size_limit": _FILE_BYTES,
            "authorizing_integration_owners": {"0": str(self._world.guild_id)},
            "context": 1 if channel.is_direct else 0,
            **self._who(interaction.user_id, channel),
        }
        if interaction.source is not None:
            body["message"] = self._payloads.message(interaction.source)
        return body

    def resolved(self, options: Sequence[Mapping[str, Any]]) -> JSON:
        """Everything that options name by id."""
        found: JSON = {}
        for option in leaves(options):
            key = str(option.get("value"))
            if key.isdecimal():
                self._resolve(found, int(option["type"]), int(key))
        return found

    def resolved_target(self, kind: int, target: int | Message, channel: Channel) -> JSON:
        """The user or message that a context menu was opened on."""
        found: JSON = {}
        if isinstance(target, Message):
            found["messages"] = {str(target.id): self._payloads.message(target)}
        else:
            self._resolve(found, USER if kind else 0, target)
        if channel.is_direct:
            found.pop("members", None)
        return found

    def _resolve(self, found: JSON, kind: int, key: int) -> None:
        if kind in (USER, MENTIONABLE) and key in self._world.users:
            found.setdefault("users", {})[str(key)] = self._payloads.user(key)
            if key in self._world.members:
                member = self._payloads.member(key, with_user=False)
                held = str(rights(self._world, key, self._any_channel()))
                found.setdefault("members", {})[str(key)] = {**member, "permissions": held}
        if kind in (ROLE, MENTIONABLE) and key in self._world.roles:
            role = next(r for r in self._payloads.roles() if r["id"] == str(key))
            found.setdefault("roles", {})[str(key)] = role
        if kind == CHANNEL and key in self._world.channels:
            channel = self._world.channels[key]
            drawn = self._payloads.partial_channel(channel, self._world.bot_id)
            found.setdefault("channels", {})[str(key)] = drawn

    def _any_channel(self) -> Channel:
        return next(iter(self._world.channels.values()))

    def _who(self, user_id: int, channel: Channel) -> JSON:
        if channel.is_direct:
            return {"user": self._payloads.user(user_id)}
        held = str(int(rights(self._world, user_id, channel)))
        return {
            "guild_id": str(self._world.guild_id),
            "guild_locale": self._world.language,
            "guild": {
                "id": str(self._world.guild_id),
                "locale": self._world.language,
                "features": [],
            },
            "member": {**self._payloads.member(user_id), "permissions": held},
        }


def leaves(options: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The options that hold values, out of their subcommands."""
    for option in options:
        if option.get("options") is not None:
            yield from leaves(option["options"])
        elif "value" in option:
            yield option
