"""The webhook of a channel: found or made once, dropped when Discord dropped it.

One per parent channel, owned by our application, shared by all characters and
all threads there.
"""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.client import DiscordRest
from bot.adapters.discord_rest.refusals import (
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    TOO_MANY_WEBHOOKS,
    NotTaken,
    Refused,
)
from bot.adapters.discord_rest.routes import Webhook
from bot.core.errors import PostAmbiguous
from bot.core.scene import ChannelId

log = logging.getLogger(__name__)

WEBHOOK_NAME = "ZephRP"

_NOT_HERE = {MISSING_ACCESS, MISSING_PERMISSIONS, TOO_MANY_WEBHOOKS}


@dataclass(frozen=True, slots=True)
class _Known:
    webhook: Webhook | None
    until: float


@dataclass(slots=True)
class _Search:
    """Who asks for the same channel at the same time waits for one answer."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    interested: int = 0


class WebhookDirectory:
    """Knows under which webhook we may speak in a channel."""

    def __init__(
        self,
        rest: DiscordRest,
        *,
        application_id: int | None = None,
        keep: int = 5_000,
        none_for_s: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Make an empty directory.

        Args:
            application_id: None asks Discord when it is first needed.
            keep: channels remembered; the one used longest ago goes first.
            none_for_s: how long a channel where we may have none is left alone.
        """
        self._rest = rest
        self._application_id = application_id
        self._keep = keep
        self._none_for_s = none_for_s
        self._clock = clock
        self._known: OrderedDict[ChannelId, _Known] = OrderedDict()
        self._lost: OrderedDict[Webhook, None] = OrderedDict()
        self._searches: dict[ChannelId, _Search] = {}

    async def find(self, channel: ChannelId) -> Webhook | None:
        """Our webhook in *channel*, made if need be; None if we may have none.

        Raises:
            Refused: there is no such channel.
            NotTaken: Discord cannot be asked now. Nothing was posted.
        """
        known = self._remembered(channel)
        if known is None:
            async with self._alone(channel):
                known = self._remembered(channel) or self._remember(
                    channel, await self._search(channel)
                )
        return known.webhook

    def forget(self, channel: ChannelId, webhook: Webhook) -> None:
        """Drop *webhook*, which Discord does not know any more.

        It is never used again: asking for lost webhooks gets an address banned.
        """
        known = self._known.get(channel)
        if known is not None and known.webhook == webhook:
            del self._known[channel]
        self._lost[webhook] = None
        self._lost.move_to_end(webhook)
        if len(self._lost) > self._keep:
            self._lost.popitem(last=False)

    def is_lost(self, webhook: Webhook) -> bool:
        """Whether Discord has said that it does not know *webhook*, or its key, any more."""
        return webhook in self._lost

    def give_up(self, channel: ChannelId) -> None:
        """Treat *channel* for a while as one where we may have no webhook."""
        self._remember(channel, None)

    def _remembered(self, channel: ChannelId) -> _Known | None:
        known = self._known.get(channel)
        if known is None or known.until < self._clock():
            return None
        self._known.move_to_end(channel)
        return known

    def _remember(self, channel: ChannelId, webhook: Webhook | None) -> _Known:
        until = float("inf") if webhook else self._clock() + self._none_for_s
        known = self._known[channel] = _Known(webhook, until)
        self._known.move_to_end(channel)
        if len(self._known) > self._keep:
            self._known.popitem(last=False)
        return known

    @asynccontextmanager
    async def _alone(self, channel: ChannelId) -> AsyncGenerator[None, None]:
        search = self._searches.setdefault(channel, _Search())
        search.interested += 1
        try:
            async with search.lock:
                yield
        finally:
            search.interested -= 1
            if search.interested == 0:
                del self._searches[channel]

    async def _search(self, channel: ChannelId) -> Webhook | None:
        try:
            return await self._own(channel) or await self._create(channel)
        except Refused as refused:
            if refused.code not in _NOT_HERE:
                raise
            log.info("no webhook here", extra={"channel": channel, "code": refused.code})
            return None
        except PostAmbiguous as error:
            # It is a webhook that may or may not be there, not a message: the
            # next search finds it.
            raise NotTaken(str(error)) from None

    async def _own(self, channel: ChannelId) -> Webhook | None:
        ours = await self.application()
        for row in await self._rest.request(routes.list_webhooks(channel)) or ():
            if row.get("token") and str(row.get("application_id")) == str(ours):
                webhook = Webhook(int(row["id"]), row["token"])
                if not self.is_lost(webhook):  # it may be listed for a moment still
                    return webhook
        return None

    async def _create(self, channel: ChannelId) -> Webhook:
        row = await self._rest.request(routes.create_webhook(channel), {"name": WEBHOOK_NAME})
        if not isinstance(row, dict) or not row.get("token"):
            raise NotTaken("a webhook was made, but its key did not arrive")
        return Webhook(int(row["id"]), row["token"])

    async def application(self) -> int:
        """The id of our application, by which our webhooks are known.

        Raises:
            PostError: it has to be asked for, and cannot be.
        """
        if self._application_id is None:
            self._application_id = int((await self._rest.request(routes.who_am_i()))["id"])
        return self._application_id
