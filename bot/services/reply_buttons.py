"""The buttons under a reply, and under a notice that offers another try."""

from collections.abc import Sequence

from bot.core.phrases import phrase
from bot.core.ports import Button
from bot.core.scene import ChannelId, TurnId, WorkKind
from bot.services.lane import Lane

STOP_PREFIX = "stop:"
RETRY_PREFIX = "retry:"
CONTINUE_PREFIX = "continue:"
PREVIOUS_PREFIX = "swipe:prev:"
NEXT_PREFIX = "swipe:next:"
NEW_PREFIX = "swipe:new:"
MORE_PREFIX = "more:"


def stop_button(channel: ChannelId, mark: str) -> Button:
    """End the reply that is being written, keeping what is there.

    The mark at the end of its id says which post this is, whoever finds it.
    """
    return Button(phrase("Stop"), f"{STOP_PREFIX}{channel}:{mark}", danger=True)


def retry_button(trigger: TurnId) -> Button:
    """Ask again for the reply to *trigger*; stands under a notice, which then goes."""
    return Button(phrase("Try again"), f"{RETRY_PREFIX}{trigger}", emoji="🔁")


def line_to_retry(custom_ids: Sequence[str]) -> TurnId | None:
    """The line of a `retry_button` among buttons of these ids; None if there is none."""
    found = (each for each in custom_ids if each.startswith(RETRY_PREFIX))
    return next((TurnId(each.removeprefix(RETRY_PREFIX)) for each in found), None)


def another_try(lane: Lane) -> Button | None:
    """Ask again for what the lane could not do.

    A reply that stands already needs none: it still has its own buttons.
    """
    is_stored = lane.serving.kind is not WorkKind.REPLY
    return None if is_stored else retry_button(lane.serving.turn)


def row(
    reply: TurnId,
    *,
    number: int,
    of: int,
    may_go_on: bool = False,
    repeats: bool = False,
    mark: str = "",
) -> tuple[Button, ...]:
    """What a member may do about the newest reply.

    Five buttons, as many as Discord puts in a row; what the reply asks for most
    is said in words.

    Args:
        number: which of its texts is shown, from 1, *of* so many.
        may_go_on: whether it was cut off.
        repeats: whether it says what was said before.
        mark: of the post that stands over them, if they are to say so.
    """
    return (
        Button("◀", f"{PREVIOUS_PREFIX}{reply}", disabled=number == 1),
        Button(f"{number}/{of} ▶", f"{NEXT_PREFIX}{reply}"),
        Button(phrase("Write it anew") if repeats else "", f"{NEW_PREFIX}{reply}", emoji="🔁"),
        Button(phrase("▶▶ Continue") if may_go_on else "▶▶", f"{CONTINUE_PREFIX}{reply}"),
        Button("⋯", f"{MORE_PREFIX}{mark or reply}"),
    )
