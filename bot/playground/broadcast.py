"""Tells the gateway and the pages what happened, each only what they may know."""

from collections.abc import Mapping
from typing import Any

from bot.playground.gateway import Gateway, Intent
from bot.playground.messages import Message
from bot.playground.payloads import Payloads, emoji
from bot.playground.permissions import rights
from bot.playground.rights import Right
from bot.playground.streams import Streams
from bot.playground.world import Channel, World

JSON = dict[str, Any]


class Broadcast:
    """One method for each kind of news."""

    def __init__(
        self, world: World, payloads: Payloads, gateway: Gateway, streams: Streams
    ) -> None:
        self._world = world
        self._payloads = payloads
        self._gateway = gateway
        self._streams = streams

    def message(self, name: str, message: Message) -> None:
        """Tell of a message that was posted or changed (*name* says which)."""
        channel = self._world.channel(message.channel_id)
        if not message.ephemeral_to:
            data = self._payloads.message(message, is_event=True)
            self._dispatch(
                name,
                data,
                channel,
                (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
                censored=self._payloads.censored(message, data),
            )
        self._streams.send(name, lambda user: self._seen(message, channel, user))

    def message_deleted(self, message: Message) -> None:
        """Tell that a message is gone."""
        channel = self._world.channel(message.channel_id)
        data = {"id": str(message.id), "channel_id": str(channel.id), **self._guild(channel)}
        if not message.ephemeral_to:
            intents = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
            self._dispatch("MESSAGE_DELETE", data, channel, intents)
        self._to_pages("MESSAGE_DELETE", data, channel, only=message.ephemeral_to)

    def messages_deleted(self, channel: Channel, ids: list[int]) -> None:
        """Tell that several messages went at once."""
        keys = [str(key) for key in ids]
        data = {"ids": keys, "channel_id": str(channel.id), **self._guild(channel)}
        intents = (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES)
        self._dispatch("MESSAGE_DELETE_BULK", data, channel, intents)
        for key in keys:
            one = {"id": key, "channel_id": str(channel.id), **self._guild(channel)}
            self._to_pages("MESSAGE_DELETE", one, channel)

    def reaction(self, name: str, message: Message, user_id: int, key: str) -> None:
        """Tell of a reaction that was added or taken back (*name* says which)."""
        channel = self._world.channel(message.channel_id)
        data: JSON = {
            "user_id": str(user_id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "message_author_id": str(message.webhook_id or message.author_id),
            "emoji": emoji(key),
            "burst": False,
            "type": 0,
            **self._guild(channel),
        }
        if not channel.is_direct and name.endswith("ADD"):
            data["member"] = self._payloads.member(user_id)
        self._dispatch(name, data, channel, (Intent.GUILD_REACTIONS, Intent.DIRECT_REACTIONS))
        self._to_pages(name, data, channel)

    def reactions_cleared(self, name: str, message: Message, key: str | None) -> None:
        """Tell that reactions were removed by a moderator; *key* is the emoji, if one only."""
        channel = self._world.channel(message.channel_id)
        data: JSON = {
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            **self._guild(channel),
            **({"emoji": emoji(key)} if key else {}),
        }
        self._dispatch(name, data, channel, (Intent.GUILD_REACTIONS, Intent.DIRECT_REACTIONS))
        self._streams.send("MESSAGE_UPDATE", lambda user: self._seen(message, channel, user))

    def typing(self, channel: Channel, user_id: int, now_ms: int) -> None:
        """Tell that somebody writes."""
        data: JSON = {
            "channel_id": str(channel.id),
            "user_id": str(user_id),
            "timestamp": now_ms // 1000,
            **self._guild(channel),
        }
        if not channel.is_direct:
            data["member"] = self._payloads.member(user_id)
        if user_id != self._world.bot_id:
            self._dispatch(
                "TYPING_START", data, channel, (Intent.GUILD_TYPING, Intent.DIRECT_TYPING)
            )
        self._to_pages("TYPING_START", data, channel)

    def channel(self, name: str, channel: Channel, *, is_new: bool = False) -> None:
        """Tell of a channel or thread that came, changed or went."""
        data = self._payloads.channel(channel)
        if is_new and channel.is_thread:
            data["newly_created"] = True
        intent = None if channel.is_direct else Intent.GUILDS
        guild_id = None if channel.is_direct else self._world.guild_id
        self._gateway.dispatch(name, data, intent=intent, guild_id=guild_id)
        page_name = name if name == "THREAD_CREATE" else name.replace("THREAD", "CHANNEL")
        self._streams.send(
            page_name,
            lambda user: (
                self._payloads.channel(channel, viewer=user) if self._sees(user, channel) else None
            ),
        )

    def direct_opened(self, channel: Channel) -> None:
        """Tell the page that direct messages were opened; bots hear of it by the first message."""
        self._streams.send(
            "CHANNEL_CREATE",
            lambda user: (
                self._payloads.channel(channel, viewer=user) if self._sees(user, channel) else None
            ),
        )

    def thread_members(self, thread: Channel, user_id: int, *, joined: bool) -> None:
        """Tell that somebody joined or left a thread."""
        added = [self._payloads.thread_member(thread, user_id)] if joined else []
        data = {
            "id": str(thread.id),
            "guild_id": str(self._world.guild_id),
            "member_count": len(thread.member_ids),
            "added_members": added,
            "removed_member_ids": [] if joined else [str(user_id)],
        }
        guild_id = self._world.guild_id
        self._gateway.dispatch(
            "THREAD_MEMBERS_UPDATE", data, intent=Intent.GUILDS, guild_id=guild_id
        )

    def webhooks(self, channel: Channel) -> None:
        """Tell that a channel's webhooks changed."""
        data = {"guild_id": str(self._world.guild_id), "channel_id": str(channel.id)}
        guild_id = self._world.guild_id
        self._gateway.dispatch(
            "WEBHOOKS_UPDATE", data, intent=Intent.GUILD_WEBHOOKS, guild_id=guild_id
        )

    def pins(self, channel: Channel, last_pin: str | None) -> None:
        """Tell that a channel's pins changed."""
        data = {
            "channel_id": str(channel.id),
            "last_pin_timestamp": last_pin,
            **self._guild(channel),
        }
        intent = Intent.DIRECT_MESSAGES if channel.is_direct else Intent.GUILDS
        guild_id = None if channel.is_direct else self._world.guild_id
        self._gateway.dispatch("CHANNEL_PINS_UPDATE", data, intent=intent, guild_id=guild_id)

    def interaction(self, data: Mapping[str, Any], *, is_direct: bool) -> None:
        """Hand an interaction to the bot."""
        guild_id = None if is_direct else self._world.guild_id
        self._gateway.dispatch("INTERACTION_CREATE", data, guild_id=guild_id)

    def to_user(self, user_id: int, name: str, data: Mapping[str, Any]) -> None:
        """Tell one member's pages something."""
        self._streams.send(name, lambda user: data if user == user_id else None)

    def to_everyone(self, name: str, data: Mapping[str, Any]) -> None:
        """Tell all pages something."""
        self._streams.send(name, lambda _: data)

    def page_message(self, message: Message, user_id: int) -> JSON:
        """A message as the page of *user_id* gets it: links relative, faces included."""
        body = self._payloads.message(message, viewer=user_id, base="", is_event=True)
        body["author"] = {**body["author"], "avatar_url": self._payloads.face_url(message)}
        return body

    def _seen(self, message: Message, channel: Channel, user_id: int) -> JSON | None:
        if message.ephemeral_to not in (0, user_id) or not self._sees(user_id, channel):
            return None
        return self.page_message(message, user_id)

    def _to_pages(
        self, name: str, data: Mapping[str, Any], channel: Channel, *, only: int = 0
    ) -> None:
        self._streams.send(
            name,
            lambda user: data if only in (0, user) and self._sees(user, channel) else None,
        )

    def _dispatch(
        self,
        name: str,
        data: Mapping[str, Any],
        channel: Channel,
        intents: tuple[Intent, Intent],
        *,
        censored: Mapping[str, Any] | None = None,
    ) -> None:
        if not self._sees(self._world.bot_id, channel):
            return
        in_guild, direct = intents
        self._gateway.dispatch(
            name,
            data,
            intent=direct if channel.is_direct else in_guild,
            guild_id=None if channel.is_direct else self._world.guild_id,
            censored=censored,
        )

    def _sees(self, user_id: int, channel: Channel) -> bool:
        return bool(rights(self._world, user_id, channel) & Right.VIEW_CHANNEL)

    def _guild(self, channel: Channel) -> JSON:
        return {} if channel.is_direct else {"guild_id": str(self._world.guild_id)}
