"""A line that replies to an older message: what of that is told to the model."""

from collections.abc import Sequence

from bot.core.scene import MessageId, Turn

QUOTED_CHARACTERS = 300


def answered_by(turns: Sequence[Turn], message: MessageId) -> Turn | None:
    """The turn that *message* shows, if the story has it."""
    return next((turn for turn in reversed(turns) if message in turn.messages), None)


def quote(turns: Sequence[Turn], message: MessageId) -> str:
    """Quote what *message* shows, for a line right behind *turns*; empty if that needs no words.

    The text is the story's own, so it is as it was edited last. What the model
    does not read is not told in this way either: what is hidden, and what is no
    part of the story. Nor is what stands right before the line anyway.
    """
    turn = answered_by(turns, message)
    if turn is None or turn.hidden or turn is turns[-1]:
        return ""
    text = turn.text
    place = turn.messages.index(message)
    if len(turn.parts) == len(turn.messages) > 1:
        text = turn.parts[place]
    return as_quoted(turn.name, text)


def as_quoted(name: str, text: str) -> str:
    """What somebody of that name said, as it is quoted; empty if it has no words."""
    said = " ".join(text.split())
    if len(said) > QUOTED_CHARACTERS:
        said = said[:QUOTED_CHARACTERS].rstrip() + "…"
    if not said:
        return ""
    return f"{name}: “{said}”" if name else f"“{said}”"
