"""The fields of a card, whatever stands in them: read as what they ought to be.

Each reader takes any value, gives one of its own kind, and notes what it mended.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from bot.core.cards.notes import Notes
from bot.core.phrases import phrase

MOST_TEXT = 16 * 1024
MOST_ITEMS = 100
LARGEST = 1_000_000_000
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TRUE, _FALSE = frozenset(("true", "yes", "on", "1")), frozenset(("false", "no", "off", "0", ""))
_MILLISECONDS_FROM = 100_000_000_000  # as seconds, the year 5138
_REGEX = re.compile(r"/.+/[a-zA-Z]*", re.DOTALL)


def clean(text: str) -> str:
    """Return *text* with one kind of line break and no control characters."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def holds_controls(text: str) -> bool:
    """Whether there is something in *text* that no text holds."""
    return _CONTROLS.search(text.replace("\r", "")) is not None


def text(value: object, name: str, notes: Notes) -> str:
    """Read a text; *name* is told where it was none."""
    said = _as_text(value, name, notes)
    if holds_controls(said):
        notes.add(phrase("`{name}` held control characters; they were taken out.", name=name))
    said = clean(said)
    if len(said) > MOST_TEXT:
        notes.add(
            phrase(
                "`{name}` has {count:,} characters; only the first {most_text:,} are used here.",
                name=name,
                count=len(said),
                most_text=MOST_TEXT,
            )
        )
    return said[:MOST_TEXT]


def _as_text(value: object, name: str, notes: Notes) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        notes.add(phrase("`{name}` was null; it is empty now.", name=name))
        return ""
    if isinstance(value, (int, float)):
        notes.add(phrase("`{name}` was a number or a truth value; it is text now.", name=name))
        return str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(value, (list, tuple)):
        notes.add(phrase("`{name}` was a list; its texts were joined.", name=name))
        return "\n".join(item for item in value if isinstance(item, str) and item.strip())
    notes.add(phrase("`{name}` was no text and is left out.", name=name))
    return ""


def line(value: object, name: str, notes: Notes) -> str:
    """Read a text of one line."""
    return " ".join(text(value, name, notes).split())


def texts(value: object, name: str, notes: Notes, *, commas: bool = False) -> tuple[str, ...]:
    """Read a list of texts; one text alone is a list as well, of several with *commas*."""
    items: list[object]
    if value is None:
        notes.add(phrase("`{name}` was null; it is an empty list now.", name=name))
        items = []
    elif isinstance(value, str):
        if value.strip():
            notes.add(phrase("`{name}` was one text; it is a list now.", name=name))
        items = [*value.split(",")] if commas else [value]
    elif isinstance(value, Mapping):
        notes.add(phrase("`{name}` was an object; its values are a list now.", name=name))
        items = list(value.values())
    elif isinstance(value, (list, tuple)):
        items = list(value)
    else:
        notes.add(phrase("`{name}` was no list and is left out.", name=name))
        items = []
    found = [
        clean(item).strip() if commas else clean(item) for item in _strings(items, name, notes)
    ]
    kept = [item[:MOST_TEXT] for item in found if item.strip()]
    if len(kept) > MOST_ITEMS or any(len(item) > MOST_TEXT for item in found):
        notes.add(phrase("`{name}` is too long; only its beginning is used here.", name=name))
    return tuple(kept[:MOST_ITEMS])


def _strings(items: list[object], name: str, notes: Notes) -> list[str]:
    found = []
    for item in items:
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, (int, float)) and not isinstance(item, bool):
            found.append(str(item))
        else:
            notes.add(
                phrase("`{name}` held something that is no text; it was left out.", name=name)
            )
    return found


def keys_of(value: object, notes: Notes) -> tuple[str, ...]:
    """Read the keys of a lore entry: a list, or one text with commas."""
    if isinstance(value, str) and _REGEX.fullmatch(value.strip()):
        value = [value]  # whose commas part nothing
    elif isinstance(value, str) and value.strip():
        notes.in_entry(phrase("the keys were one text; they are a list now"))
    if value is None:
        return ()
    mended = Notes()
    found = texts(value, "keys", mended, commas=isinstance(value, str))
    if not isinstance(value, str) and mended.all():
        notes.in_entry(phrase("some keys were no texts, or too many; they were left out"))
    return tuple(key.strip() for key in found)


def whole(value: object) -> int | None:
    """Read a whole number, also out of a text; None if it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, (int, float)) and abs(value) <= LARGEST:  # false for what is no number
        return int(value)
    return None


def natural(value: object) -> int | None:
    """Read a whole number that is not negative; None if it is none."""
    number = whole(value)
    return number if number is not None and number >= 0 else None


def fact(value: object) -> bool | None:
    """Read a truth value, also out of a number or a text; None if it is none."""
    if isinstance(value, (bool, int, float)):
        return bool(value)
    if isinstance(value, str):
        said = value.strip().lower()
        return True if said in _TRUE else False if said in _FALSE else None
    return None


def mapping(value: object, name: str, notes: Notes) -> dict[str, object]:
    """Read an object."""
    if isinstance(value, Mapping):
        return {str(key): each for key, each in value.items()}
    notes.add(phrase("`{name}` was no object; it is empty now.", name=name))
    return {}


def seconds(value: object, name: str, notes: Notes) -> int | None:
    """Read Unix time in seconds, from milliseconds or ISO 8601 too; None if it is unknown."""
    if value is None:
        return None
    number: float | None = None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value)
    elif isinstance(value, str):
        number = _from_text(value.strip())
    if number is not None and number >= _MILLISECONDS_FROM:
        notes.add(phrase("`{name}` was in milliseconds; it is in seconds now.", name=name))
        number /= 1000
    elif isinstance(value, str):
        notes.add(phrase("`{name}` was a text; it is a number now.", name=name))
    if number is None or not 0 <= number < _MILLISECONDS_FROM:
        notes.add(phrase("`{name}` is no time and is left out.", name=name))
        return None
    return int(number) or None


def _from_text(said: str) -> float | None:
    try:
        return float(said)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(said).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
