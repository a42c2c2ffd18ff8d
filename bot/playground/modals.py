"""What a member fills into a modal, held against what the bot asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.components import LABEL, ROW, STRING_SELECT, TEXT_INPUT, walk
from bot.playground.refusals import Refusal

_TEXT_AT_MOST = 4000

Component = Mapping[str, Any]


def checked_submission(
    asked: Sequence[Component], given: Sequence[Component]
) -> list[dict[str, Any]]:
    """Return the filled components in the order and nesting in which they were asked for.

    Raises:
        Refusal: something required is missing, or a text is too short or too long.
    """
    answers = {str(c["custom_id"]): c for c in walk(given) if c.get("custom_id")}
    filled: list[dict[str, Any]] = []
    for number, component in enumerate(asked, start=1):
        base = {"id": component.get("id", number), "type": component["type"]}
        if component["type"] == ROW:
            inner = [_filled(child, answers) for child in component["components"]]
            filled.append({**base, "components": inner})
        elif component["type"] == LABEL:
            filled.append({**base, "component": _filled(component["component"], answers)})
        else:
            filled.append(base)
    return filled


def _filled(asked: Component, answers: Mapping[str, Component]) -> dict[str, Any]:
    custom_id = str(asked["custom_id"])
    answer = answers.get(custom_id, {})
    base = {"id": asked.get("id", 0), "type": asked["type"], "custom_id": custom_id}
    if asked["type"] == TEXT_INPUT:
        return {**base, "value": _text(asked, answer.get("value"))}
    values = [str(value) for value in answer.get("values") or []]
    if asked.get("required", True) and not values:
        raise _wrong(asked, "is required")
    if asked["type"] == STRING_SELECT:
        offered = {option["value"] for option in asked.get("options") or []}
        if not set(values) <= offered:
            raise _wrong(asked, "has no such choice")
    return {**base, "values": values}


def _text(asked: Component, value: object) -> str:
    text = value if isinstance(value, str) else ""
    if not text:
        if asked.get("required", True):
            raise _wrong(asked, "is required")
        return ""
    low, high = asked.get("min_length") or 0, asked.get("max_length") or _TEXT_AT_MOST
    if not low <= len(text) <= high:
        raise _wrong(asked, f"must have between {low} and {high} characters")
    return text


def _wrong(asked: Component, what: str) -> Refusal:
    return Refusal(400, 50035, f"“{asked.get('label') or asked['custom_id']}” {what}.")
