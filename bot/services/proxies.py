"""Which message of another bot's webhook stands for which line of a player.

PluralKit and Tupperbox post what a player wrote under another name, and delete
the player's message: usually in this order, but events of the two may come in
either. Only the two together make a pair. A webhook that merely says something
alike replaces nothing, and a line that is merely deleted is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.core.proxies import stands_for
from bot.core.scene import ChannelId, MessageId
from bot.services.incoming import Incoming, Proxied

KEPT_S = 15.0
"""Such a bot takes a second or two; the words of others do not stay longer than that."""
MOST = 1_000

Said = TypeVar("Said", Incoming, Proxied)


@dataclass(slots=True)
class _Kept(Generic[Said]):
    at_s: float
    said: Said
    is_deleted: bool = False


class Proxies:
    """Keeps the last seconds of what members and webhooks wrote where scenes play."""

    def __init__(self, clock_s: Callable[[], float], *, most: int = MOST) -> None:
        self._clock_s = clock_s
        self._most = most
        self._lines: dict[tuple[ChannelId, MessageId], _Kept[Incoming]] = {}
        self._posts: dict[tuple[ChannelId, MessageId], _Kept[Proxied]] = {}

    def __len__(self) -> int:
        return len(self._lines) + len(self._posts)

    def heard(self, line: Incoming) -> None:
        """A member has written *line*."""
        self._keep(self._lines, line)

    def edited(self, line: Incoming) -> None:
        """A member has changed *line*: it may be that text which is posted for them."""
        kept = self._lines.get((line.place.channel, line.message))
        if kept is None:
            self._keep(self._lines, line)
        elif line.edited_ms >= kept.said.edited_ms:
            kept.said = line

    def forget(self, line: Incoming) -> None:
        """No scene plays where *line* was written."""
        self._lines.pop((line.place.channel, line.message), None)

    def posted(self, posted: Proxied) -> Incoming | None:
        """A webhook has posted a message; returns the line that it replaces, if that is gone."""
        self._let_old_go()
        channel = posted.place.channel
        for key, kept in self._lines.items():
            is_match = key[0] == channel and stands_for(posted.text, kept.said.text)
            if is_match and kept.is_deleted and kept.said.message < posted.message:
                del self._lines[key]
                return kept.said
        self._keep(self._posts, posted)
        return None

    def deleted(self, channel: ChannelId, message: MessageId) -> tuple[Incoming, Proxied] | None:
        """A message is gone; returns it with the one that replaces it, if it was a line."""
        self._let_old_go()
        self._posts.pop((channel, message), None)
        kept = self._lines.get((channel, message))
        if kept is None:
            return None
        for key, post in self._posts.items():
            is_match = key[0] == channel and stands_for(post.said.text, kept.said.text)
            if is_match and kept.said.message < post.said.message:
                del self._lines[(channel, message)]
                del self._posts[key]
                return kept.said, post.said
        kept.is_deleted = True
        return None

    def _keep(self, among: dict[tuple[ChannelId, MessageId], _Kept[Said]], said: Said) -> None:
        self._let_old_go()
        among.setdefault((said.place.channel, said.message), _Kept(self._clock_s(), said))
        while len(among) > self._most:
            del among[next(iter(among))]

    def _let_old_go(self) -> None:
        now_s = self._clock_s()
        for among in (self._lines, self._posts):
            while among:
                key = next(iter(among))
                if now_s - among[key].at_s < KEPT_S:
                    break
                del among[key]
