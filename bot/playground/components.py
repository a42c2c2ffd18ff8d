"""What Discord accepts as the components of a message or a modal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.playground.refusals import Refusal, invalid_fields, too_long

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SECTION, TEXT_DISPLAY, CONTAINER, LABEL = 9, 10, 17, 18
SELECTS = (3, 5, 6, 7, 8)
LINK_STYLE, PREMIUM_STYLE = 5, 6
_TOP_V1 = (ROW,)
_KNOWN = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 19, 21, 22, 23})
_ROWS, _IN_ROW, _OPTIONS, _V2_TOTAL, _V2_TEXT = 5, 5, 25, 40, 4000
_CUSTOM_ID, _LABEL, _OPTION_TEXT, _TITLE = 100, 80, 100, 45

_EMOJI = re.compile(
    "(?:[©®‼⁉™\u2139↔-↙↩↪⌚⌛⌨⏏⏩-⏳⏸-⏺Ⓜ▪▫▶◀◻-◾☀-➿⤴⤵⬅-⬇⬛⬜⭐⭕〰〽㊗㊙\U0001f000-\U0001faff]"
    "[\u200d\ufe0f]*)+|[0-9#*]\ufe0f?\u20e3"
)
"""What looks like one; Discord knows them one by one."""

Component = Mapping[str, Any]


def check_components(components: Sequence[Component], *, is_v2: bool) -> list[dict[str, Any]]:
    """Return *components* as Discord would store them: numbered.

    Raises:
        Refusal: one of Discord's limits is broken; the field is named.
    """
    if not is_v2 and len(components) > _ROWS:
        raise invalid_fields({"components": f"Must be {_ROWS} or fewer in length."})
    for index, component in enumerate(components):
        if not is_v2 and component.get("type") not in _TOP_V1:
            raise invalid_fields({f"components.{index}.type": "Value must be one of {1}."})
    _check_each(components)
    everything = list(walk(components))
    if is_v2:
        if len(everything) > _V2_TOTAL:
            raise invalid_fields({"components": f"Must be {_V2_TOTAL} or fewer in total."})
        if sum(len(c.get("content", "")) for c in everything) > _V2_TEXT:
            raise too_long("components", _V2_TEXT)
    return _numbered(components, iter(range(1, 1_000)))


def check_modal(data: Mapping[str, Any]) -> None:
    """Refuse a modal that Discord would refuse."""
    title, custom_id = data.get("title"), data.get("custom_id")
    if not isinstance(title, str) or not 0 < len(title) <= _TITLE:
        raise invalid_fields({"data.title": f"Must be between 1 and {_TITLE} in length."})
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _CUSTOM_ID:
        raise invalid_fields({"data.custom_id": f"Must be between 1 and {_CUSTOM_ID} in length."})
    components = data.get("components") or []
    if not 0 < len(components) <= _ROWS:
        raise invalid_fields({"data.components": f"Must be between 1 and {_ROWS} in length."})
    _check_each(components)


def walk(components: Sequence[Component]) -> Iterator[Component]:
    """Every component with all that it holds, in reading order."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for single in ("component", "accessory"):
            if isinstance(component.get(single), Mapping):
                yield from walk([component[single]])


def find_component(components: Sequence[Component], custom_id: str) -> Component | None:
    """Return the component that sends *custom_id*."""
    return next((c for c in walk(components) if c.get("custom_id") == custom_id), None)


def _check_each(components: Sequence[Component]) -> None:
    seen: set[str] = set()
    for component in walk(components):
        kind = component.get("type")
        if kind not in _KNOWN:
            raise invalid_fields({"components.type": f"Unknown component type {kind}."})
        if kind == ROW:
            _check_row(component)
        elif kind == BUTTON:
            _check_button(component)
        elif kind in SELECTS:
            _check_select(component)
        custom_id = component.get("custom_id")
        if custom_id is None:
            continue
        if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _CUSTOM_ID:
            raise too_long("components.custom_id", _CUSTOM_ID)
        if custom_id in seen:
            errors = {
                "components": (
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                )
            }
            raise Refusal(400, 50035, "Invalid Form Body", errors)
        seen.add(custom_id)


def _check_row(row: Component) -> None:
    inner = row.get("components") or []
    width = sum(_IN_ROW if child.get("type") in SELECTS else 1 for child in inner)
    if not 0 < width <= _IN_ROW:
        raise invalid_fields({"components.components": "Must be between 1 and 5 in length."})


def _check_button(button: Component) -> None:
    if len(button.get("label") or "") > _LABEL:
        raise too_long("components.label", _LABEL)
    if not button.get("label") and not button.get("emoji"):
        raise invalid_fields({"components.label": "A button must have a label or emoji."})
    _check_emoji(button.get("emoji"))
    needed = "url" if button.get("style") == LINK_STYLE else "custom_id"
    if not button.get(needed) and button.get("style") != PREMIUM_STYLE:
        raise invalid_fields({f"components.{needed}": "This field is required"})


def _check_emoji(emoji: Mapping[str, Any] | None) -> None:
    if not emoji:
        return
    given = emoji if isinstance(emoji, Mapping) else {}
    if not given.get("id") and not _EMOJI.fullmatch(str(given.get("name"))):
        errors = {"components.emoji.name": ("BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")}
        raise Refusal(400, 50035, "Invalid Form Body", errors)


def _check_select(select: Component) -> None:
    options = select.get("options") or []
    if select["type"] == STRING_SELECT and not 0 < len(options) <= _OPTIONS:
        raise invalid_fields({"components.options": f"Must be between 1 and {_OPTIONS} in length."})
    for option in options:
        _check_emoji(option.get("emoji"))
        for name in ("label", "value", "description"):
            if len(option.get(name) or "") > _OPTION_TEXT:
                raise too_long(f"components.options.{name}", _OPTION_TEXT)
    values = [option.get("value") for option in options]
    if len(set(values)) != len(values):
        raise invalid_fields({"components.options": "The specified option value is already used"})


def _numbered(components: Sequence[Component], numbers: Iterator[int]) -> list[dict[str, Any]]:
    numbered = []
    for component in components:
        copy = {"id": next(numbers), **component}
        if "components" in copy:
            copy["components"] = _numbered(copy["components"], numbers)
        for single in ("component", "accessory"):
            if isinstance(copy.get(single), Mapping):
                copy[single] = _numbered([copy[single]], numbers)[0]
        numbered.append(copy)
    return numbered
