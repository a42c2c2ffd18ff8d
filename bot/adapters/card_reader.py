"""Character cards in whatever a file holds, YAML included."""

from bot.adapters.plain_yaml import NotPlainYaml, read_values
from bot.core.cards.card import Card
from bot.core.cards.reading import read_card

_DEEPEST = 60
_MOST_SIGNS = 10_000
"""Of those that part values from each other; a parser in Python takes a moment for each."""


def read_card_file(data: bytes, filename: str = "") -> Card:
    """Read a card; the file's name only stands in for a name that is missing.

    Raises:
        CardFileError: it is too large, or there is no card in it.
    """
    return read_card(data, filename, read_yaml=_read_yaml)


def _read_yaml(text: str) -> object:
    if sum(map(text.count, (",", "[", "{", "\n", ": "))) > _MOST_SIGNS:
        raise NotPlainYaml("it is crammed with numbers or lists")
    document = read_values(text)
    if _is_deeper(document, _DEEPEST):
        raise NotPlainYaml("it is nested too deeply")
    return document


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not levels or any(_is_deeper(each, levels - 1) for each in inner)
