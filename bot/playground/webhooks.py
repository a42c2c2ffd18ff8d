"""Webhooks: who may post under another name, and where."""

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from bot.playground.journal import Journal
from bot.playground.refusals import Refusal, invalid, unknown
from bot.playground.snowflakes import Snowflakes

PER_CHANNEL = 15
_NAME_CHARS = 80
_FORBIDDEN = re.compile(r"clyde|discord", re.IGNORECASE)


@dataclass(slots=True)
class Webhook:
    """A webhook of a channel, made by a member or by the bot."""

    id: int
    channel_id: int
    token: str
    name: str
    creator_id: int
    application_id: int
    avatar: str | None = None


class Webhooks:
    """All webhooks."""

    def __init__(self, journal: Journal, snowflakes: Snowflakes) -> None:
        self._journal = journal
        self._snowflakes = snowflakes
        self._known = {key: Webhook(**body) for key, body in journal.all("webhook")}

    def create(
        self, channel_id: int, name: object, *, creator_id: int, application_id: int
    ) -> Webhook:
        """Make a webhook.

        Raises:
            Refusal: the channel has too many, or the name is not allowed.
        """
        checked = checked_name(name, path="name")
        if len(list(self.of(channel_id))) >= PER_CHANNEL:
            raise Refusal(400, 30007, f"Maximum number of webhooks reached ({PER_CHANNEL})")
        webhook = Webhook(
            self._snowflakes.mint(),
            channel_id,
            secrets.token_urlsafe(51),
            checked,
            creator_id,
            application_id,
        )
        self.keep(webhook)
        return webhook

    def keep(self, webhook: Webhook) -> None:
        """Remember a webhook or what changed in it."""
        self._known[webhook.id] = webhook
        self._journal.put("webhook", webhook.id, asdict(webhook))

    def get(self, webhook_id: int, token: str | None = None) -> Webhook:
        """Find a webhook; with *token*, only if it is the right one.

        Raises:
            Refusal: there is none, or the token is wrong.
        """
        found = self._known.get(webhook_id)
        if found is None:
            raise unknown("Webhook")
        if token is not None and not secrets.compare_digest(token, found.token):
            raise Refusal(401, 50027, "Invalid Webhook Token")
        return found

    def of(self, channel_id: int | None = None) -> Iterator[Webhook]:
        """The webhooks of a channel, or all."""
        for webhook in self._known.values():
            if channel_id in (None, webhook.channel_id):
                yield webhook

    def set_picture(self, webhook: Webhook, uri: object) -> None:
        """Give a webhook its own picture from a data URI; None takes it away.

        Raises:
            Refusal: it is no data URI of a picture.
        """
        if uri is None:
            webhook.avatar = None
            self._journal.drop_file(webhook.id)
            return
        head, _, body = str(uri).partition(";base64,")
        try:
            data = base64.b64decode(body, validate=True)
        except binascii.Error:
            data = b""
        if not head.startswith("data:image/") or not data:
            raise invalid(avatar="This is no data URI of a picture.")
        webhook.avatar = hashlib.sha256(data).hexdigest()[:32]
        self._journal.put_file(webhook.id, data)

    def picture(self, webhook_id: int, name: str) -> bytes | None:
        """The webhook's own picture, if that is its name."""
        found = self._known.get(webhook_id)
        return self._journal.file(webhook_id) if found and found.avatar == name else None

    def delete(self, webhook: Webhook) -> None:
        """Take a webhook away; its messages stay."""
        self._known.pop(webhook.id, None)
        self._journal.drop("webhook", webhook.id)
        self._journal.drop_file(webhook.id)

    def drop_channel(self, channel_id: int) -> None:
        """Take all webhooks of a channel away."""
        for webhook in list(self.of(channel_id)):
            self.delete(webhook)


def checked_name(name: object, *, path: str) -> str:
    """Return *name* if a webhook may be called so.

    Raises:
        Refusal: it is empty, too long or holds a word that Discord forbids.
    """
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _NAME_CHARS:
        raise invalid(**{path: f"Must be between 1 and {_NAME_CHARS} in length."})
    found = _FORBIDDEN.search(name)
    if found:
        word = found[0].lower()
        raise invalid(**{path: f'Username cannot contain "{word}"'})
    return name.strip()
