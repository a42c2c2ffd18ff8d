"""The container files as Compose reads them, laid over each other, without Docker.

Compose merges mappings, appends lists and replaces commands; `!override` puts a
value in the place of what was there and `!reset` takes it away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
GPU = ("docker-compose.yml",)
CPU = ("docker-compose.yml", "docker-compose.cpu.yml")

_REPLACED = {"command", "entrypoint", "test"}


@dataclass(frozen=True)
class Tagged:
    """A value under `!override`, or nothing under `!reset`."""

    value: Any
    is_reset: bool


class ComposeLoader(yaml.SafeLoader):
    pass


def _override(loader: ComposeLoader, node: yaml.Node) -> Tagged:
    if isinstance(node, yaml.MappingNode):
        return Tagged(loader.construct_mapping(node, deep=True), is_reset=False)
    assert isinstance(node, yaml.SequenceNode)
    return Tagged(loader.construct_sequence(node, deep=True), is_reset=False)


ComposeLoader.add_constructor("!override", _override)
ComposeLoader.add_constructor("!reset", lambda _loader, _node: Tagged(None, is_reset=True))


def parse(text: str) -> Any:
    return yaml.load(text, Loader=ComposeLoader)  # noqa: S506  # a SafeLoader with two tags more


def merge(below: Any, above: Any, key: str = "") -> Any:
    if isinstance(above, Tagged):
        return above.value
    if isinstance(above, Mapping):
        merged = dict(below) if isinstance(below, Mapping) else {}
        for name, value in above.items():
            if isinstance(value, Tagged) and value.is_reset:
                merged.pop(name, None)
            else:
                merged[name] = merge(merged.get(name), value, name)
        return merged
    if isinstance(above, list) and isinstance(below, list) and key not in _REPLACED:
        return [*below, *above]
    return above


def stack(names: tuple[str, ...]) -> dict[str, Any]:
    merged: Any = {}
    for name in names:
        merged = merge(merged, parse((ROOT / name).read_text()))
    return dict(merged)
