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
        self._gone: dict[tuple[ChannelId, MessageId], float] = {}

    def __len__(self) -> int:
        return len(self._lines) + len(self._posts) + len(self._gone)

    def heard(self, line: Incoming) -> Proxied | None:
        """A member has written *line*; returns what replaces it, if all else came before it."""
        self._keep(self._lines, line)
        key = (line.place.channel, line.message)
        if key not in self._gone:
            return None
        pair = self.deleted(*key)
        return None if pair is None else pair[1]

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
        if (channel, posted.message) in self._gone:
            return None
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
            self._note_gone(channel, message)
            return None
        for key, post in self._posts.items():
            is_match = key[0] == channel and stands_for(post.said.text, kept.said.text)
            if is_match and kept.said.message < post.said.message:
                del self._lines[(channel, message)]
                del self._posts[key]
                return kept.said, post.said
        kept.is_deleted = True
        return None

    def _note_gone(self, channel: ChannelId, message: MessageId) -> None:
        self._gone.setdefault((channel, message), self._clock_s())
        while len(self._gone) > self._most:
            del self._gone[next(iter(self._gone))]

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
        while self._gone and now_s - next(iter(self._gone.values())) >= KEPT_S:
            del self._gone[next(iter(self._gone))]
