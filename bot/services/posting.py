"""Posting exactly once, although Discord has no way to ask for that by webhook.

Each post carries a mark in its buttons. Where nobody can tell whether one was
stored, the mark is looked for, first among what the gateway says, then in the
channel itself. Only what is in neither, twice, is posted again, and only once.
"""

from collections.abc import Awaitable, Callable, Sequence

from bot.core.errors import PostAmbiguous, PostError, PostRefused
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import MessageId, Place
from bot.services.echoes import Echoes

ECHO_S = 1.5
"""Within which Discord tells us of a message it has stored."""
LOOKS = 2
POSTS = 2
POST_PREFIX = "post:"


def post_button(mark: str) -> Button:
    """Carries the mark of a post that has nothing to press, until its id is known."""
    return Button("…", f"{POST_PREFIX}{mark}", disabled=True)


async def _may_post() -> None:
    """Nobody else posts under this mark."""


class Poster:
    """Posts through a voice, and finds what was lost on the way."""

    def __init__(self, voice: Voice, echoes: Echoes, *, echo_s: float = ECHO_S) -> None:
        self._voice = voice
        self._echoes = echoes
        self._echo_s = echo_s

    async def post(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button],
        *,
        mark: str,
        after: MessageId,
        confirm: Callable[[], Awaitable[None]] = _may_post,
    ) -> MessageId:
        """Post once; one of *buttons* bears *mark*, and its message will be newer than *after*.

        Args:
            confirm: awaited right before each try; raises PostError if it may not be made.

        Raises:
            PostAmbiguous: nobody can tell whether it stands in the channel.
            PostError: it does not.
        """
        # What bore the mark before, and was taken back since, is not this post.
        after = max(after, self._echoes.newest(mark))
        message: MessageId | None = None
        self._echoes.begin(place, mark, after=after)
        try:
            for _ in range(POSTS):
                await confirm()
                try:
                    message = await self._voice.say(place, speaker, text, buttons, mark=mark)
                except PostAmbiguous:
                    message = await self._missed(place, mark, after)
                    self._echoes.note_search(has_found=message is not None)
                if message is not None:
                    break
        finally:
            self._echoes.end(place, mark, message)
        if message is not None:
            await self._echoes.tidy(mark)
            return message
        raise PostAmbiguous("no answer to any try, and found nowhere")

    async def arrived(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        """The message of a post from before a crash; None if it was never stored.

        Raises:
            PostAmbiguous: the channel may not be read.
            PostError: it cannot be read now.
        """
        newest = self._echoes.newest(mark)
        if newest > after:
            return newest
        # It may be on its way to Discord still, so a first no is not believed.
        return (
            await self._look(place, mark, after)
            or await self._echoes.wait(mark, after=after, within_s=self._echo_s)
            or await self._look(place, mark, after)
        )

    async def _missed(self, place: Place, mark: str, after: MessageId) -> MessageId | None:
        """Find a post whose answer was lost; None if it is in neither place, twice."""
        self._echoes.doubt(mark)
        unread: PostError | None = None
        for _ in range(LOOKS):
            heard = await self._echoes.wait(mark, after=after, within_s=self._echo_s)
            if heard is not None:
                return heard
            try:
                found = await self._voice.find(place, mark, after=after)
            except PostError as error:
                unread = error  # the second time round it may be read, or heard of
            else:
                if found is not None:
                    return found
        if unread is not None:
            raise PostAmbiguous("nobody can look whether a post arrived") from unread
        return None

    async def _look(self, place: Place, mark: str, after: MessageId) -> MessageId | None:
        try:
            return await self._voice.find(place, mark, after=after)
        except PostRefused as error:
            raise PostAmbiguous("nobody may look whether a post arrived") from error
