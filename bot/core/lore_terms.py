"""On which terms an entry of a lorebook plays: its fields, and what its decorators say."""

from dataclasses import dataclass, replace

from bot.core.cards.decorators import applied
from bot.core.cards.fields import natural
from bot.core.cards.lore import role_of
from bot.core.lorebook import DEPTH, LoreEntry, Position

_KNOWN = frozenset(
    (
        *("activate", "dont_activate", "depth", "role", "scan_depth", "position"),
        *("is_greeting", "activate_only_after", "activate_only_every", "exclude_keys"),
        *("additional_keys", "ignore_on_max_context"),
    )
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides beside the keys.

    Attributes:
        always, never: whatever the keys say.
        greeting: plays only where the story began with that greeting, from 1.
        after: only once the character has spoken so often; `every`: only each so many replies.
        without: keys that must not be there; `beside`: of which one must.
        gives_way: is left out first where there is no room.
    """

    position: Position
    scan_depth: int | None
    always: bool = False
    never: bool = False
    greeting: int | None = None
    after: int = 0
    every: int = 1
    without: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    gives_way: bool = False


def terms_of(entry: LoreEntry) -> Terms:
    """Read the terms of *entry*; what a decorator says counts more than a field."""
    terms = Terms(entry.position, entry.scan_depth, always=entry.constant)
    said = dict(applied(entry.decorators, _KNOWN))
    if "depth" in said:
        depth = natural(said["depth"])
        terms = replace(terms, position=Position(depth=DEPTH if depth is None else depth))
    elif "position" in said:
        terms = replace(terms, position=Position(before=said["position"].startswith("before")))
    if terms.position.depth is not None and "role" in said:
        terms = replace(terms, position=replace(terms.position, role=role_of(said["role"])))
    scan_depth = natural(said.get("scan_depth"))
    return replace(
        terms,
        scan_depth=terms.scan_depth if scan_depth is None else scan_depth,
        always=terms.always or "activate" in said,
        never="dont_activate" in said,
        greeting=natural(said.get("is_greeting")),
        after=natural(said.get("activate_only_after")) or 0,
        every=natural(said.get("activate_only_every")) or 1,
        without=_keys(said.get("exclude_keys", "")),
        beside=_keys(said.get("additional_keys", "")),
        gives_way="ignore_on_max_context" in said,
    )


def _keys(value: str) -> tuple[str, ...]:
    return tuple(key for each in value.split(",") if (key := each.strip()))
