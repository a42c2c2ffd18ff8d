"""The buttons under the newest reply: which there are, and that they are nowhere else."""

from collections.abc import Sequence
from contextlib import suppress

from bot.core.errors import PostError
from bot.core.ports import Button, Voice
from bot.core.scene import MessageId, Place, Role, SceneHead, Turn, Work, WorkKind
from bot.core.store_ports import MOST_SWIPES
from bot.services import reply_buttons
from bot.services.recent import Recent

CLEARED_KEPT = 4_096


def row_of(
    work: Work, turns: Sequence[Turn], *, may_go_on: bool = False, repeats: bool = False
) -> tuple[Button, ...]:
    """The buttons that belong under what *work* makes; none unless it is the newest reply.

    Args:
        turns: of the scene, as they are before it is stored.
    """
    if any(turn.role is Role.CHARACTER and turn.id > work.reply for turn in turns):
        return ()
    stored = next((turn for turn in turns if turn.id == work.reply), None)
    if stored is not None and stored.role is not Role.CHARACTER:
        return ()
    number, of = _standing(work.kind, stored)
    return reply_buttons.row(work.reply, number=number, of=of, may_go_on=may_go_on, repeats=repeats)


def row_under(turn: Turn, mark: str = "") -> tuple[Button, ...]:
    """The same for a reply as it is stored, if it is the newest.

    Args:
        mark: of the post that shows its end, if the buttons are to bear it.
    """
    number, of = _standing(WorkKind.SHOW, turn)
    return reply_buttons.row(turn.id, number=number, of=of, mark=mark)


def _standing(kind: WorkKind, stored: Turn | None) -> tuple[int, int]:
    if stored is None:
        return 1, 1
    if kind is WorkKind.SWIPE:
        count = min(len(stored.swipes) + 1, MOST_SWIPES)
        return count, count
    return stored.current + 1, len(stored.swipes)


class Rows:
    """Takes old buttons away. Borrows the voice."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._cleared: Recent[MessageId, bool] = Recent(CLEARED_KEPT)

    def old(self, head: SceneHead, row: MessageId | None) -> tuple[MessageId, ...]:
        """The messages that have buttons still, now that *row* has them.

        Args:
            head: of the scene as it was before.
        """
        if row is None:
            return ()
        self._cleared.forget(row)  # an undo may bring it back under a reply that had lost it
        before = (head.old_row, head.row)
        return tuple(
            each
            for each in before
            if each is not None and each != row and self._cleared.get(each) is None
        )

    async def clear(self, place: Place, messages: Sequence[MessageId]) -> None:
        """Take the buttons from *messages*. Where that fails, the next reply tries it again."""
        for message in messages:
            with suppress(PostError):
                await self._voice.put_buttons(place, message)
                self._cleared.set(message, True)  # noqa: FBT003  # a set of messages
