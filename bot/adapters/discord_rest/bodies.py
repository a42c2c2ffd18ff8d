"""Messages as Discord writes them down: bodies to send, and what an answer says."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.marks import mark_in
from bot.core.ports import Button, ShownPost

NAMED_TEXT_LIMIT = 1_900
"""Leaves room for any name in bold above the text."""

BUTTONS_IN_A_ROW = 5

_NO_MENTIONS: Mapping[str, Any] = {"allowed_mentions": {"parse": []}}
_ROW, _BUTTON, _GREY, _RED = 1, 2, 2, 4


def new_message(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """The body of a post."""
    body = {"content": text, **_NO_MENTIONS}
    return body | {"components": _rows(buttons)} if buttons else body


def change(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """The body of an edit; buttons that are not named go."""
    return {"content": text, **_NO_MENTIONS, "components": _rows(buttons)}


def change_of_buttons(buttons: Sequence[Button]) -> dict[str, Any]:
    """The body of an edit that leaves the text."""
    return {"components": _rows(buttons), **_NO_MENTIONS}


def custom_ids(message: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the buttons under a message."""
    for row in message.get("components") or ():
        for cell in row.get("components") or ():
            if isinstance(cell.get("custom_id"), str):
                yield cell["custom_id"]


def shown_post(message: Mapping[str, Any]) -> ShownPost:
    """What a message of ours shows."""
    mark = next(filter(None, map(mark_in, custom_ids(message))), None)
    return ShownPost(str(message["content"]), mark or "")


def edited_ms(message: object) -> int:
    """When a message was last edited, in Unix milliseconds; 0 if it does not say."""
    moment = message.get("edited_timestamp") if isinstance(message, Mapping) else None
    try:
        return round(datetime.fromisoformat(moment).timestamp() * 1000) if moment else 0
    except (TypeError, ValueError):
        return 0


def _rows(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    cells = [_cell(button) for button in buttons]
    return [
        {"type": _ROW, "components": cells[start : start + BUTTONS_IN_A_ROW]}
        for start in range(0, len(cells), BUTTONS_IN_A_ROW)
    ]


def _cell(button: Button) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "type": _BUTTON,
        "style": _RED if button.danger else _GREY,
        "custom_id": button.custom_id,
    }
    if button.label:
        cell["label"] = button.label
    if button.emoji is not None:
        cell["emoji"] = {"name": button.emoji}
    if button.disabled:
        cell["disabled"] = True
    return cell
