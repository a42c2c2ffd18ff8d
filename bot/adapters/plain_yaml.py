"""YAML as nodes: text, lists and groups of fields that know their line.

Nothing is constructed, so no file can make Python objects, and `no` stays a
word rather than becoming False.
"""

import yaml


class NotPlainYaml(Exception):
    """The text cannot be used; `str()` says where and what to do, without a full stop."""


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


def is_empty(node: yaml.ScalarNode) -> bool:
    """Tell `field:` and `field: null` from text."""
    return node.style is None and node.tag == "tag:yaml.org,2002:null"


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
