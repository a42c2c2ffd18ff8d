"""`Voice` on Discord: characters by webhook, the bot itself by its own account.

Where there can be no webhook (a direct message, no permission, fifteen others),
the bot speaks for the character under a line with its name in bold. That line
is left out of a text it does not fit over; who wants it always there keeps
texts to `NAMED_TEXT_LIMIT` characters.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.bodies import (
    change,
    custom_ids,
    edited_ms,
    new_message,
    under_name,
    without_name,
)
from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.history import ChannelHistory
from bot.adapters.discord_rest.refusals import (
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_CHANNEL,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Refused,
)
from bot.adapters.discord_rest.routes import Route, Webhook
from bot.adapters.discord_rest.webhooks import WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import PostAmbiguous
from bot.core.marks import mark_in
from bot.core.names import webhook_name
from bot.core.ports import Button, ShownPost, Speaker
from bot.core.scene import ChannelId, MessageId, Place

REMEMBERED_POSTS = 4_096
"""Of older messages it is found out again whose they are."""
EDIT_WITHIN_S = 8.0
"""A newer text may be waiting behind an edit: it does not block for long."""
OPTIONAL_WITHIN_S = 5.0

_NOT_FOUND = 404


class PortraitSource(Protocol):
    """Where Discord finds a character's face."""

    async def url(self, character: Character) -> str | None:
        """Its address, or None if there is none for now. Never raises."""
        ...


