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


def phrase(template: str, /, **values: Any) -> Phrase:
    """Say *template* with *values* in its `{places}`, as `str.format` does.

    What members wrote is only ever a value: it is neither looked up nor read as a template.
    """
    return Phrase(template, values)


def translated(text: str, words: Words) -> str:
    """*text* as a catalogue has it; values that are phrases are translated, too."""
    if not words:
        return str(text)
    if isinstance(text, Paragraphs):
        return text.between.join(translated(part, words) for part in text.parts)
    if isinstance(text, Phrase):
        values = {
            name: translated(value, words) if isinstance(value, Phrase | Paragraphs) else value
            for name, value in text.values.items()
        }
        return words.get(text.template, text.template).format(**values)
    return str(text)


def places_of(template: str) -> frozenset[str]:
    """The names of the places in a template.

    Raises:
        ValueError: it is none, for its braces do not match.
    """
    found = string.Formatter().parse(template)
    return frozenset(name for _, name, _, _ in found if name is not None)
