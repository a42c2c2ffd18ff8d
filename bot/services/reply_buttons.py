"""The buttons under a reply, and under a notice that offers another try."""

from bot.core.ports import Button
from bot.core.scene import ChannelId, TurnId, reply_turn_id
from bot.services.drafting import Draft
from bot.services.lane import Lane

STOP_PREFIX = "stop:"
RETRY_PREFIX = "retry:"
CONTINUE_PREFIX = "continue:"
AGAIN_PREFIX = "again:"


def stop_button(channel: ChannelId, mark: str) -> Button:
    """End the reply that is being written, keeping what is there.

    The mark at the end of its id says which post this is, whoever finds it.
    """
    return Button("Stop", f"{STOP_PREFIX}{channel}:{mark}", emoji="■", danger=True)


def retry_button(trigger: TurnId) -> Button:
    """Ask again for the reply to *trigger*; stands under a notice, which then goes."""
    return Button("Try again", f"{RETRY_PREFIX}{trigger}", emoji="🔁")


def continue_button(reply: TurnId) -> Button:
    """Let a reply that was cut off go on."""
    return Button("Continue", f"{CONTINUE_PREFIX}{reply}", emoji="▶️")


def again_button(trigger: TurnId) -> Button:
    """Have a reply that is there written anew; stands under the reply itself."""
    return Button("Write it anew", f"{AGAIN_PREFIX}{trigger}", emoji="🔁")


def another_try(lane: Lane) -> Button | None:
    """Ask again for what the lane could not do.

    A reply that was to go on needs none: it still has its own button.
    """
    return None if lane.serving.continues else retry_button(lane.serving.turn)


def offers(trigger: TurnId, draft: Draft) -> tuple[Button, ...]:
    """What a member may do about a reply that is not as it should be."""
    found = []
    if draft.may_go_on:
        found.append(continue_button(reply_turn_id(trigger)))
    if draft.facts.repeats:
        found.append(again_button(trigger))
    return tuple(found)
