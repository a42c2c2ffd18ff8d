"""A scene as a member sees it in a list of them."""

from dataclasses import dataclass

from bot.core.plain_text import shortened
from bot.core.scene import MessageId, Place
from bot.core.store_answers import Survey

LINE_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class ListedScene:
    """A scene as a list shows it.

    Attributes:
        last: what was said last, shortened; empty if nothing was.
        at_ms: when that was, in Unix milliseconds.
        message: one that shows it, if any does.
    """

    place: Place
    character_name: str
    is_live: bool
    last: str
    at_ms: int
    message: MessageId | None


def listed(survey: Survey) -> ListedScene:
    """The scene of *survey*."""
    last, head = survey.last, survey.head
    said = "" if last is None else f"{last.name}: {last.text}" if last.name else last.text
    return ListedScene(
        place=head.place,
        character_name=head.character_name,
        is_live=head.live,
        last=shortened(said, LINE_CHARACTERS),
        at_ms=head.started_ms if last is None else last.at_ms,
        message=last.messages[-1] if last is not None and last.messages else None,
    )
