"""The world as JSON: Discord's objects, drawn from what we keep."""

from typing import Any

from bot.playground.messages import HAS_THREAD, LOADING, Message, Messages
from bot.playground.permissions import rights
from bot.playground.pictures import face
from bot.playground.snowflakes import timestamp
from bot.playground.uploads import Uploads
from bot.playground.webhooks import Webhook
from bot.playground.world import FORUM, Channel, World

JSON = dict[str, Any]
_JOINED = "2024-01-26T12:00:00.000000+00:00"
_REPLY = 19


class Payloads:
    """Draws objects for the API, the gateway and the page."""

    def __init__(self, world: World, messages: Messages, uploads: Uploads) -> None:
        self._world = world
        self._messages = messages
        self._uploads = uploads

    def user(self, user_id: int) -> JSON:
        user = self._world.user(user_id)
        return {
            "id": str(user.id),
            "username": user.username,
            "discriminator": "0000" if user.bot else "0",
            "global_name": user.global_name,
            "avatar": face(str(user.id)),
            "bot": user.bot,
            "public_flags": 0,
        }

    def member(self, user_id: int, *, with_user: bool = True) -> JSON:
        member = self._world.members[user_id]
        body: JSON = {
            "roles": [str(role) for role in member.role_ids],
            "nick": None,
            "avatar": None,
            "joined_at": _JOINED,
            "premium_since": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "communication_disabled_until": member.silent_until,
            "flags": 0,
        }
        return {**body, "user": self.user(user_id)} if with_user else body

    def roles(self) -> list[JSON]:
        return [
            {
                "id": str(role.id),
                "name": role.name,
                "color": role.color,
                "colors": {
                    "primary_color": role.color,
                    "secondary_color": None,
                    "tertiary_color": None,
                },
                "hoist": bool(role.color),
                "position": role.position,
                "permissions": str(int(role.permissions)),
                "managed": role.bot_id is not None,
                "mentionable": False,
                "flags": 0,
                **({"tags": {"bot_id": str(role.bot_id)}} if role.bot_id else {}),
            }
            for role in self._world.roles.values()
        ]

    def guild(self) -> JSON:
        """The guild as `GET /guilds/{id}` gives it."""
        return {
            "id": str(self._world.guild_id),
            "name": self._world.guild_name,
            "icon": None,
            "splash": None,
            "discovery_splash": None,
            "description": None,
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": self.roles(),
            "owner_id": str(self._world.owner_id),
            "region": "local",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "verification_level": 0,
            "default_message_notifications": 1,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "application_id": None,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "rules_channel_id": None,
            "public_updates_channel_id": None,
            "vanity_url_code": None,
            "banner": None,
            "premium_tier": 0,
            "preferred_locale": self._world.language,
        }

    def guild_create(self) -> JSON:
        """The guild as the gateway announces it, without the members intent."""
        channels = [c for c in self._world.channels.values() if not c.is_direct and not c.is_thread]
        return {
            **self.guild(),
            "joined_at": _JOINED,
            "large": False,
            "unavailable": False,
            "member_count": len(self._world.members),
            "members": [self.member(self._world.bot_id)],
            "channels": [self.channel(channel) for channel in channels],
            "threads": [self.channel(t) for t in self._world.threads() if not t.archived],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def channel(self, channel: Channel, *, viewer: int | None = None) -> JSON:
        """A channel; for a direct one *viewer* (else the bot) is left out of the recipients."""
        last = str(channel.last_message_id) if channel.last_message_id else None
        body: JSON = {
            "id": str(channel.id),
            "type": channel.type,
            "last_message_id": last,
            "flags": 0,
        }
        if channel.is_direct:
            me = self._world.bot_id if viewer is None else viewer
            others = [self.user(user) for user in channel.recipients if user != me]
            return {**body, "recipients": others}
        body |= {
            "guild_id": str(self._world.guild_id),
            "name": channel.name,
            "parent_id": str(channel.parent_id) if channel.parent_id else None,
            "rate_limit_per_user": channel.slowmode_s,
            "nsfw": self._world.is_adult(channel),
        }
        return body | (self._thread(channel) if channel.is_thread else self._guild_channel(channel))

    def _guild_channel(self, channel: Channel) -> JSON:
        body: JSON = {
            "position": channel.position,
            "topic": channel.topic,
            "permission_overwrites": [
                {"id": str(o.id), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
                for o in channel.overwrites.values()
            ],
        }
        if channel.type == FORUM:
            body |= {
                "available_tags": [],
                "default_reaction_emoji": None,
                "default_sort_order": None,
                "default_forum_layout": 0,
            }
        return body

    def _thread(self, thread: Channel) -> JSON:
        body: JSON = {
            "owner_id": str(thread.owner_id),
            "message_count": thread.message_count,
            "total_message_sent": thread.message_count,
            "member_count": len(thread.member_ids),
            "thread_metadata": {
                "archived": thread.archived,
                "locked": thread.locked,
                "auto_archive_duration": thread.auto_archive_minutes,
                "archive_timestamp": timestamp(thread.id),
                "create_timestamp": timestamp(thread.id),
            },
        }
        if self._world.bot_id in thread.member_ids:
            body["member"] = self.thread_member(thread, self._world.bot_id)
        return body

    def thread_member(self, thread: Channel, user_id: int) -> JSON:
        return {
            "id": str(thread.id),
            "user_id": str(user_id),
            "join_timestamp": timestamp(thread.id),
            "flags": 0,
        }

    def partial_channel(self, channel: Channel, user_id: int) -> JSON:
        """A channel as interactions carry it: with the member's rights in it."""
        held = str(rights(self._world, user_id, channel))
        return {**self.channel(channel), "permissions": held}

    def webhook(self, webhook: Webhook) -> JSON:
        return {
            "id": str(webhook.id),
            "type": 1,
            "guild_id": str(self._world.guild_id),
            "channel_id": str(webhook.channel_id),
            "name": webhook.name,
            "avatar": webhook.avatar,
            "token": webhook.token,
            "application_id": str(webhook.application_id) if webhook.application_id else None,
            "user": self.user(webhook.creator_id),
        }

    def message(
        self,
        message: Message,
        *,
        viewer: int | None = None,
        base: str | None = None,
        is_event: bool = False,
        with_reference: bool = True,
    ) -> JSON:
        """A message as *viewer* (else the bot) gets it.

        *base* begins the links of files; events carry guild and member as well.
        """
        me = self._world.bot_id if viewer is None else viewer
        files = [
            self._uploads.linked(message.channel_id, attachment, base=base)
            for attachment in message.attachments
        ]
        body: JSON = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "type": message.type,
            "content": message.content,
            "author": self._author(message),
            "timestamp": timestamp(message.id),
            "edited_timestamp": message.edited_timestamp,
            "tts": message.tts,
            "mention_everyone": message.mention_everyone,
            "mentions": [self._mentioned(user, is_event=is_event) for user in message.mentions],
            "mention_roles": [str(role) for role in message.mention_roles],
            "attachments": files,
            "embeds": message.embeds,
            "components": message.components,
            "pinned": message.pinned,
            "flags": message.flags,
            **_reactions(message, me),
        }
        body |= self._extras(message)
        if with_reference:
            body |= self._reference(message, viewer=viewer, base=base)
        if is_event:
            body |= self._place(message)
        return body

    def censored(self, message: Message, body: JSON) -> JSON:
        """*body* as an app without message content gets it."""
        channel = self._world.channels.get(message.channel_id)
        is_own = self._world.bot_id in (message.author_id, message.application_id)
        if is_own or channel is None or channel.is_direct:
            return body
        if self._world.bot_id in message.mentions:
            return body
        return {**body, "content": "", "embeds": [], "attachments": [], "components": []}

    def face_url(self, message: Message) -> str:
        """Where the page finds the author's picture, relative to the server."""
        author = self._author(message)
        return f"/cdn/avatars/{author['id']}/{author['avatar']}.png"

    def _author(self, message: Message) -> JSON:
        if not message.webhook_id or message.webhook_id == self._world.bot_id:
            return self.user(message.author_id)
        if message.avatar_url:
            picture = face(message.avatar_url)
        else:
            picture = message.webhook_face or face(str(message.webhook_id))
        return {
            "id": str(message.webhook_id),
            "username": message.webhook_name,
            "discriminator": "0000",
            "global_name": None,
            "avatar": picture,
            "bot": True,
            "public_flags": 0,
        }

    def _mentioned(self, user_id: int, *, is_event: bool) -> JSON:
        user = self.user(user_id)
        return {**user, "member": self.member(user_id, with_user=False)} if is_event else user

    def _place(self, message: Message) -> JSON:
        channel = self._world.channels.get(message.channel_id)
        if channel is None or channel.is_direct:
            return {}
        place: JSON = {"guild_id": str(self._world.guild_id)}
        if not message.webhook_id and message.author_id in self._world.members:
            place["member"] = self.member(message.author_id, with_user=False)
        return place

    def _extras(self, message: Message) -> JSON:
        extras: JSON = {}
        if message.flags & HAS_THREAD and message.id in self._world.channels:
            extras["thread"] = self.channel(self._world.channels[message.id])
        if message.nonce is not None:
            extras["nonce"] = message.nonce
        if message.webhook_id:
            extras["webhook_id"] = str(message.webhook_id)
        if message.application_id:
            extras["application_id"] = str(message.application_id)
        if message.interaction is not None:
            extras["interaction_metadata"] = message.interaction
        return extras

    def _reference(self, message: Message, *, viewer: int | None, base: str | None) -> JSON:
        if message.reference is None:
            return {}
        known = self._messages.find(
            int(message.reference["channel_id"]), int(message.reference.get("message_id", 0))
        )
        body: JSON = {"message_reference": {"type": 0, **message.reference}}
        if message.type == _REPLY:
            body["referenced_message"] = known and self.message(
                known, viewer=viewer, base=base, with_reference=False
            )
        return body


def is_thinking(message: Message) -> bool:
    """Whether a deferred answer still waits for its text."""
    return bool(message.flags & LOADING)


def emoji(key: str) -> JSON:
    """An emoji from its key: a character, or name:id for a custom one."""
    name, _, custom = key.partition(":")
    return {"id": custom or None, "name": name, "animated": False}


def _reactions(message: Message, me: int) -> JSON:
    if not message.reactions:
        return {}
    drawn = [
        {
            "emoji": emoji(key),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "me": me in users,
            "me_burst": False,
            "burst_colors": [],
        }
        for key, users in message.reactions.items()
    ]
    return {"reactions": drawn}
