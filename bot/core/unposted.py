"""Turns that are stored first and posted by us afterwards, and what they say of that.

That a turn has no messages is not enough to know it by: a copied story shows
nothing of itself either, and is not to be posted. So the turn says it, until it
stands on the screen.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from bot.core.scene import MessageId, Turn, message_of

ORIGIN = "origin"
"""Under this name a turn's facts keep its `Origin`, also once it is posted."""
DRAFT = "draft"
"""Under this one a line that was sent for a player keeps the message of its draft."""
_WAITS = "to_post"
_FACE = "face"
_AFTER = "after"


class Origin(StrEnum):
    """How a turn that no model wrote, and no member posted, came into the story."""

    GREETING = "greeting"
    NARRATION = "narration"
    TIME = "time"
    ROLL = "roll"
    SENT = "sent"  # for a player, who had it drafted
    PROXIED = "proxied"  # another bot has posted it in place of what a player wrote


def to_be_posted(turn: Turn, *, face: str = "") -> Turn:
    """Return *turn* as one that we have to post, under the picture at *face* if it is a player's.

    Whatever showed it before shows it no more.
    """
    left = off_the_screen(turn)
    facts = {**left.facts, _WAITS: "1"} | ({_FACE: face} if face else {})
    return replace(left, facts=facts)


def off_the_screen(turn: Turn, *, but: tuple[MessageId, ...] = ()) -> Turn:
    """Return *turn* as one whose messages are removed, *but* for those.

    What is posted of it from now on is newer than they all were.
    """
    if but == turn.messages:
        return turn
    facts = {**turn.facts, _AFTER: str(max(turn.messages))}
    return replace(turn, messages=but, parts=(), edited_ms=0, facts=facts)


def is_to_be_posted(turn: Turn) -> bool:
    """Whether *turn* is remembered and to be on the screen, and no message shows it yet."""
    return not turn.messages and _WAITS in turn.facts


def face_of(turn: Turn) -> str:
    """The picture under which it is posted, also when it comes back; empty for none."""
    return turn.facts.get(_FACE, "")


def posted_after(turn: Turn) -> MessageId:
    """A message that is older than every one that is to show *turn*.

    What showed it before it was taken back may be heard of late, and has the
    same marks.
    """
    before = turn.facts.get(_AFTER, "")
    return max(message_of(turn.id), MessageId(int(before) if before.isdecimal() else 0))


def as_posted(turn: Turn, shown: Mapping[MessageId, str], *, is_whole: bool = True) -> Turn:
    """Return *turn* as the messages of *shown* show it.

    Args:
        is_whole: whether they show all of it; else it is what they show.
    """
    facts = {name: text for name, text in turn.facts.items() if name not in (_WAITS, _AFTER)}
    swipes = list(turn.swipes)
    if not is_whole:
        swipes[turn.current] = "\n".join(shown.values())
    return replace(
        turn,
        swipes=tuple(swipes),
        messages=tuple(shown),
        parts=tuple(shown.values()) if len(shown) > 1 else (),
        facts=facts,
    )


def told_again(turn: Turn, staying: tuple[MessageId, ...]) -> Turn:
    """Return *turn*, a line that we posted, as far as *staying* shows it, or to be posted anew."""
    if staying == turn.messages:
        return turn
    parts = zip(turn.messages, turn.parts, strict=False)
    left = {message: part for message, part in parts if message in staying}
    return as_posted(turn, left, is_whole=False) if left else to_be_posted(turn)
