"""`Threads` in memory: starts them beside a `ScriptedVoice`, and fails when told to."""

import itertools
from collections import deque
from dataclasses import dataclass

from bot.core.errors import PostAmbiguous
from bot.core.ports import ThreadHome
from bot.core.scene import ChannelId, MessageId, Place, UserId
from tests.fakes.scripted_voice import ScriptedVoice

FIRST_THREAD = 5_000_001


@dataclass
class StartedThread:
    id: ChannelId
    home: ThreadHome
    name: str
    members: list[UserId]


class ScriptedThreads:
    """Each queued outcome meets the next start: an error, or None for none.

    With `stores_first` set, a start whose answer was lost has its effect, and is found.
    """

    def __init__(self, voice: ScriptedVoice) -> None:
        self.started: dict[ChannelId, StartedThread] = {}
        self.outcomes: deque[Exception | None] = deque()
        self.stores_first = False
        self._voice = voice
        self._ids = itertools.count(FIRST_THREAD)

    async def open(
        self, home: ThreadHome, name: str, opening: str, *, after: MessageId
    ) -> ChannelId:
        _ = after
        error = self.outcomes.popleft() if self.outcomes else None
        is_found = self.stores_first and isinstance(error, PostAmbiguous)
        if error is not None and not is_found:
            raise error
        thread = ChannelId(next(self._ids))
        self.started[thread] = StartedThread(thread, home, name, [])
        await self._voice.notice(Place(thread, home.guild, home.channel), opening)
        return thread

    async def invite(self, thread: ChannelId, user: UserId) -> None:
        self.started[thread].members.append(user)
