"""The messages of every channel: their state, and what may be done to it."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.playground.journal import Journal
from bot.playground.pictures import face
from bot.playground.refusals import unknown

EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5
COMPONENTS_V2 = 1 << 15

_KEPT_PER_CHANNEL = 20_000
_REVISIONS_PER_MESSAGE = 400
_HISTORIES = 5_000
_NONCES = 1_000
_FACES = 2_000


@dataclass(slots=True)
class Message:
    """One message. What Discord does not show is at the end."""

    id: int
    channel_id: int
    author_id: int
    content: str = ""
    type: int = 0
    flags: int = 0
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    tts: bool = False
    pinned: bool = False
    edited_timestamp: str | None = None
    nonce: str | int | None = None
    reference: dict[str, str] | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict)
    webhook_id: int = 0
    webhook_name: str = ""
    webhook_face: str | None = None
    application_id: int = 0
    interaction: dict[str, Any] | None = None
    # Not part of Discord's message object:
    avatar_url: str | None = None
    ephemeral_to: int = 0


@dataclass(frozen=True, slots=True)
class Revision:
    """A text that a message had, and since when (seconds, monotonic)."""

    text: str
    at: float


class Messages:
    """All messages. Ephemeral ones are forgotten with the process, as by Discord's app."""

    def __init__(self, journal: Journal, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._clock = clock
        self._channels: dict[int, OrderedDict[int, Message]] = {}
        self._revisions: OrderedDict[int, deque[Revision]] = OrderedDict()
        self._nonces: OrderedDict[tuple[int, int, str], int] = OrderedDict()
        self._faces: OrderedDict[str, str] = OrderedDict()
        self.newest_id = 0
        for key, body in journal.all("message"):
            self._of(body["channel_id"])[key] = Message(**body)
            self._know_face(body["avatar_url"])
            self.newest_id = max(self.newest_id, key)

    def add(self, message: Message) -> None:
        """Keep a new message."""
        log = self._of(message.channel_id)
        log[message.id] = message
        self._know_face(message.avatar_url)
        while len(log) > _KEPT_PER_CHANNEL:
            _, oldest = log.popitem(last=False)
            self._forget(oldest)
        self.newest_id = max(self.newest_id, message.id)
        if message.nonce is not None:
            self._nonces[message.channel_id, message.author_id, str(message.nonce)] = message.id
            while len(self._nonces) > _NONCES:
                self._nonces.popitem(last=False)
        self.changed(message)

    def changed(self, message: Message) -> None:
        """Remember what was changed in *message*."""
        if not message.ephemeral_to:
            self._journal.put("message", message.id, asdict(message))
        revisions = self._revisions.setdefault(message.id, deque(maxlen=_REVISIONS_PER_MESSAGE))
        if not revisions or revisions[-1].text != message.content:
            revisions.append(Revision(message.content, self._clock()))
        while len(self._revisions) > _HISTORIES:
            self._revisions.popitem(last=False)

    def get(self, channel_id: int, message_id: int) -> Message:
        """Find a message that everybody in the channel sees.

        Raises:
            Refusal: there is none.
        """
        found = self.find(channel_id, message_id)
        if found is None or found.ephemeral_to:
            raise unknown("Message")
        return found

    def find(self, channel_id: int, message_id: int) -> Message | None:
        """Find a message, an ephemeral one as well."""
        return self._of(channel_id).get(message_id)

    def delete(self, message: Message) -> None:
        """Take a message away; its revisions stay readable for tests."""
        self._of(message.channel_id).pop(message.id, None)
        self._forget(message)

    def drop_channel(self, channel_id: int) -> None:
        """Forget everything said in a channel."""
        for message in self._channels.pop(channel_id, {}).values():
            self._forget(message)

    def page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
        viewer: int | None = None,
    ) -> Sequence[Message]:
        """Up to *limit* messages, newest first.

        With *after*, those that follow it closest. A viewer also gets what
        only they can see; None stands for the API, which never does.
        """
        log = self._of(channel_id)
        ids = log if after is not None else reversed(log)
        found: list[Message] = []
        for key in ids:
            if len(found) == limit:
                break
            if (before is not None and key >= before) or (after is not None and key <= after):
                continue
            if log[key].ephemeral_to in (0, viewer):
                found.append(log[key])
        return found if after is None else found[::-1]

    def pinned(self, channel_id: int) -> Iterator[Message]:
        """The channel's pinned messages, newest first."""
        log = self._of(channel_id)
        return (log[key] for key in reversed(log) if log[key].pinned)

    def count(self, channel_id: int) -> int:
        """How many messages the channel has."""
        return len(self._of(channel_id))

    def by_nonce(self, channel_id: int, author_id: int, nonce: str) -> Message | None:
        """The message that was sent with *nonce* lately."""
        known = self._nonces.get((channel_id, author_id, nonce))
        return None if known is None else self.find(channel_id, known)

    def revisions(self, message_id: int) -> Sequence[Revision]:
        """Every text the message had, oldest first."""
        return tuple(self._revisions.get(message_id, ()))

    def face_url(self, face_name: str) -> str | None:
        """The address that a webhook message gave for the picture of this name."""
        return self._faces.get(face_name)

    def _know_face(self, url: str | None) -> None:
        if url is None:
            return
        self._faces[face(url)] = url
        self._faces.move_to_end(face(url))
        while len(self._faces) > _FACES:
            self._faces.popitem(last=False)

    def _of(self, channel_id: int) -> OrderedDict[int, Message]:
        return self._channels.setdefault(channel_id, OrderedDict())

    def _forget(self, message: Message) -> None:
        self._journal.drop("message", message.id)
        for attachment in message.attachments:
            self._journal.drop_file(int(attachment["id"]))
