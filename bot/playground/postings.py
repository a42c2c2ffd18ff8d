"""Posting, editing and deleting: the one way in which messages change."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.playground.bodies import Body
from bot.playground.broadcast import Broadcast
from bot.playground.components import check_components
from bot.playground.mentions import find_mentions
from bot.playground.messages import COMPONENTS_V2, EPHEMERAL, LOADING, Message, Messages
from bot.playground.refusals import Refusal, invalid, invalid_fields, too_long, unknown
from bot.playground.snowflakes import Snowflakes, iso
from bot.playground.uploads import Uploads, keep_uploads
from bot.playground.world import FORUM, Channel, World

MESSAGE_FIELDS = (
    "content",
    "tts",
    "embeds",
    "nonce",
    "enforce_nonce",
    "allowed_mentions",
    "message_reference",
    "components",
    "attachments",
    "flags",
    "sticker_ids",
)
EDIT_FIELDS = ("content", "embeds", "flags", "allowed_mentions", "components", "attachments", "tts")
"""`tts` does nothing in an edit, but stock clients send it along."""
CONTENT_CHARS = 2000
_NONCE_CHARS = 25
_SETTABLE_FLAGS = 1 << 2 | EPHEMERAL | 1 << 12 | COMPONENTS_V2
_EMBEDS, _EMBED_CHARS, _FIELDS = 10, 6000, 25
_EMBED_LIMITS = {"title": 256, "description": 4096}
_INNER_LIMITS = (("footer", "text", 2048), ("author", "name", 256))
_INNER_NAMES = (("footer", "text"), ("author", "name"))
_FIELD_LIMITS = (("name", 256), ("value", 1024))
_REPLY = 19


class Postings:
    """Checks what is to be posted, keeps it and tells of it."""

    def __init__(
        self,
        world: World,
        messages: Messages,
        uploads: Uploads,
        snowflakes: Snowflakes,
        broadcast: Broadcast,
    ) -> None:
        self._world = world
        self._messages = messages
        self._uploads = uploads
        self._snowflakes = snowflakes
        self._broadcast = broadcast

    def post(
        self,
        channel: Channel,
        body: Body,
        draft: Message,
        *,
        pings: Sequence[str] = ("users", "roles", "everyone"),
    ) -> Message:
        """Post *body*; *draft* says who writes, *pings* what is parsed by default.

        A nonce that is to be enforced and was used already returns the message
        it was used for.

        Raises:
            Refusal: what is to be posted breaks a rule.
        """
        if channel.type == FORUM:
            raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
        known = self._same_nonce(channel, draft.author_id, body.fields)
        if known is not None:
            return known
        message = replace(draft, id=self._snowflakes.mint(), channel_id=channel.id)
        message.nonce = body.fields.get("nonce")
        message.tts = bool(body.fields.get("tts"))
        replied_to = self._refer(message, body.fields.get("message_reference"))
        self._fill(message, body, pings=pings, replied_to=replied_to)
        self._reopen(channel)
        self._messages.add(message)
        channel.last_message_id = message.id
        if channel.is_thread:
            channel.message_count += 1
            self._join(channel, message)
        self._broadcast.message("MESSAGE_CREATE", message)
        return message

    def note(self, channel: Channel, draft: Message) -> Message:
        """Post what Discord itself writes, for instance that a thread was started."""
        message = replace(draft, id=self._snowflakes.mint(), channel_id=channel.id)
        self._messages.add(message)
        channel.last_message_id = message.id
        self._broadcast.message("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, body: Body, *, pings: Sequence[str] = ()) -> Message:
        """Change what *body* names; a message that was thinking has its answer then.

        Raises:
            Refusal: the change breaks a rule; nothing is changed.
        """
        changed = replace(message)
        was_thinking = bool(message.flags & LOADING)
        changed.flags &= ~LOADING
        self._fill(changed, body, pings=pings, replied_to=None)
        if not was_thinking:
            changed.edited_timestamp = iso(time.time())
        for name in changed.__slots__:
            setattr(message, name, getattr(changed, name))
        self._messages.changed(message)
        self._broadcast.message("MESSAGE_UPDATE", message)
        return message

    def touch(self, message: Message) -> None:
        """Tell of a change that is no edit: a pin, a thread, suppressed embeds."""
        self._messages.changed(message)
        self._broadcast.message("MESSAGE_UPDATE", message)

    def delete(self, message: Message) -> None:
        """Take a message away."""
        self._messages.delete(message)
        channel = self._world.channel(message.channel_id)
        if channel.is_thread:
            channel.message_count = max(0, channel.message_count - 1)
        self._broadcast.message_deleted(message)

    def delete_many(self, channel: Channel, ids: Sequence[int]) -> None:
        """Take several messages away; those that are not there are fine."""
        found = [self._messages.find(channel.id, key) for key in ids]
        gone = [message for message in found if message is not None and not message.ephemeral_to]
        for message in gone:
            self._messages.delete(message)
        self._broadcast.messages_deleted(channel, [message.id for message in gone])

    def _fill(
        self, message: Message, body: Body, *, pings: Sequence[str], replied_to: int | None
    ) -> None:
        fields = body.fields
        if "flags" in fields:
            message.flags |= _checked_flags(fields["flags"])
        if "content" in fields:
            message.content = _checked_content(fields["content"])
        if "embeds" in fields:
            message.embeds = _checked_embeds(fields["embeds"] or [])
        if "components" in fields:
            is_v2 = bool(message.flags & COMPONENTS_V2)
            message.components = check_components(fields["components"] or [], is_v2=is_v2)
        if "content" in fields or replied_to is not None:
            found = find_mentions(
                self._world,
                message.content,
                fields.get("allowed_mentions"),
                default=pings,
                replied_to=replied_to,
            )
            message.mentions = list(found.users)
            message.mention_roles = list(found.roles)
            message.mention_everyone = found.everyone
        _check_filled(message, body)
        if body.files or "attachments" in fields:
            listed = fields.get("attachments")
            keep_uploads(self._uploads, message, body.files, listed, self._snowflakes.mint)

    def _same_nonce(
        self, channel: Channel, author_id: int, fields: Mapping[str, Any]
    ) -> Message | None:
        nonce = fields.get("nonce")
        if nonce is None:
            return None
        if len(str(nonce)) > _NONCE_CHARS:
            raise too_long("nonce", _NONCE_CHARS)
        if not fields.get("enforce_nonce"):
            return None
        return self._messages.by_nonce(channel.id, author_id, str(nonce))

    def _refer(self, message: Message, reference: object) -> int | None:
        """Make *message* a reply; returns who is replied to."""
        if not isinstance(reference, Mapping):
            return None
        if reference.get("message_id") is None:
            raise invalid(message_reference__message_id="This field is required")
        channel_id = int(reference.get("channel_id") or message.channel_id)
        known = self._messages.find(channel_id, int(reference["message_id"]))
        if known is None:
            if reference.get("fail_if_not_exists", True):
                raise invalid(message_reference="Unknown message")
            return None
        message.type = _REPLY
        message.reference = {
            "message_id": str(known.id),
            "channel_id": str(channel_id),
            **({} if self._is_direct(channel_id) else {"guild_id": str(self._world.guild_id)}),
        }
        return known.author_id if not known.webhook_id else None

    def _is_direct(self, channel_id: int) -> bool:
        channel = self._world.channels.get(channel_id)
        return channel is not None and channel.is_direct

    def _reopen(self, channel: Channel) -> None:
        if not channel.archived:
            return
        if channel.locked:
            raise Refusal(400, 50083, "Thread is archived")
        channel.archived = False
        self._world.keep(channel)
        self._broadcast.channel("THREAD_UPDATE", channel)

    def _join(self, thread: Channel, message: Message) -> None:
        if message.author_id in thread.member_ids or message.webhook_id:
            return
        thread.member_ids.append(message.author_id)
        self._world.keep(thread)
        self._broadcast.thread_members(thread, message.author_id, joined=True)


def _check_filled(message: Message, body: Body) -> None:
    if message.flags & COMPONENTS_V2 and (message.content or message.embeds):
        raise invalid(
            content="The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        )
    stays = message.attachments if body.fields.get("attachments") is None else True
    has_files = bool(body.files) or bool(stays and body.fields.get("attachments") != [])
    has_files = has_files and (bool(body.files) or bool(message.attachments))
    if not (message.content.strip() or message.embeds or message.components or has_files):
        raise Refusal(400, 50006, "Cannot send an empty message")


def _checked_content(content: object) -> str:
    if content is None:
        return ""
    if not isinstance(content, str):
        raise invalid(content="Could not interpret value as string.")
    if len(content) > CONTENT_CHARS:
        raise too_long("content", CONTENT_CHARS)
    return content.strip()


def _checked_flags(flags: object) -> int:
    if not isinstance(flags, int) or flags & ~_SETTABLE_FLAGS:
        raise invalid(flags="Only flags that may be set are understood.")
    return flags


def _checked_embeds(embeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(embeds) > _EMBEDS:
        raise invalid(embeds=f"Must be {_EMBEDS} or fewer in length.")
    total = 0
    for index, embed in enumerate(embeds):
        _check_embed_shape(embed, f"embeds.{index}")
        for path, text, limit in _embed_texts(embed):
            if len(text) > limit:
                raise too_long(f"embeds.{index}.{path}", limit)
            total += len(text)
        if len(embed.get("fields") or []) > _FIELDS:
            raise invalid_fields({f"embeds.{index}.fields": f"Must be {_FIELDS} or fewer."})
    if total > _EMBED_CHARS:
        sentence = f"Embed size exceeds maximum size of {_EMBED_CHARS}"
        errors = {"embeds": ("MAX_EMBED_SIZE_EXCEEDED", sentence)}
        raise Refusal(400, 50035, "Invalid Form Body", errors)
    return [{"type": "rich", **embed} for embed in embeds]


def _check_embed_shape(embed: Mapping[str, Any], path: str) -> None:
    for name in _EMBED_LIMITS:
        if not isinstance(embed.get(name) or "", str):
            raise invalid_fields({f"{path}.{name}": "Could not interpret value as string."})
    inner = [(group, embed.get(group) or {}, names) for group, *names in _INNER_NAMES]
    fields = embed.get("fields") or []
    if not isinstance(fields, list):
        raise invalid_fields({f"{path}.fields": "Only iterables may be used here."})
    inner += [(f"fields.{i}", entry, ["name", "value"]) for i, entry in enumerate(fields)]
    for where, entry, names in inner:
        if not isinstance(entry, dict):
            raise invalid_fields({f"{path}.{where}": "Only dictionaries may be used here."})
        if any(not isinstance(entry.get(name) or "", str) for name in names):
            raise invalid_fields({f"{path}.{where}": "Could not interpret value as string."})


def _embed_texts(embed: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    texts = [(name, embed.get(name) or "", limit) for name, limit in _EMBED_LIMITS.items()]
    for group, name, limit in _INNER_LIMITS:
        texts.append((f"{group}.{name}", (embed.get(group) or {}).get(name) or "", limit))
    for index, entry in enumerate(embed.get("fields") or []):
        for name, limit in _FIELD_LIMITS:
            texts.append((f"fields.{index}.{name}", entry.get(name) or "", limit))
    return texts


def own_message(message: Message, user_id: int) -> Message:
    """Return *message* if *user_id* wrote it as itself, not through a webhook.

    Raises:
        Refusal: somebody else did.
    """
    if message.author_id != user_id or message.webhook_id not in (0, user_id):
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    return message


def require_visible(message: Message | None) -> Message:
    """Return *message*, or refuse when there is none."""
    if message is None:
        raise unknown("Message")
    return message
