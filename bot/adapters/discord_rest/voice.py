"""`Voice` on Discord: characters by webhook, the bot itself by its own account.

Where there can be no webhook (a direct message, no permission, fifteen others),
the bot speaks for the character under a line with its name in bold. That line
is left out of a text it does not fit over; who wants it always there keeps
texts to `bodies.NAMED_TEXT_LIMIT` characters.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.bodies import (
    change,
    change_of_buttons,
    edited_ms,
    new_message,
    shown_post,
)
from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.history import ChannelHistory
from bot.adapters.discord_rest.places import Kind, Places
from bot.adapters.discord_rest.refusals import (
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    Refused,
    refusal,
)
from bot.adapters.discord_rest.routes import Route, Webhook
from bot.adapters.discord_rest.webhooks import WebhookDirectory
from bot.core.characters import Character
from bot.core.errors import MessageGone, PlaceGone, PostAmbiguous
from bot.core.names import under_name, webhook_name, without_name
from bot.core.ports import Button, ShownPost, Speaker
from bot.core.scene import ChannelId, MessageId, Place

REMEMBERED_POSTS = 4_096
"""Of older messages it is found out again whose they are."""
EDIT_WITHIN_S = 8.0
"""A newer text may be waiting behind an edit: it does not block for long."""
OPTIONAL_WITHIN_S = 5.0
NONCES = 3
"""So often a post may be made anew whose nonce was used up by a message now deleted."""

_NOT_FOUND = 404


class PortraitSource(Protocol):
    """Where Discord finds a character's face."""

    async def url(self, character: Character) -> str | None:
        """Its address, or None if there is none for now. Never raises."""
        ...


