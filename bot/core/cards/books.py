"""Lorebooks of other programs, brought into the form of a V2 card's `character_book`.

What has no place there goes into `extensions`, under the name it had or that of
its program.
"""

from collections.abc import Callable, Mapping, Sequence

Json = Mapping[str, object]
Fields = dict[str, object]

_OF_CARDS = ("first_mes", "personality", "mes_example", "data", "char_name", "greeting")
_V2_ENTRY = frozenset(
    (
        *("keys", "secondary_keys", "content", "extensions", "enabled", "insertion_order"),
        *("case_sensitive", "name", "priority", "id", "comment", "selective", "constant"),
        *("position", "use_regex"),
    )
)
# SillyTavern's world info, and what its own exports call it within a card.
_ST_FIELDS = {
    "key": "keys",
    "keysecondary": "secondary_keys",
    "order": "insertion_order",
    "uid": "id",
}
_ST_EXTENSIONS = {
    "excludeRecursion": "exclude_recursion",
    "preventRecursion": "prevent_recursion",
    "delayUntilRecursion": "delay_until_recursion",
    "displayIndex": "display_index",
    "groupOverride": "group_override",
    "groupWeight": "group_weight",
    "useGroupScoring": "use_group_scoring",
    "automationId": "automation_id",
    "scanDepth": "scan_depth",
    "caseSensitive": "case_sensitive",
    "matchWholeWords": "match_whole_words",
}


def book_in(document: object) -> Fields | None:
    """Return the lorebook that *document* is, in V2's form; None if it is none."""
    if isinstance(document, list):
        return {"entries": document} if document and all(map(_is_entry, document)) else None
    if not isinstance(document, Mapping):
        return None
    data = document.get("data")
    if isinstance(data, Mapping) and document.get("spec") == "lorebook_v3":
        return dict(data)
    if isinstance(data, list) and document.get("type") == "risu":
        return {"entries": data}
    return _book_of_entries(document)


def _book_of_entries(document: Json) -> Fields | None:
    entries = document.get("entries")
    if not isinstance(entries, (list, Mapping)) or any(name in document for name in _OF_CARDS):
        return None
    if "lorebookVersion" in document:
        rest = _without(document, {"entries"})
        return {"entries": entries, "extensions": {"novelai": rest}}
    return dict(document)


def entries_in(book: Json) -> list[object]:
    """Return the entries of *book*, which front ends keep as a list or under their ids."""
    entries = book.get("entries")
    if isinstance(entries, Mapping):
        return list(entries.values())
    return entries if isinstance(entries, list) else []


def is_foreign(entry: Json) -> bool:
    """Whether *entry* has the form of another program."""
    return any(is_it(entry) for is_it, _ in _KINDS)


def v2_entry(entry: Json) -> Fields:
    """Bring *entry* into V2's form."""
    return next((read(entry) for is_it, read in _KINDS if is_it(entry)), dict(entry))


def _is_entry(value: object) -> bool:
    return isinstance(value, Mapping) and (
        is_foreign(value) or ("keys" in value and "content" in value)
    )


def _is_novelai(entry: Json) -> bool:
    return "contextConfig" in entry or ("text" in entry and "displayName" in entry)


def _novelai(entry: Json) -> Fields:
    config = entry.get("contextConfig")
    config = config if isinstance(config, Mapping) else {}
    known = {"text", "displayName", "keys", "enabled", "id"}
    return {
        "keys": entry.get("keys"),
        "content": entry.get("text"),
        "name": entry.get("displayName", ""),
        "enabled": entry.get("enabled", True),
        "constant": entry.get("forceActivation") is True,
        "insertion_order": config.get("budgetPriority"),
        "extensions": {"novelai": _without(entry, known)},
    }


def _is_agnai(entry: Json) -> bool:
    return "entry" in entry and "keywords" in entry


def _agnai(entry: Json) -> Fields:
    known = {"entry", "keywords", "name", "enabled", "priority", "weight"}
    return {
        "keys": entry["keywords"],
        "content": entry["entry"],
        "name": entry.get("name", ""),
        "enabled": entry.get("enabled", True),
        "priority": entry.get("priority"),
        "insertion_order": entry.get("weight"),
        "extensions": {"agnai": _without(entry, known)},
    }


def _is_risu(entry: Json) -> bool:
    return any(name in entry for name in ("insertorder", "secondkey", "alwaysActive"))


def _risu(entry: Json) -> Fields:
    known = {
        *("key", "secondkey", "comment", "content", "alwaysActive", "selective", "insertorder"),
        *("activationPercent", "useRegex"),
    }
    chance = entry.get("activationPercent")
    extensions: Fields = {"risu": _without(entry, known)}
    if chance is not None:
        extensions |= {"probability": chance, "useProbability": True}
    return {
        "keys": entry.get("key"),
        "secondary_keys": entry.get("secondkey"),
        "comment": entry.get("comment", ""),
        "content": entry.get("content"),
        "enabled": entry.get("mode") != "folder",
        "constant": entry.get("alwaysActive") is True,
        "selective": entry.get("selective") is True,
        "insertion_order": entry.get("insertorder"),
        "use_regex": entry.get("useRegex") is True,
        "extensions": extensions,
    }


def _is_st(entry: Json) -> bool:
    return "keys" not in entry and any(name in entry for name in ("key", "keysecondary", "disable"))


def _st(entry: Json) -> Fields:
    fields: Fields = {"enabled": not entry.get("disable")}
    found = entry.get("extensions")
    extensions: Fields = dict(found) if isinstance(found, Mapping) else {}
    for name, value in entry.items():
        if name in _ST_FIELDS:
            fields[_ST_FIELDS[name]] = value
        elif name == "position":
            fields[name] = "before_char" if value in (0, "before_char") else "after_char"
            extensions[name] = value
        elif name in _V2_ENTRY:
            fields.setdefault(name, value)
        elif name != "disable":
            extensions[_ST_EXTENSIONS.get(name, name)] = value
    return {**fields, "extensions": extensions}


_KINDS: Sequence[tuple[Callable[[Json], bool], Callable[[Json], Fields]]] = (
    (_is_novelai, _novelai),
    (_is_agnai, _agnai),
    (_is_risu, _risu),
    (_is_st, _st),
)


def _without(fields: Json, known: set[str]) -> Fields:
    return {name: value for name, value in fields.items() if name not in known}
