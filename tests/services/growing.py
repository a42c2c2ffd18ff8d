"""A reply that grows on a scripted voice, and how to look at it."""

import asyncio
from collections.abc import Callable

from bot.core.pacing import Pacer
from bot.core.ports import Button, Speaker
from bot.core.scene import ChannelId, GuildId, MessageId, Place
from bot.services.live_reply import LiveReply, Noted
from tests.fakes.scripted_voice import ScriptedVoice

HARBOUR = Place(ChannelId(7), GuildId(1), ChannelId(7))
MARA = Speaker("Mara")
STOP = Button("Stop", "stop")
AGAIN = Button("Again", "again")

EVERY_S = 0.05


def cut(text: str, limit: int) -> list[str]:
    return [text[start : start + limit] for start in range(0, len(text), limit)]


async def forget(message: MessageId) -> None:
    _ = message


def live(
    voice: ScriptedVoice,
    *,
    pacer: Pacer | None = None,
    already: tuple[MessageId, ...] = (),
    on_posted: Noted = forget,
    on_removing: Callable[[MessageId], None] = lambda _: None,
    is_ours: Callable[[], bool] = lambda: True,
    part_limit: int = 1_900,
    last_edit_s: float = 2.0,
) -> LiveReply:
    return LiveReply(
        voice,
        HARBOUR,
        MARA,
        pacer=pacer or Pacer(every_s=EVERY_S, at_most_s=2 * EVERY_S, calls=99),
        split=cut,
        on_posted=on_posted,
        on_removing=on_removing,
        is_ours=is_ours,
        buttons_while_writing=[STOP],
        already=already,
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