class DiscordVoice:
    """Posts in Discord's channels; nothing it sends can ping anybody."""

    def __init__(
        self,
        rest: DiscordRest,
        webhooks: WebhookDirectory,
        portraits: PortraitSource,
        *,
        places: Places | None = None,
    ) -> None:
        self._rest = rest
        self._webhooks = webhooks
        self._portraits = portraits
        self._history = ChannelHistory(rest, webhooks)
        self._places = Places() if places is None else places
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
        with self._places.ask(place.channel, Kind.POST):
            for may_look_again in (True, False):
                webhook = await self._find(place)
                if webhook is None:
                    break
                try:
                    return await self._execute(webhook, place, speaker, new_message(text, buttons))
                except Refused as refused:
                    if not _webhook_is_gone(refused):
                        raise
                    self._drop(place, webhook, may_look_again=may_look_again)
            return await self._post(
                place, new_message(under_name(speaker.name, text), buttons), mark
            )

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        """The message of ours, newer than *after*, with a button that bears *mark*.

        Raises:
            Refused, NotAllowedHere: the channel may not be read.
            NotTaken, PostAmbiguous: it cannot be read now.
        """
        with self._places.ask(place.channel, Kind.READ):
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
        with self._places.ask(place.channel, Kind.POST):
            try:
                answer = await self._by_webhook(
                    routes.edit_webhook_message, place, message, change(text, buttons)
                )
            except _OtherAuthor:
                answer = await self._rest.request(
                    routes.edit_message(place.channel, message),
                    change(under_name(speaker.name, text), buttons),
                    within_s=EDIT_WITHIN_S,
                )
                self._remember(message, None)
        return edited_ms(answer)

    async def put_buttons(
        self, place: Place, message: MessageId, buttons: Sequence[Button] = ()
    ) -> None:
        """Replace the buttons of a message that `say` has posted, and leave its text.

        Raises:
            Refused: it is gone, or was never ours.
            NotTaken: not for now.
            PostAmbiguous: it may have changed.
        """
        body = change_of_buttons(buttons)
        with self._places.ask(place.channel, Kind.POST):
            try:
                await self._by_webhook(routes.edit_webhook_message, place, message, body)
            except _OtherAuthor:
                route = routes.edit_message(place.channel, message)
                await self._rest.request(route, body, within_s=EDIT_WITHIN_S)
                self._remember(message, None)

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        """What a message that `say` has posted shows now; None if it is gone.

        Raises:
            Refused: it may not be read.
            NotTaken, PostAmbiguous: not for now.
        """
        with suppress(MessageGone), self._places.ask(place.channel, Kind.READ):
            try:
                answer = await self._by_webhook(routes.get_webhook_message, place, message)
                return shown_post(answer)
            except _OtherAuthor:
                answer = await self._rest.request(routes.get_message(place.channel, message))
                shown = shown_post(answer)
                return replace(shown, text=without_name(shown.text))
            except Refused as refused:
                if not _webhook_is_gone(refused):
                    raise
                # What it posted stands there yet, and anybody who sees the channel may read it.
                route = routes.get_message(place.channel, message)
                return shown_post(await self._rest.request(route))
        return None

    async def delete(self, place: Place, message: MessageId) -> None:
        """Remove a message that `say` has posted; one that is gone is fine."""
        # So is one whose whole channel is.
        with suppress(MessageGone, PlaceGone), self._places.ask(place.channel, Kind.READ):
            try:
                await self._by_webhook(routes.delete_webhook_message, place, message)
            except _OtherAuthor:
                await self._rest.request(routes.delete_message(place.channel, message))
            except Refused as refused:
                if not _webhook_is_gone(refused):
                    raise
                # With the right to manage messages that is the bot's to do, too.
                await self._rest.request(routes.delete_message(place.channel, message))

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        """Post as the bot itself."""
        with self._places.ask(place.channel, Kind.POST):
            return await self._post(place, new_message(text, buttons), "")

    async def typing(self, place: Place) -> None:
        """Show for 10 s, or until the next post, that the bot is writing."""
        with self._places.ask(place.channel, Kind.TYPING):
            await self._rest.request(
                routes.typing(place.channel), within_s=OPTIONAL_WITHIN_S, optional=True
            )

    async def react(self, place: Place, message: MessageId, emoji: str) -> None:
        """Put a reaction under a member's message."""
        with self._places.ask(place.channel, Kind.REACTION):
            route = routes.react(place.channel, message, emoji)
            await self._rest.request(route, within_s=OPTIONAL_WITHIN_S, optional=True)

    async def unreact(self, place: Place, message: MessageId, emoji: str) -> None:
        """Take our reaction away; where there is none, nothing happens."""
        with suppress(MessageGone), self._places.ask(place.channel, Kind.REACTION):
            route = routes.unreact(place.channel, message, emoji)
            await self._rest.request(route, within_s=OPTIONAL_WITHIN_S, optional=True)

    async def _find(self, place: Place) -> Webhook | None:
        if place.parent is None:
            return None
        # Once a parent is known to be gone, none of its threads asks again.
        with self._places.ask(place.parent, Kind.READ):
            return await self._webhooks.find(place.parent)

    async def _author(self, place: Place, message: MessageId) -> Webhook:
        """The webhook that posted *message*, with the key that it has now.

        Raises:
            _OtherAuthor: the bot itself did.
            Refused: that webhook is no more.
        """
        is_known = message in self._posted
        known = self._posted.get(message)
        if is_known and known is None:
            raise _OtherAuthor
        if known is not None and not self._webhooks.is_lost(known):
            return known
        webhook = await self._find(place)
        if known is not None and (webhook is None or webhook.id != known.id):
            raise refusal(_NOT_FOUND, UNKNOWN_WEBHOOK, "the webhook of a message")
        if webhook is None:
            raise _OtherAuthor
        return webhook  # of messages from before a restart, most are its own

    async def _by_webhook(
        self,
        route: Callable[[Webhook, MessageId, ChannelId | None], Route],
        place: Place,
        message: MessageId,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """Ask something about *message* of the webhook that posted it.

        Raises:
            _OtherAuthor: as far as one can tell, the bot itself did.
            PostError: any kind of it.
        """
        webhook = await self._author(place, message)
        try:
            answer = await self._ask_webhook(webhook, route, place, message, body)
        except Refused as refused:
            if not _webhook_is_gone(refused):
                raise
            self._drop(place, webhook, may_look_again=True)
            # Its key may be another one now, or another webhook have its place.
            webhook = await self._author(place, message)
            answer = await self._ask_webhook(webhook, route, place, message, body)
        self._remember(message, webhook)
        return answer

    async def _ask_webhook(
        self,
        webhook: Webhook,
        route: Callable[[Webhook, MessageId, ChannelId | None], Route],
        place: Place,
        message: MessageId,
        body: Mapping[str, Any] | None,
    ) -> Any:
        thread = place.channel if place.is_thread else None
        try:
            return await self._rest.request(
                route(webhook, message, thread), body, within_s=EDIT_WITHIN_S
            )
        except MessageGone as gone:
            if message in self._posted:
                raise
            raise _OtherAuthor from gone

    def _drop(self, place: Place, lost: Webhook, *, may_look_again: bool) -> None:
        if place.parent is None:
            return
        self._webhooks.forget(place.parent, lost)
        if not may_look_again:
            # Somebody removes them as we make them: speak plainly for a while.
            self._webhooks.give_up(place.parent)

    async def _execute(
        self, webhook: Webhook, place: Place, speaker: Speaker, body: Mapping[str, Any]
    ) -> MessageId:
        route = routes.execute_webhook(webhook, place.channel if place.is_thread else None)
        looks = await self._looks_of(speaker)
        try:
            answer = await self._rest.request(route, {**body, **looks})
        except Refused as refused:
            if looks.keys().isdisjoint(refused.fields):
                raise
            # Rather another face or name than no reply.
            kept = {name: look for name, look in looks.items() if name not in refused.fields}
            answer = await self._rest.request(route, {**body, **kept})
        message = self._remember(_id_in(answer, route), webhook)
        if str(answer.get("channel_id", place.channel)) != str(place.channel):
            await self.delete(place, message)
            raise refusal(_NOT_FOUND, UNKNOWN_WEBHOOK, "a webhook that was moved elsewhere")
        return message

    async def _looks_of(self, speaker: Speaker) -> dict[str, str]:
        looks = {"username": webhook_name(speaker.name)}
        if speaker.face:
            looks["avatar_url"] = speaker.face
        if speaker.character is not None:
            face = await self._portraits.url(speaker.character)
            if face is not None:
                looks["avatar_url"] = face
        return looks

    async def _post(self, place: Place, body: Mapping[str, Any], mark: str) -> MessageId:
        route = routes.create_once(place.channel)
        for number in range(NONCES):
            # With the nonce Discord itself stores a repeated post once.
            named = {**body, "nonce": _nonce(mark, number), "enforce_nonce": True}
            with suppress(MessageGone):
                return self._remember(_id_in(await self._rest.request(route, named), route), None)
        raise refusal(_NOT_FOUND, UNKNOWN_MESSAGE, "posts that are deleted as they are made")

    def _remember(self, message: MessageId, webhook: Webhook | None) -> MessageId:
        self._posted[message] = webhook
        self._posted.move_to_end(message)
        if len(self._posted) > REMEMBERED_POSTS:
            self._posted.popitem(last=False)
        return message


class _OtherAuthor(Exception):
    """No webhook of ours has posted the message."""


def _webhook_is_gone(refused: Refused) -> bool:
    if refused.code in {UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN}:
        return True
    return refused.status == _NOT_FOUND and refused.code == 0


def _id_in(answer: Any, route: Route) -> MessageId:
    try:
        return MessageId(int(answer["id"]))
    except (TypeError, KeyError, ValueError):
        raise PostAmbiguous(f"{route.name}: taken, but without an id") from None


def _nonce(mark: str, number: int) -> str:
    """Name a post for Discord, in the 25 characters that it takes."""
    if not mark:
        return secrets.token_hex(12)
    return hashlib.sha256(f"{mark}/{number}".encode()).hexdigest()[:24]
