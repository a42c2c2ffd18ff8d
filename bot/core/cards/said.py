"""Values put into a document that may hold them already, in a form of its own."""

from collections.abc import Callable, Sequence

from bot.core.cards import fields
from bot.core.cards.notes import Notes

Json = dict[str, object]


def say(data: Json, name: str, value: str, read: Callable[[str], str]) -> None:
    """Put *value* in, unless what stands there is a text that is read as it."""
    found = data.get(name)
    if not isinstance(found, str) or read(found) != value:
        data[name] = value
    elif fields.holds_controls(found):
        data[name] = fields.clean(found)


def say_list(
    data: Json, name: str, value: Sequence[str], read: Callable[[object], Sequence[str]]
) -> None:
    """Put a list in, unless what stands there is a list of texts that is read as it."""
    found = data.get(name)
    is_list = isinstance(found, list) and all(isinstance(item, str) for item in found)
    if not is_list or read(found) != value:
        data[name] = list(value)


def say_number(data: Json, name: str, value: float | None) -> None:
    """Put a number or a truth value in; take out what is none."""
    found = data.get(name)
    if value is None:
        if found:
            del data[name]
    elif type(found) is not type(value) or found != value:
        data[name] = value


def text_of(value: str) -> str:
    """Read a text and say nothing of repairs; so with the next two."""
    return fields.text(value, "", Notes())


def line_of(value: str) -> str:
    return fields.line(value, "", Notes())


def texts_of(value: object) -> tuple[str, ...]:
    return fields.texts(value, "", Notes())
