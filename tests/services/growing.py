"""A reply that grows on a scripted voice, and how to look at it."""

import asyncio
from collections import deque
from collections.abc import Callable

from bot.core.errors import PostRefused
from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker, Voice
from bot.core.scene import (
    ChannelId,
    GuildId,
    MessageId,
    Place,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.services.echoes import Echoes
from bot.services.live_reply import LiveReply
from bot.services.milestones import Reached, pass_by
from bot.services.posting import Poster
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import CountingMetrics

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
AGAIN = Button("Again", "again")
REPLY = reply_turn_id(player_turn_id(MessageId(1_000)))
TRIGGER = MessageId(1_000)

EVERY_S = 0.05


def cut(text: str, limit: int) -> list[str]:
    return [text[start : start + limit] for start in range(0, len(text), limit)]


def stop(mark: str) -> Button:
    return Button("Stop", f"stop:7:{mark}")


class Notebook:
    """An outbox that keeps what it was told, in order, and fails when told to."""

    def __init__(self) -> None:
        self.intended: list[str] = []
        self.posted_in: list[MessageId] = []
        self.errors: deque[Exception | None] = deque()

    async def intend(self, mark: str) -> None:
        self._fail()
        self.intended.append(mark)

    async def confirm(self) -> None: ...

    async def posted(self, message: MessageId) -> None:
        self._fail()
        self.posted_in.append(message)

    def _fail(self) -> None:
        error = self.errors.popleft() if self.errors else None
        if error is not None:
            raise error


def poster_on(voice: Voice) -> Poster:
    echoes = Echoes(store=MemorySceneStore(), voice=voice, metrics=CountingMetrics())
    return Poster(voice, echoes, echo_s=0.01)


def live(
    voice: ScriptedVoice,
    *,
    pacer: Pacer | None = None,
    already: tuple[MessageId, ...] = (),
    posting: str = "",
    settles_doubt: bool = False,
    outbox: Notebook | None = None,
    on_visible: Callable[[], None] = lambda: None,
    on_removing: Callable[[MessageId], None] = lambda _: None,
    on_refused: Callable[[PostRefused], None] = lambda _: None,
    is_ours: Callable[[], bool] = lambda: True,
    reached: Reached = pass_by,
    part_limit: int = 1_900,
    last_edit_s: float = 2.0,
) -> LiveReply:
    return LiveReply(
        voice,
        poster_on(voice),
        HARBOUR,
        MARA,
        pacer=pacer or Pacer(every_s=EVERY_S, at_most_s=2 * EVERY_S, calls=99),
        split=cut,
        outbox=outbox or Notebook(),
        mark=lambda part: mark_of(REPLY, part),
        buttons_while_writing=lambda mark: [stop(mark)],
        after=TRIGGER,
        already=already,
        posting=posting,
        settles_doubt=settles_doubt,
        on_visible=on_visible,
        on_removing=on_removing,
        on_refused=on_refused,
        is_ours=is_ours,
        reached=reached,
        part_limit=part_limit,
        last_edit_s=last_edit_s,
        retry_s=0.01,
        chance=lambda: 0.5,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():  # any condition, so no event to wait for
            await asyncio.sleep(0.001)


def texts(voice: ScriptedVoice) -> list[str]:
    return [each.text for each in voice.on_screen(HARBOUR.channel)]


def labels(voice: ScriptedVoice) -> list[list[str]]:
    return [each.labels for each in voice.on_screen(HARBOUR.channel)]
