"""The bot's own words: English as it stands, and what it takes to say them otherwise.

A `Phrase` is a text like any other. It remembers the template that it was made
from, which is its name in the catalogues of other languages, and the values.
Whatever is not in a catalogue stays English.
"""

import string
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

Words = Mapping[str, str]
"""A catalogue: each template as it is in English, and as it is in a language."""

ENGLISH: Words = MappingProxyType({})


class Phrase(str):
    """English text that was made of a template and values; see `phrase`."""

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Self:
        self = super().__new__(cls, template.format(**values))
        self.template = template
        self.values = values
        return self

    def __str__(self) -> str:
        return self  # whoever asks discord.py to keep a text asks for this first

    def __getnewargs__(self) -> tuple[str, Mapping[str, Any]]:  # type: ignore[override]  # of `__new__` above
        return self.template, self.values


class Paragraphs(str):
    """English texts, one after the other; each is translated for itself."""

    __slots__ = ("between", "parts")

    between: str
    parts: Sequence[str]

    def __new__(cls, parts: Iterable[str], between: str = "\n") -> Self:
        kept = tuple(parts)
        self = super().__new__(cls, between.join(kept))
        self.between = between
        self.parts = kept
        return self

    def __str__(self) -> str:
        return self

    def __getnewargs__(self) -> tuple[Iterable[str], str]:  # type: ignore[override]  # of `__new__` above
        return self.parts, self.between


def phrase(template: str, /, **values: Any) -> str:
    """Say *template* with *values* in its `{places}`, as `str.format` does.

    What members wrote is only ever a value: it is neither looked up nor read as a template.
    """
    return Phrase(template, values)


def template(text: str) -> str:
    """Mark what `phrase` is given elsewhere, so that it is found for the catalogues."""
    return text


def joined(*parts: str, between: str = " ") -> str:
    """*parts* in one text, but for the empty ones."""
    return Paragraphs((part for part in parts if part), between)


def counted(count: int, one: str, many: str) -> str:
    """Which of two texts says *count* of something."""
    return one if count == 1 else many


def translated(text: str, words: Words) -> str:
    """*text* as a catalogue has it; values that are phrases are translated, too."""
    if not words:
        return text[:]
    if isinstance(text, Paragraphs):
        return text.between.join(translated(part, words) for part in text.parts)
    if isinstance(text, Phrase):
        values = {
            name: translated(value, words) if isinstance(value, Phrase | Paragraphs) else value
            for name, value in text.values.items()
        }
        return words.get(text.template, text.template).format(**values)
    return text[:]


def places_of(template: str) -> frozenset[str]:
    """The names of the places in a template.

    Raises:
        ValueError: it is none, for its braces do not match.
    """
    found = string.Formatter().parse(template)
    return frozenset(name for _, name, _, _ in found if name is not None)
