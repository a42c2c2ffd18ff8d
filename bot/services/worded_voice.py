"""What the bot says in channels in its own name, in the language of the server.

What a character says is nobody's to translate.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.core.phrases import ENGLISH, Words, translated
from bot.core.ports import Button, ShownPost, Speaker, ThreadHome, Threads, Voice
from bot.core.scene import ChannelId, MessageId, Place, UserId

WordsOf = Callable[[Place], Words]
"""The catalogue for a place; empty for English."""
MOST_CHARACTERS = 2_000
BUTTON_CHARACTERS = 80


def english(_: Place) -> Words:
    """Everywhere."""
    return ENGLISH


class WordedVoice:
    """Borrows a voice, which says notices and labels of buttons in the language of a place."""

    def __init__(self, voice: Voice, words_of: WordsOf) -> None:
        self._voice = voice
        self._words_of = words_of

    async def say(
        self,
        place: Place,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
        *,
        mark: str = "",
    ) -> MessageId:
        return await self._voice.say(place, speaker, text, self._of(place, buttons), mark=mark)

    async def find(self, place: Place, mark: str, *, after: MessageId) -> MessageId | None:
        return await self._voice.find(place, mark, after=after)

    async def edit(
        self,
        place: Place,
        message: MessageId,
        speaker: Speaker,
        text: str,
        buttons: Sequence[Button] = (),
    ) -> int:
        return await self._voice.edit(place, message, speaker, text, self._of(place, buttons))

    async def put_buttons(
        self, place: Place, message: MessageId, buttons: Sequence[Button] = ()
    ) -> None:
        await self._voice.put_buttons(place, message, self._of(place, buttons))

    async def look(self, place: Place, message: MessageId) -> ShownPost | None:
        return await self._voice.look(place, message)

    async def delete(self, place: Place, message: MessageId) -> None:
        await self._voice.delete(place, message)

    async def notice(self, place: Place, text: str, buttons: Sequence[Button] = ()) -> MessageId:
        said = translated(text, self._words_of(place))[:MOST_CHARACTERS]
        return await self._voice.notice(place, said, self._of(place, buttons))

    async def typing(self, place: Place) -> None:
        await self._voice.typing(place)

    async def react(self, place: Place, message: MessageId, emoji: str) -> None:
        await self._voice.react(place, message, emoji)

    async def unreact(self, place: Place, message: MessageId, emoji: str) -> None:
        await self._voice.unreact(place, message, emoji)

    def _of(self, place: Place, buttons: Sequence[Button]) -> Sequence[Button]:
        words = self._words_of(place)
        if not words:
            return buttons
        return tuple(
            replace(each, label=translated(each.label, words)[:BUTTON_CHARACTERS])
            for each in buttons
        )


class WordedThreads:
    """Borrows what starts threads, and has the first message of one translated."""

    def __init__(self, threads: Threads, words_of: WordsOf) -> None:
        self._threads = threads
        self._words_of = words_of

    async def open(
        self, home: ThreadHome, name: str, opening: str, *, after: MessageId
    ) -> ChannelId:
        words = self._words_of(Place(home.channel, home.guild, None))
        said = translated(opening, words)[:MOST_CHARACTERS]
        return await self._threads.open(home, name, said, after=after)

    async def invite(self, thread: ChannelId, user: UserId) -> None:
        await self._threads.invite(thread, user)
