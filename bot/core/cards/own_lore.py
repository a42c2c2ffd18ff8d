"""Lore as hosts write it in `characters/`, brought into the form of a V2 card's entries."""

from collections.abc import Mapping

from bot.core.cards.fields import fact, keys_of, natural, whole
from bot.core.cards.notes import Notes
from bot.core.lorebook import DEPTH

Json = Mapping[str, object]
Fields = dict[str, object]

BEFORE, AFTER, AT_DEPTH = "before", "after", "depth"
POSITIONS = (BEFORE, AFTER, AT_DEPTH)
FIELDS = (
    *("keys", "text", "name", "also", "always", "position", "depth", "order", "probability"),
    "enabled",
)
_AT_DEPTH_IN_ST = 4  # V2 has no word for it


def own_entry(entry: Json) -> Fields:
    """Bring *entry* into V2's form; what has no place there stays among the extensions."""
    name, order = entry.get("name") or "", whole(entry.get("order"))
    also = list(keys_of(entry.get("also"), Notes()))
    rest = {key: value for key, value in entry.items() if key not in FIELDS}
    return {
        "keys": list(keys_of(entry.get("keys"), Notes())),
        "content": entry.get("text"),
        "name": name,
        "comment": name,  # what SillyTavern shows of an entry
        "enabled": fact(entry.get("enabled")) is not False,
        "constant": fact(entry.get("always")) is True,
        "selective": bool(also),
        "secondary_keys": also,
        **({} if order is None else {"insertion_order": order}),
        "position": "before_char" if entry.get("position") == BEFORE else "after_char",
        "extensions": {**rest, **_in_extensions(entry)},
    }


def _in_extensions(entry: Json) -> Fields:
    found: Fields = {}
    depth, chance = natural(entry.get("depth")), natural(entry.get("probability"))
    if entry.get("position") == AT_DEPTH or (depth is not None and "position" not in entry):
        found |= {"position": _AT_DEPTH_IN_ST, "depth": DEPTH if depth is None else depth}
    if chance is not None:
        found |= {"probability": chance, "useProbability": True}
    return found
