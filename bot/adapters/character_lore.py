"""The lore of a character as a host writes it: every complaint with its line."""

import difflib
from collections.abc import Callable, Mapping

import yaml

from bot.adapters.folder_files import printable
from bot.adapters.plain_yaml import NotText, text_in
from bot.core.cards.fields import LARGEST
from bot.core.cards.lore import MOST_ENTRIES, MOST_TEXT, read_book
from bot.core.cards.notes import Notes
from bot.core.cards.own_lore import AT_DEPTH, FIELDS, POSITIONS, own_entry
from bot.core.lorebook import Book

_YES, _NO = frozenset(("true", "yes", "on")), frozenset(("false", "no", "off"))
_FACTS = ("always", "enabled")
_NUMBERS = {"depth": 1000, "order": LARGEST, "probability": 100}
_MOST_SHOWN = 64

Warn = Callable[[str, yaml.Node], None]


def read_lore(node: yaml.Node, warn: Warn) -> Book | None:
    """Read the field `lore`; an entry that cannot be used is left out and told.

    Lore that nobody can read must not keep its character from playing.
    """
    if not isinstance(node, yaml.SequenceNode):
        if not isinstance(node, yaml.ScalarNode) or node.value.strip():
            warn("`lore` must be a list of entries, each with `keys` and `text`", node)
        return None
    if len(node.value) > MOST_ENTRIES:
        warn(
            f"`lore` has {len(node.value)} entries; only the first {MOST_ENTRIES} are used",
            node.value[MOST_ENTRIES],
        )
    entries = []
    for item in node.value[:MOST_ENTRIES]:
        try:
            entries.append(own_entry(_entry(item, warn)))
        except _LeftOut as error:
            warn(f"{error}; the entry is left out", error.node)
    return read_book({"entries": entries}, Notes()) if entries else None


class _LeftOut(Exception):
    """An entry cannot be used; `str()` says why, without a full stop."""

    def __init__(self, what: str, node: yaml.Node) -> None:
        super().__init__(what)
        self.node = node


def _entry(item: yaml.Node, warn: Warn) -> dict[str, object]:
    fields = _fields(item, warn)
    entry: dict[str, object] = {}
    for name, node in fields.items():
        if name in ("keys", "also"):
            entry[name] = _keys(name, node)
        elif name in _FACTS:
            entry[name] = _fact(name, node)
        elif name in _NUMBERS:
            entry[name] = _number(name, node)
        else:
            entry[name] = _text(f"`{name}`", node)
    if entry.get("position", AT_DEPTH) not in POSITIONS:
        raise _LeftOut("`position` must be before, after or depth", fields["position"])
    if not entry.get("text"):
        raise _LeftOut("lore needs a `text`: what is the reply to be told?", item)
    if len(str(entry["text"])) > MOST_TEXT:
        raise _LeftOut(f"the `text` of lore may have {MOST_TEXT:,} characters", fields["text"])
    if not entry.get("keys") and not entry.get("always") and not str(entry["text"]).startswith("@"):
        raise _LeftOut("lore needs `keys` that bring it up, or `always: true`", item)
    return entry


def _fields(item: yaml.Node, warn: Warn) -> Mapping[str, yaml.Node]:
    if not isinstance(item, yaml.MappingNode):
        raise _LeftOut("each entry of `lore` must consist of `keys:` and `text:`", item)
    fields: dict[str, yaml.Node] = {}
    for key, value in item.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name in fields:
            raise _LeftOut(f"`{name}` is there twice", key)
        if name in FIELDS:
            fields[name] = value
            continue
        nearest = difflib.get_close_matches(name, FIELDS, n=1, cutoff=0.0)[0]
        shown = printable(name[:_MOST_SHOWN])
        warn(f"`{shown}` is not a field of lore; did you mean `{nearest}`?", key)
    return fields


def _keys(name: str, node: yaml.Node) -> object:
    """Read words, as a list or one text with commas."""
    if isinstance(node, yaml.SequenceNode):
        return [_text(f"one of the `{name}`", item) for item in node.value]
    if isinstance(node, yaml.ScalarNode):
        return _text(f"`{name}`", node)
    raise _LeftOut(f"`{name}` must be words with commas between, or a list of them", node)


def _fact(name: str, node: yaml.Node) -> bool:
    said = _text(f"`{name}`", node).lower()
    if said not in _YES | _NO:
        raise _LeftOut(f"`{name}` must be true or false", node)
    return said in _YES


def _number(name: str, node: yaml.Node) -> int:
    said, most = _text(f"`{name}`", node), _NUMBERS[name]
    if not (said.isascii() and said.isdigit() and len(said) <= len(str(most))) or int(said) > most:
        raise _LeftOut(f"`{name}` must be a number from 0 to {most}", node)
    return int(said)


def _text(what: str, node: yaml.Node) -> str:
    try:
        return text_in(node)
    except NotText as error:
        raise _LeftOut(f"{what} {error}", node) from error
