"""YAML as nodes: text, lists and groups of fields that know their line.

No file can make Python objects. As nodes nothing is constructed at all, and `no`
stays a word rather than becoming False; as values there is what JSON has.
"""

import math
import re

import yaml

from bot.core.chat_json import whole_characters

_KINDS = frozenset(("null", "bool", "int", "float"))
_MOST_BITS = 128
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Controls but for line breaks and tabs, and halves of characters."""


class NotPlainYaml(ValueError):
    """The text cannot be used; `str()` says where and what to do, without a full stop."""


class NotText(ValueError):
    """What stands there is no text; `str()` goes on with a sentence that names it."""


def read_nodes(text: str) -> yaml.Node | None:
    """Return the one document in *text*, or None if there is none.

    Raises:
        NotPlainYaml: it is broken, nested too deeply, or uses aliases.
    """
    try:
        loader = _NoAliases(text)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise NotPlainYaml(_sentence(error)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise NotPlainYaml("it holds characters that text does not have") from error
    except RecursionError as error:
        raise NotPlainYaml("it is nested too deeply") from error


def read_values(text: str) -> object:
    """Return the one document in *text* as objects, lists, texts, numbers and truth values.

    Raises:
        NotPlainYaml: it is broken, nested too deeply, or uses aliases.
    """
    node = read_nodes(text)
    try:
        return None if node is None else _value(node, _NoAliases(""))
    except RecursionError as error:
        raise NotPlainYaml("it is nested too deeply") from error


def _value(node: yaml.Node, loader: "_NoAliases") -> object:
    if isinstance(node, yaml.MappingNode):
        return {_key(key): _value(value, loader) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, loader) for item in node.value]
    if node.tag.rpartition(":")[2] not in _KINDS:
        return whole_characters(str(node.value))
    try:
        value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError, OverflowError, KeyError):  # `1_`, a number without end
        return str(node.value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    is_huge = isinstance(value, int) and value.bit_length() > _MOST_BITS
    return str(node.value) if is_huge else value


def _key(node: yaml.Node) -> str:
    return whole_characters(str(node.value)) if isinstance(node, yaml.ScalarNode) else "?"


def is_empty(node: yaml.ScalarNode) -> bool:
    """Tell `field:` and `field: null` from text."""
    return node.style is None and node.tag == "tag:yaml.org,2002:null"


def text_in(node: yaml.Node) -> str:
    """Return the text in *node* without outer blanks; none for `field:`.

    Raises:
        NotText: it is none.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise NotText("must be text, not a list or a group of fields")
    text = "" if is_empty(node) else str(node.value).strip()
    # Quoted YAML can spell out what the decoder has refused: "\\0", "\\ud800".
    if _NO_TEXT.search(text):
        raise NotText("holds characters that text does not have")
    return text


class _NoAliases(yaml.SafeLoader):
    """Refuses `*alias`: a few hundred bytes of them unfold into gigabytes."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="aliases (`*name`) are not allowed; write the text out",
                problem_mark=self.get_mark(),
            )
        return super().compose_node(parent, index)


_IN_PLAIN_WORDS = {
    "expected a single document": (
        "a line of only `---` begins a second character; use one file each"
    ),
    "found character '\\t'": "a tab stands where spaces belong; use spaces",
    "mapping values are not allowed": (
        "the text holds a `: `; put the text in quotes, or on the next line after `>-`"
    ),
    "expected <block end>": "this line is indented differently from its neighbours",
    "found unexpected end of stream": "a quote is opened here and never closed",
}
"""What the parser says about a host's likeliest slips, and what to tell them."""


def _sentence(error: yaml.MarkedYAMLError) -> str:
    said = f"{error.context} {error.problem}"
    known = (plain for start, plain in _IN_PLAIN_WORDS.items() if start in said)
    problem = next(known, error.problem or "it is not YAML")
    mark = error.problem_mark
    return problem if mark is None else f"line {mark.line + 1}: {problem}"
