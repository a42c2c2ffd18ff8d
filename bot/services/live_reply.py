"""A reply that grows on the screen while it is written.

One editor writes, one request at a time, always the newest text: nothing older
can land after something newer. Whoever produces text only says `show` and never
waits for Discord.

It ends in one of three ways. `finish` is the reply. `discard` takes it back.
Anything else (an error, the process ending) leaves what is there readable.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from bot.core.errors import PostAmbiguous, PostError, PostRefused
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import MessageId, Place
from bot.services.milestones import Milestone, Reached, pass_by
from bot.services.posting import Poster
from bot.services.reply_messages import Moving, Outbox, ReplyMessages

PART_LIMIT = 1_900
"""Discord takes 2,000 characters; a name in bold above the text may need some."""
LAST_WORDS_S = 2.0
"""For the one edit that leaves a broken-off reply readable."""

LONGEST_RETRY_S = 4.0

Split = Callable[[str, int], list[str]]


class LiveReply:
    """One reply in one place; an async context manager that is used once."""

    def __init__(
        self,
        voice: Voice,
        poster: Poster,
        place: Place,
        speaker: Speaker,
        *,
        pacer: Pacer,
        split: Split,
        outbox: Outbox,
        mark: Callable[[int], str],
        buttons_while_writing: Callable[[str], Sequence[Button]],
        after: MessageId,
        already: Sequence[MessageId] = (),
        posting: str = "",
        settles_doubt: bool = False,
        on_visible: Callable[[], None] = lambda: None,
        on_removing: Callable[[MessageId], None] = lambda _: None,
        on_refused: Callable[[PostRefused], None] = lambda _: None,
        is_ours: Callable[[], bool] = lambda: True,
        reached: Reached = pass_by,
        moving: Moving = Moving.FREELY,
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
            mark: names the post with that number, from 0.
            buttons_while_writing: for the message of a mark; one of them bears it.
            after: a message that is older than all that show the reply.
            already: messages that show this reply from before a crash.
            posting: the mark of a post that may have arrived before a crash.
                It is looked for before anything else is posted.
            settles_doubt: where nobody may look for it, it counts as not there:
                a member who sees the channel has asked for another try.
            on_visible: called when a text is on the screen, maybe repeatedly.
            on_removing: called with the id of each message that we take away.
            on_refused: called when the reply cannot grow any more, so that
                nobody goes on writing; `finish` raises the same error.
            is_ours: whether the reply is this process's to leave readable; where
                another one writes it now, its text is newer.
            moving: whether it goes on in new messages if the old ones cannot be changed.
            last_edit_s: how long `finish` may take.
            retry_s: the first pause after Discord did not take something.
        """
        self._messages = ReplyMessages(
            voice,
            poster,
            place,
            speaker,
            split=lambda text: split(text, part_limit),
            outbox=outbox,
            mark=mark,
            buttons_while_writing=buttons_while_writing,
            after=after,
            already=already,
            posting=posting,
            settles_doubt=settles_doubt,
            on_calling=lambda: pacer.sent(self._channel, clock()),
            on_visible=on_visible,
            on_removing=on_removing,
            is_ours=is_ours,
            reached=reached,
            moving=moving,
        )
        self._pacer = pacer
        self._on_refused = on_refused
        self._is_ours = is_ours
        self._reached = reached
        self._last_edit_s = last_edit_s
        self._retry_s = retry_s
        self._clock = clock
        self._chance = chance

        self._channel = place.parent or place.channel
        self._newest = ""
        self._ending = False  # no growth any more
        self._settled = False  # finished or discarded: nothing to leave readable
        self._error: PostError | None = None
        self._changed = asyncio.Event()
        self._end = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._editor: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._pacer.begin(self._channel)
        self._editor = self._tasks.create_task(self._grow())
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
            self._editor.cancel()
            try:
                # Not handed the block's own error, which it would wrap in a group.
                await self._tasks.__aexit__(None, None, None)
            finally:
                self._pacer.end(self._channel)

    @property
    def shown(self) -> bool:
        """Whether a message of this reply is on the screen."""
        return bool(self._messages.ids)

    @property
    def parts(self) -> tuple[str, ...]:
        """What its messages show, in their order; empty where nobody knows."""
        return self._messages.texts

    @property
    def text(self) -> str:
        """The newest text as the screen shows it, or will: what is remembered is this.

        It differs from what was handed in where Discord did not let the words through.
        """
        return self._messages.shown(self._newest)

    @property
    def edited_ms(self) -> int:
        """Discord's time of the newest change to one of them; 0 if there was none."""
        return self._messages.edited_ms

    def speak_as(self, speaker: Speaker) -> None:
        """Somebody else speaks after all; only as long as nothing is shown."""
        self._messages.speaker = speaker

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
        self._newest = text
        try:
            async with asyncio.timeout(self._last_edit_s):
                await self._stop_growing()
                if self._error is not None:
                    raise self._error
                await self._insist(text, tuple(buttons))
        except TimeoutError:
            if self._messages.in_doubt:
                self._error = PostAmbiguous("no answer to a post in time")
                raise self._error from None
            raise PostError("the final text did not reach Discord in time") from None
        self._settled = True
        self._reached(Milestone.FINAL_EDIT)
        return self._messages.ids

    async def discard(self) -> None:
        """Remove from the screen what was posted.

        Raises:
            PostError: a message could not be removed; the others were tried.
        """
        try:
            async with asyncio.timeout(self._last_edit_s):
                await self._stop_growing()
                self._settled = True
                await self._messages.remove_all()
        except TimeoutError:
            raise PostError("what was posted could not be removed in time") from None

    async def _grow(self) -> None:
        last_at: float | None = None
        failures = 0
        with suppress(PostError):  # there is time for it while the model reads; tried again below
            await self._messages.take_up()
        while await self._next_text(last_at):
            try:
                last_at = self._clock()
                await self._messages.grow(self._newest)
                failures = 0
            except PostRefused as error:
                self._error = error
                self._on_refused(error)
                return
            except PostError as error:
                if self._messages.in_doubt:
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

    async def _stop_growing(self) -> None:
        """End the editor between two requests: an edit under way still lands first."""
        self._ending = True
        self._end.set()
        self._changed.set()
        await asyncio.wait([self._editor])

    async def _insist(self, text: str, buttons: tuple[Button, ...]) -> None:
        failures = 0
        while True:
            try:
                await self._messages.settle(text, buttons)
            except PostRefused as error:
                self._error = error
                raise
            except PostError as error:
                if self._messages.in_doubt:
                    self._error = error
                    raise
                failures += 1
                await asyncio.sleep(self._pause_s(failures))
            else:
                return

    async def _leave_readable(self) -> None:
        with suppress(PostError, TimeoutError):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._stop_growing()
                if self._error is None:
                    # The text that is there, grown as far as it got, and no
                    # button that nobody would answer.
                    await self._messages.leave(self._newest)

    def _pause_s(self, failures: int) -> float:
        return min(LONGEST_RETRY_S, self._retry_s * 2.0 ** (failures - 1)) * (0.5 + self._chance())
