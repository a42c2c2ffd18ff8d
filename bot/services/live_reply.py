"""A reply that grows on the screen while it is written.

One editor writes, one request at a time, always the newest text: nothing older
can land after something newer. Whoever produces text only says `show` and never
waits for Discord.

It ends in one of three ways. `finish` is the reply. `discard` takes it back.
Anything else (an error, the process ending) leaves what is there readable.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from bot.core.errors import (
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreRefusesWrites,
    StoreUnavailable,
)
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import MessageId, Place

log = logging.getLogger(__name__)

PART_LIMIT = 1_900
"""Discord takes 2,000 characters; a name in bold above the text may need some."""
TYPING_EVERY_S = 8.0
"""Discord shows it for 10 s."""
LAST_WORDS_S = 2.0
"""For the one edit that leaves a broken-off reply readable."""

LONGEST_RETRY_S = 4.0

Split = Callable[[str, int], list[str]]
Noted = Callable[[MessageId], Awaitable[None]]


@dataclass(slots=True)
class _Part:
    """A message of the reply; `text` is None while nobody knows what it shows."""

    message: MessageId
    text: str | None = None
    buttons: tuple[Button, ...] = ()


class _Lost(Exception):
    """Discord will not change a message of the reply: it, or its webhook, is gone."""


class LiveReply:
    """One reply in one place; an async context manager that is used once."""

    def __init__(
        self,
        voice: Voice,
        place: Place,
        speaker: Speaker,
        *,
        pacer: Pacer,
        split: Split,
        on_posted: Noted,
        buttons_while_writing: Sequence[Button] = (),
        already: Sequence[MessageId] = (),
        on_removing: Callable[[MessageId], None] = lambda _: None,
        is_ours: Callable[[], bool] = lambda: True,
        part_limit: int = PART_LIMIT,
        last_edit_s: float = 20.0,
        retry_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Prepare the reply; nothing is sent before the block is entered.

        Args:
            split: text and limit into the texts of messages. Adding to a text
                changes the last of them only.
            on_posted: awaited with the id of each new message. That the store
                fails then does not end the reply: `finish` returns all ids.
            already: messages that show this reply from before a crash.
            on_removing: called with the id of each message that we take away.
            is_ours: whether the reply is this process's to leave readable; where
                another one writes it now, its text is newer.
            last_edit_s: how long `finish` may take.
            retry_s: the first pause after Discord did not take something.
        """
        self._voice = voice
        self._place = place
        self._speaker = speaker
        self._pacer = pacer
        self._split = split
        self._on_posted = on_posted
        self._on_removing = on_removing
        self._is_ours = is_ours
        self._while_writing = tuple(buttons_while_writing)
        self._at_end: tuple[Button, ...] = ()
        self._parts = [_Part(message) for message in already]
        self._part_limit = part_limit
        self._last_edit_s = last_edit_s
        self._retry_s = retry_s
        self._clock = clock
        self._chance = chance

        self._channel = place.parent or place.channel
        self._newest = ""
        self._ending = False  # no growth any more
        self._settled = False  # finished or discarded: nothing to leave readable
        self._posting = False
        self._moved = False  # into new messages, which is done once
        self._error: PostError | None = None
        self._changed = asyncio.Event()
        self._end = asyncio.Event()
        self._visible = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._editor: asyncio.Task[None]
        self._typist: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._pacer.begin(self._channel)
        self._editor = self._tasks.create_task(self._grow())
        self._typist = self._tasks.create_task(self._type())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if not self._settled and self._is_ours():
                await self._leave_readable()
        finally:
            self._typist.cancel()
            self._editor.cancel()
            try:
                # Not handed the block's own error, which it would wrap in a group.
                await self._tasks.__aexit__(None, None, None)
            finally:
                self._pacer.end(self._channel)

    @property
    def shown(self) -> bool:
        """Whether a message of this reply is on the screen."""
        return bool(self._parts)

    def show(self, text: str) -> None:
        """Let the reply grow to *text*, all of it so far; returns at once."""
        if self._ending or not text.strip():
            return
        self._newest = text
        self._changed.set()

    async def finish(self, text: str, buttons: Sequence[Button] = ()) -> tuple[MessageId, ...]:
        """Put the whole *text* on the screen, with *buttons* instead of the writing ones.

        Retried for `last_edit_s`.

        Returns:
            The messages that show it, in order; none for an empty text.

        Raises:
            PostRefused: Discord will not show it.
            PostAmbiguous: a message may or may not have been posted.
            PostError: Discord could not be reached in time.
        """
        self._newest, self._at_end = text, tuple(buttons)
        try:
            async with asyncio.timeout(self._last_edit_s):
                await self._stop_growing()
                if self._error is not None:
                    raise self._error
                await self._insist(text)
        except TimeoutError:
            if self._posting:
                self._error = PostAmbiguous("no answer to a post in time")
                raise self._error from None
            raise PostError("the final text did not reach Discord in time") from None
        self._settled = True
        return tuple(part.message for part in self._parts)

    async def discard(self) -> None:
        """Remove from the screen what was posted.

        Raises:
            PostError: a message could not be removed; the others were tried.
        """
        failed: PostError | None = None
        try:
            async with asyncio.timeout(self._last_edit_s):
                await self._stop_growing()
                self._settled = True
                for part in tuple(self._parts):
                    try:
                        await self._remove(part)
                    except PostError as error:
                        failed = error
        except TimeoutError:
            failed = PostError("what was posted could not be removed in time")
        if failed is not None:
            raise failed

    async def _grow(self) -> None:
        last_at: float | None = None
        failures = 0
        while await self._next_text(last_at):
            try:
                last_at = self._clock()
                await self._put(self._newest, self._while_writing)
                failures = 0
            except PostRefused as error:
                self._error = error
                return
            except PostError as error:
                if self._posting:
                    self._error = error
                    return
                # The next round brings a newer text anyway.
                failures += 1
                self._changed.set()
                await self._sleep_unless_ending(self._pause_s(failures))

    async def _next_text(self, last_at: float | None) -> bool:
        """Wait until there is something to show and the pace allows it."""
        await self._changed.wait()
        # The first text goes out at once. Asked again after each wait: other
        # replies in the channel may have taken the call this one waited for.
        while last_at is not None and not self._ending:
            pause_s = self._pacer.wait_s(self._channel, last_at=last_at, now=self._clock())
            if pause_s <= 0:
                break
            await self._sleep_unless_ending(pause_s)
        self._changed.clear()
        return not self._ending

    async def _sleep_unless_ending(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._end.wait()

    async def _type(self) -> None:
        while not self._visible.is_set():
            with suppress(PostError):
                await self._voice.typing(self._place)
            with suppress(TimeoutError):
                async with asyncio.timeout(TYPING_EVERY_S):
                    await self._visible.wait()

    async def _stop_growing(self) -> None:
        """End the editor between two requests: an edit under way still lands first."""
        self._ending = True
        self._visible.set()
        self._end.set()
        self._changed.set()
        await asyncio.wait([self._editor])

    async def _insist(self, text: str) -> None:
        failures = 0
        while True:
            try:
                await self._remove_beyond(await self._put(text, self._at_end))
            except PostRefused as error:
                self._error = error
                raise
            except PostError as error:
                if self._posting:
                    self._error = error
                    raise
                failures += 1
                await asyncio.sleep(self._pause_s(failures))
            else:
                return

    async def _put(self, text: str, buttons: tuple[Button, ...]) -> int:
        """Make the screen show *text* and say in how many messages.

        What it shows already costs no request.
        """
        try:
            return await self._lay_out(text, buttons)
        except _Lost:
            await self._move()
            return await self._lay_out(text, buttons)

    async def _lay_out(self, text: str, buttons: tuple[Button, ...]) -> int:
        texts = self._split(text, self._part_limit)
        for number, part_text in enumerate(texts):
            below = buttons if number == len(texts) - 1 else ()
            if number == len(self._parts):
                await self._post(part_text, below)
            else:
                await self._change(self._parts[number], part_text, below)
            self._visible.set()
        return len(texts)

    async def _move(self) -> None:
        """Go on in new messages; what can be removed of the old ones is."""
        self._moved = True
        lost, self._parts = self._parts, []
        for part in lost:
            self._on_removing(part.message)
            with suppress(PostError):
                await self._voice.delete(self._place, part.message)

    async def _post(self, text: str, buttons: tuple[Button, ...]) -> None:
        self._pacer.sent(self._channel, self._clock())
        # Stays set when the answer is in doubt, and only then.
        self._posting = True
        try:
            message = await self._voice.say(self._place, self._speaker, text, buttons)
        except PostAmbiguous:
            raise
        except PostError:
            self._posting = False
            raise
        self._parts.append(_Part(message, text, buttons))
        self._posting = False
        try:
            await self._on_posted(message)
        except (StoreUnavailable, StoreRefusesWrites) as error:
            log.warning(
                "posted message not noted",
                extra={"message_id": message, "reason": type(error).__name__},
            )

    async def _change(self, part: _Part, text: str, buttons: tuple[Button, ...]) -> None:
        if part.text == text and part.buttons == buttons:
            return
        self._pacer.sent(self._channel, self._clock())
        part.text = None  # in doubt until the answer is there
        try:
            await self._voice.edit(self._place, part.message, self._speaker, text, buttons)
        except PostRefused as error:
            if self._moved or self._settled:
                raise
            raise _Lost from error
        part.text, part.buttons = text, buttons

    async def _remove_beyond(self, count: int) -> None:
        for part in reversed(self._parts[count:]):
            await self._remove(part)

    async def _remove(self, part: _Part) -> None:
        self._on_removing(part.message)
        await self._voice.delete(self._place, part.message)
        self._parts.remove(part)

    async def _leave_readable(self) -> None:
        with suppress(PostError, TimeoutError, _Lost):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._stop_growing()
                texts = self._split(self._newest, self._part_limit)[: len(self._parts)]
                if texts and self._error is None:
                    # The text that is there, grown as far as it got, and no
                    # button that nobody would answer.
                    await self._change(self._parts[len(texts) - 1], texts[-1], ())

    def _pause_s(self, failures: int) -> float:
        return min(LONGEST_RETRY_S, self._retry_s * 2.0 ** (failures - 1)) * (0.5 + self._chance())
