"""What an earlier process left of a reply, and how it goes on.

A checkpoint of what the model wrote is kept every two seconds, and the screen
may be ahead of it. Whatever a member has read stays: then the screen's text is
what the reply goes on from.
"""

import logging
import re
from dataclasses import dataclass, replace

from bot.core.characters import Character
from bot.core.errors import PostError
from bot.core.ports import ShownPost, Voice
from bot.core.profiles import ModelProfile
from bot.core.reply_text import ReplyText
from bot.core.scene import Scene, Turn, Work
from bot.core.story import player_names
from bot.core.unposted import as_posted
from bot.services.lane import Lane, Partial
from bot.services.outgoing import Fit, as_it_is

log = logging.getLogger(__name__)

_MARKUP = re.compile(r"[\s*_~`|]+")


@dataclass(frozen=True, slots=True)
class Resumed:
    """How a reply stands that is taken up.

    Attributes:
        is_unwanted: somebody has removed a message of it.
        whole: its text, if it was finished and only not remembered.
    """

    is_unwanted: bool = False
    whole: str = ""


class Resumption:
    """Borrows the voice.

    Attributes:
        fit: makes a text fit to be shown, before it is shown and remembered.
    """

    def __init__(self, voice: Voice, profile: ModelProfile, fit: Fit = as_it_is) -> None:
        self._voice = voice
        self._profile = profile
        self.fit = fit

    async def resume(self, lane: Lane, work: Work, character: Character) -> Resumed:
        """Give the lane what is there of the reply it serves, unless it knows itself."""
        line = lane.serving
        if lane.partial.turn == line.turn:
            return Resumed()
        lane.partial = Partial(line.turn, work.written, work.tokens, spoken=line.continues)
        if lane.hold is not None:
            lane.hold.noted = work.written
        is_rewritten = bool(line.shown) and not line.continues
        if line.is_anew or is_rewritten or not work.messages:
            # What shows is not of this try, or nothing does.
            return Resumed()
        posts = await self._screen(lane, work)
        if posts is None:
            return Resumed()
        shown = [post for post in posts if post is not None]
        if len(shown) < len(posts):
            return Resumed(is_unwanted=True)
        return self._from_screen(lane, work, character, shown)

    def _from_screen(
        self, lane: Lane, work: Work, character: Character, shown: list[ShownPost]
    ) -> Resumed:
        line, text = lane.serving, _joined(shown)
        if _covers(self._known(lane, lane.partial, character), text):
            return Resumed()
        is_written_on = bool(work.posting) or any(post.mark for post in shown)
        if not is_written_on:  # no button for the writing, and no message to come
            return Resumed(whole=text)
        lane.partial = Partial(line.turn, tokens=work.tokens, spoken=text, may_end=True)
        return Resumed()

    async def left_of(self, lane: Lane, work: Work, character: Character) -> Partial | None:
        """What there is of a reply that is not gone on with; None if nobody wants it."""
        stored = next((turn.text for turn in lane.turns if turn.id == work.reply), "")
        spoken = stored if work.continues else ""
        partial = Partial(work.trigger, work.written, work.tokens, spoken=spoken)
        posts = await self._screen(lane, work)
        if posts is None:
            return partial
        if None in posts:
            return None
        text = _joined([post for post in posts if post is not None])
        if _covers(self._known(lane, partial, character), text):
            return partial
        return Partial(work.trigger, tokens=work.tokens, spoken=text)

    async def shown_of(self, lane: Lane, work: Work, stored: Turn) -> Turn | None:
        """*stored* as its messages show it; None if none is left, or nobody may look."""
        posts = await self._screen(lane, work)
        left = {
            message: post.text
            for message, post in zip(work.messages, posts or (), strict=False)
            if post is not None
        }
        if not left:
            return None
        shown = as_posted(stored, left)
        return replace(shown, swipes=("\n".join(left.values()),), current=0)

    async def last_words(self, lane: Lane, partial: Partial, character: Character) -> str:
        """*partial* as a reply that ends there, fit to be shown; empty if that is nothing.

        Raises:
            TextBlocked: it may not be shown at all.
        """
        text = taken_up(lane, partial, character, self._profile).finish(cut=True)
        return await self.fit(lane.head.place, text) if text else ""

    def _known(self, lane: Lane, partial: Partial, character: Character) -> str:
        return taken_up(lane, partial, character, self._profile).shown

    async def _screen(self, lane: Lane, work: Work) -> list[ShownPost | None] | None:
        """What the reply's messages show; None if they cannot be read."""
        try:
            return [await self._voice.look(lane.head.place, each) for each in work.messages]
        except PostError as error:
            facts = {"channel": lane.channel, "error": type(error).__name__}
            log.info("a broken-off reply cannot be read", extra=facts)
            return None


def reads_alike(turn: Turn, other: Turn) -> bool:
    """Whether the messages of both show the same."""
    return (turn.parts or (turn.text.strip(),)) == (other.parts or (other.text.strip(),))


def taken_up(
    lane: Lane, partial: Partial, character: Character, profile: ModelProfile
) -> ReplyText:
    """The reply as far as *partial* goes."""
    others = (*player_names(Scene(lane.head, lane.turns)), *(who.name for who in lane.cast))
    reply = ReplyText(
        character.name,
        others,
        profile,
        guard=lane.head.guard,
        spoken=partial.spoken,
        keeps_links=lane.keeps_links,
    )
    reply.feed(partial.raw)
    return reply


def _joined(posts: list[ShownPost]) -> str:
    return "\n".join(post.text for post in posts)


def _covers(known: str, shown: str) -> bool:
    """Whether what we know goes as far as what is shown; how texts are parted does not count."""
    return _MARKUP.sub("", known).startswith(_MARKUP.sub("", shown))