class DiscordVoice:
    """Posts in Discord's channels; nothing it sends can ping anybody."""

    def __init__(
        self, rest: DiscordRest, webhooks: WebhookDirectory, portraits: PortraitSource
    ) -> None:
        self._rest = rest
        self._webhooks = webhooks
        self._portraits = portraits
        self._history = ChannelHistory(rest, webhooks)
        # By which webhook a message was posted; None for the bot itself.
        self._posted: OrderedDict[MessageId, Webhook | None] = OrderedDict()

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        """Post as the character: by webhook, or plainly with a bold name.

        Raises:
            Refused, NotTaken: nothing was posted.
            PostAmbiguous: it may have been.
        """
        webhook = await self._find(place)
        if webhook is not None:
            body = await self._as_character(speaker, text, buttons)
            for may_look_again in (True, False):
                try:
                    return await self._execute(webhook, place, body)
                except Refused as refused:
                    if not _webhook_is_gone(refused):
                        raise
                    webhook = await self._replace(place, webhook, may_look_again=may_look_again)
                    if webhook is None:
                        break
        return await self._post(place, under_name(speaker, text), buttons, mark)

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        """The message of ours, newer than *after*, with a button that bears *mark*.

        Raises:
            Refused, NotAllowedHere: the channel may not be read.
            NotTaken, PostAmbiguous: it cannot be read now.
        """
        return await self._history.find(place.channel, mark, after=after)

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        """Replace text and buttons of a message that `say` has posted; returns when, in Unix ms.

        Raises:
            Refused: it is gone, or was never ours.
            NotTaken: not for now.
            PostAmbiguous: it may have changed.
        """
        webhook = await self._author(place, message)
        if webhook is not None:
            route = routes.edit_webhook_message(webhook, message, _thread(place))
            try:
                answer = await self._rest.request(
                    route, change(text, buttons), within_s=EDIT_WITHIN_S
                )
            except Refused as refused:
                if not self._may_be_our_own(place, message, webhook, refused):
                    raise
            else:
                self._remember(message, webhook)
                return edited_ms(answer)
        answer = await self._rest.request(
            routes.edit_message(place.channel, message),
            change(under_name(speaker, text), buttons),
            within_s=EDIT_WITHIN_S,
        )
        self._remember(message, None)
        return edited_ms(answer)

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        """What a message that `say` has posted shows now; None if it is gone.

        Raises:
            Refused: it may not be read.
            NotTaken, PostAmbiguous: not for now.
        """
        webhook = await self._author(place, message)
        if webhook is not None:
            route = routes.get_webhook_message(webhook, message, _thread(place))
            try:
                return _shown(await self._rest.request(route))
            except Refused as refused:
                if not self._may_be_our_own(place, message, webhook, refused):
                    if refused.code == UNKNOWN_MESSAGE:
                        return None
                    raise
        try:
            answer = await self._rest.request(routes.get_message(place.channel, message))
        except Refused as refused:
            if refused.code == UNKNOWN_MESSAGE:
                return None
            raise
        shown = _shown(answer)
        return replace(shown, text=without_name(shown.text))

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove a message that `say` has posted; one that is gone is fine."""
        webhook = await self._author(place, message)
        if webhook is not None:
            route = routes.delete_webhook_message(webhook, message, _thread(place))
            try:
                await self._rest.request(route)
            except Refused as refused:
                if refused.code == UNKNOWN_MESSAGE and message in self._posted:
                    return
                if not self._may_be_our_own(place, message, webhook, refused):
                    raise
            else:
                return
        await self._delete_plainly(place, message)

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        """Post as the bot itself."""
        return await self._post(place, text, buttons, "")

    async def typing(self, place: Place) -> None:
        """Show for 10 s, or until the next post, that the bot is writing."""
        await self._rest.request(
            routes.typing(place.channel), within_s=OPTIONAL_WITHIN_S, optional=True
        )

    async def react(self, place: Place, message: MessageId, emoji: str) -> None:
        """Put a reaction under a member's message."""
        route = routes.react(place.channel, message, emoji)
        await self._rest.request(route, within_s=OPTIONAL_WITHIN_S, optional=True)

    async def _find(self, place: Place) -> Webhook | None:
        return None if place.parent is None else await self._webhooks.find(place.parent)

    async def _author(self, place: Place, message: MessageId) -> Webhook | None:
        if message in self._posted:
            self._posted.move_to_end(message)
            return self._posted[message]
        # From before a restart: most are the webhook's, and its answer tells.
        return await self._find(place)

    async def _replace(
        self, place: Place, lost: Webhook, *, may_look_again: bool
    ) -> Webhook | None:
        if place.parent is None:
            return None
        self._webhooks.forget(place.parent, lost)
        if may_look_again:
            return await self._webhooks.find(place.parent)
        # Somebody removes them as we make them: speak plainly for a while.
        self._webhooks.give_up(place.parent)
        return None

    def _may_be_our_own(
        self, place: Place, message: MessageId, webhook: Webhook, refused: Refused
    ) -> bool:
        if _webhook_is_gone(refused) and place.parent is not None:
            self._webhooks.forget(place.parent, webhook)
        return message not in self._posted and refused.status == _NOT_FOUND

    async def _delete_plainly(self, place: Place, message: MessageId) -> None:
        try:
            await self._rest.request(routes.delete_message(place.channel, message))
        except Refused as refused:
            if refused.code not in {UNKNOWN_MESSAGE, UNKNOWN_CHANNEL}:
                raise

    async def _as_character(
        self, speaker: Speaker, text: str, buttons: Sequence[Button]
    ) -> dict[str, Any]:
        body = new_message(text, buttons) | {"username": webhook_name(speaker.name)}
        if speaker.character is not None:
            face = await self._portraits.url(speaker.character)
            if face is not None:
                body["avatar_url"] = face
        return body

    async def _execute(self, webhook: Webhook, place: Place, body: dict[str, Any]) -> MessageId:
        route = routes.execute_webhook(webhook, _thread(place))
        return self._remember(await self._created(route, body), webhook)

    async def _post(
        self, place: Place, text: str, buttons: Sequence[Button], mark: str
    ) -> MessageId:
        # With the nonce Discord itself stores a repeated post once.
        body = new_message(text, buttons) | {"nonce": _nonce(mark), "enforce_nonce": True}
        return self._remember(await self._created(routes.create_message(place.channel), body), None)

    async def _created(self, route: Route, body: dict[str, Any]) -> MessageId:
        answer = await self._rest.request(route, body)
        try:
            return MessageId(int(answer["id"]))
        except (TypeError, KeyError, ValueError):
            raise PostAmbiguous(f"{route.name}: taken, but without an id") from None

    def _remember(self, message: MessageId, webhook: Webhook | None) -> MessageId:
        self._posted[message] = webhook
        self._posted.move_to_end(message)
        if len(self._posted) > REMEMBERED_POSTS:
            self._posted.popitem(last=False)
        return message


def _thread(place: Place) -> ChannelId | None:
    return place.channel if place.is_thread else None


def _webhook_is_gone(refused: Refused) -> bool:
    if refused.code in {UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN}:
        return True
    return refused.status == _NOT_FOUND and refused.code == 0


def _nonce(mark: str) -> str:
    """Names a post for Discord, in the 25 characters that it takes."""
    return hashlib.sha256(mark.encode()).hexdigest()[:24] if mark else secrets.token_hex(12)


def _shown(row: Mapping[str, Any]) -> ShownPost:
    mark = next(filter(None, map(mark_in, custom_ids(row))), None)
    return ShownPost(str(row["content"]), mark or "")
