"""`Threads` on Discord: a thread is started once, or somebody hears that it is in doubt.

Discord takes no nonce for a thread. A start whose answer was lost is looked for
in the guild's list: by its name, its place, and us as its owner.
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from bot.adapters.discord_rest import routes
from bot.adapters.discord_rest.bodies import new_message
from bot.adapters.discord_rest.client import DiscordRest
from bot.core.errors import PostAmbiguous, PostError
from bot.core.ports import ThreadHome, ThreadKind
from bot.core.scene import ChannelId, MessageId, UserId

NAME_CHARACTERS = 100
ARCHIVED_AFTER_MIN = 10_080
"""A week without a word; the longest that Discord takes. A word opens it again."""
OPEN_WITHIN_S = 15.0
INVITE_WITHIN_S = 5.0
LOOKS = 2
LOOK_AFTER_S = 1.0
"""Within which Discord lists a thread that it has started."""

_NEWS_THREAD, _PUBLIC_THREAD = 10, 11


class DiscordThreads:
    """Borrows the API."""

    def __init__(self, rest: DiscordRest, *, look_after_s: float = LOOK_AFTER_S) -> None:
        self._rest = rest
        self._look_after_s = look_after_s
        self._user: str | None = None

    async def open(
        self, home: ThreadHome, name: str, opening: str, *, after: MessageId
    ) -> ChannelId:
        """Start a thread that begins with *opening*.

        Raises:
            Refused, NotTaken: there is none.
            PostAmbiguous: there may be one, and it was not found.
        """
        called = " ".join(name.split())[:NAME_CHARACTERS].strip() or "Story"
        body: dict[str, Any] = {"name": called, "auto_archive_duration": ARCHIVED_AFTER_MIN}
        if home.kind is ThreadKind.FORUM:
            body["message"] = new_message(opening, ())
        else:
            is_news = home.kind is ThreadKind.NEWS
            body["type"] = _NEWS_THREAD if is_news else _PUBLIC_THREAD
        try:
            route = routes.start_thread(home.channel)
            answer = await self._rest.request(route, body, within_s=OPEN_WITHIN_S)
            thread = _id_in(answer)
        except PostAmbiguous:
            thread = await self._find(home, called, after)
        if home.kind is not ThreadKind.FORUM:
            await self._say(thread, opening)
        return thread

    async def invite(self, thread: ChannelId, user: UserId) -> None:
        """Put the thread on *user*'s list.

        Raises:
            Refused, NotTaken, PostAmbiguous: it may not be there.
        """
        route = routes.add_to_thread(thread, user)
        await self._rest.request(route, within_s=INVITE_WITHIN_S, optional=True)

    async def _say(self, thread: ChannelId, opening: str) -> None:
        nonce = {"nonce": secrets.token_hex(12), "enforce_nonce": True}
        body = {**new_message(opening, ()), **nonce}
        await self._rest.request(routes.create_once(thread), body, within_s=OPEN_WITHIN_S)

    async def _find(self, home: ThreadHome, name: str, after: MessageId) -> ChannelId:
        """The thread that we may have started; its first absence is not believed."""
        for _ in range(LOOKS):
            await asyncio.sleep(self._look_after_s)
            try:
                found = await self._listed(home, name, after)
            except PostError:
                continue
            if found is not None:
                return found
        raise PostAmbiguous("a thread was started, or not: it is not listed")

    async def _listed(self, home: ThreadHome, name: str, after: MessageId) -> ChannelId | None:
        if self._user is None:
            self._user = str((await self._rest.request(routes.our_user()))["id"])
        answer = await self._rest.request(routes.active_threads(home.guild))
        rows = answer.get("threads") if isinstance(answer, Mapping) else None
        ours = [
            int(row["id"])
            for row in rows or ()
            if str(row.get("parent_id")) == str(home.channel)
            and str(row.get("owner_id")) == self._user
            and row.get("name") == name
            and int(row["id"]) > after
        ]
        return ChannelId(max(ours)) if ours else None


def _id_in(answer: Any) -> ChannelId:
    try:
        return ChannelId(int(answer["id"]))
    except (TypeError, KeyError, ValueError):
        raise PostAmbiguous("a thread was started, but its id did not arrive") from None
