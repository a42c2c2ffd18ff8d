"""The life of the running bot: connected until it is told to end, then ending in order."""

import asyncio
import logging
import signal
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress

from bot.adapters.redis_store import GatewayPlace
from bot.core.errors import StartupError
from bot.discord_ui.client import RoleplayBot, run_until_closed
from bot.services.turns import TurnPipeline
from bot.settings import EXIT_CONFIG, TurnSettings

log = logging.getLogger(__name__)

REFUSED = (
    "Discord does not accept the token any more: it was reset. Copy the new one from the developer "
    "portal (your application, page Bot) into BOT_DISCORD__TOKEN."
)
TOLD = "It was told to end before Redis had answered."
CLOSE_TIMEOUT_S = 3.0
"""With `drain_s` and the last words of replies this stays below 30 s, and Compose waits for 45."""


class Stops:
    """What signals have asked for.

    Attributes:
        asked: to end: no new replies, and time for those in the making.
        hurried: to end at once: a second Ctrl-C.
        refused: Discord does not accept the token any more, so nothing can be said.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()
        self.refused = asyncio.Event()
        self._waiting: asyncio.Timeout | None = None

    def listen(self) -> None:
        """Take over the signals of this process."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._end)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)
        # Its terminal is gone; `nohup` has it ignored, and then it stays so.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            loop.add_signal_handler(signal.SIGHUP, self._end)

    def ignore(self) -> None:
        """Let signals pass from now on: all is done, and one more would spoil the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)

    @asynccontextmanager
    async def heeded(self) -> AsyncGenerator[None, None]:
        """A signal cuts the block short.

        Raises:
            StartupError: it did.
        """
        try:
            async with asyncio.timeout(0 if self.asked.is_set() else None) as self._waiting:
                yield
        except TimeoutError:
            if self._waiting is None or not self._waiting.expired():
                raise
            raise StartupError(TOLD, exit_code=0) from None
        finally:
            self._waiting = None

    def _end(self) -> None:
        if self._waiting is not None and not self.asked.is_set():
            self._waiting.reschedule(asyncio.get_running_loop().time())
        self.asked.set()

    def _interrupted(self) -> None:
        if self.asked.is_set():
            self.hurried.set()
        self._end()


async def serve(
    bot: RoleplayBot,
    pipeline: TurnPipeline,
    place: GatewayPlace,
    stops: Stops,
    *,
    token: str,
    turns: TurnSettings,
) -> None:
    """Stay connected until told to end, then let replies end.

    Raises:
        StartupError: Discord cannot be had, or another process has our place there.
    """

    async def connect() -> None:
        # A process that was told to stop may let its replies end; a killed one is waited out.
        await place.take(turns.drain_s + 2 * turns.lease_s)
        await run_until_closed(bot, token)

    async with asyncio.TaskGroup() as tasks:
        connected = tasks.create_task(connect())
        leaving = tasks.create_task(stops.asked.wait())
        refused = tasks.create_task(stops.refused.wait())
        lost = tasks.create_task(place.keep())
        ends = {connected, leaving, refused, lost}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        is_lost, is_refused = lost.done(), refused.done()
        if is_lost:
            await _in_time(bot.close())  # the other process hears all now
        if is_refused:
            await _in_time(bot.close())
        elif place.is_ours and (is_lost or not connected.done()):
            log.info("stopping")
            await _let_end(bot, pipeline, turns.drain_s, stops)
            await _in_time(bot.leave())
        for task in ends:
            task.cancel()
    if is_refused:
        raise StartupError(REFUSED, exit_code=EXIT_CONFIG)
    if is_lost:
        raise place.lost()


async def _let_end(bot: RoleplayBot, pipeline: TurnPipeline, within_s: float, stops: Stops) -> None:
    """Wait for replies, and for answers to commands and presses.

    Replies that have not ended then are cut off when the pipeline is left, and
    their state is kept; answers are when the bot is.
    """
    async with asyncio.TaskGroup() as tasks:
        replies = tasks.create_task(pipeline.drain(within_s))
        answers = tasks.create_task(bot.answers.ended(within_s))
        both = tasks.create_task(asyncio.wait({replies, answers}))
        hurried = tasks.create_task(stops.hurried.wait())
        await asyncio.wait({both, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if not replies.done() or not replies.result():
            log.warning("replies were cut off at shutdown")
        for task in (replies, answers, both, hurried):
            task.cancel()


async def _in_time(ending: Coroutine[None, None, None]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await ending
