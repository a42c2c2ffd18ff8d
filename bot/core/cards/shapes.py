"""Cards of every front end, brought into the form of V2: a document with `data`."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bot.core.cards.books import book_in, entries_in
from bot.core.cards.notes import Notes
from bot.core.cards.own_lore import own_entry
from bot.core.phrases import phrase

Json = Mapping[str, object]
Fields = dict[str, object]

V1 = ("name", "description", "personality", "scenario", "first_mes", "mes_example")
V2 = (
    *("creator_notes", "system_prompt", "post_history_instructions", "alternate_greetings", "tags"),
    *("creator", "character_version", "extensions", "character_book"),
)
V3 = (
    *("assets", "nickname", "creator_notes_multilingual", "source", "group_only_greetings"),
    *("creation_date", "modification_date"),
)
FIELDS = (*V1, *V2, *V3)
_ONLY_OF_CARDS = frozenset(("personality", "scenario", "first_mes", "mes_example"))
_SPECS = {"chara_card_v1": "v1", "chara_card_v2": "v2", "chara_card_v3": "v3"}
_WRAPPINGS = ("card", "character", "chara_card")
_NEWEST = {"v2": 2.0, "v3": 3.0}
OURS = "zephrp"


class Shaped(NamedTuple):
    """A card in V2's form.

    Attributes:
        spec: what it was written as.
        document: what was read, its `data` in V2's form.
    """

    spec: str
    document: Fields
    data: Fields


def shaped(document: object, notes: Notes) -> Shaped | None:
    """Bring *document* into V2's form; None if there is no card in it."""
    book = book_in(document)
    if book is not None:
        notes.add(phrase("The file is a lorebook: there is no character in it."))
        data: Fields = {
            "name": book.get("name") or "",
            "character_book": {**book, "entries": entries_in(book)},
        }
        return Shaped("lorebook", {}, data)
    if isinstance(document, list):
        found = next((each for each in document if isinstance(each, Mapping)), None)
        if found is None or book_in(found) is not None:
            return None
        notes.add(phrase("The file is a list; its first character was read."))
        document = found
    if not isinstance(document, Mapping):
        return None
    fields = {str(name): value for name, value in document.items()}
    fields = _unwrapped(fields)
    spec = str(fields.get("spec") or "")
    if "data" in fields or spec:
        return _enveloped(fields, spec, notes)
    for name, is_it, read in _KINDS:
        if is_it(fields):
            return Shaped(name, {}, read(fields))
    return _flat(fields)


def _unwrapped(fields: Fields) -> Fields:
    """Take the card out of what a hub's interface wraps around it."""
    for name in _WRAPPINGS:
        inner = fields.get(name)
        is_card = isinstance(inner, Mapping) and ("data" in inner or "first_mes" in inner)
        if is_card and isinstance(inner, Mapping) and not {"data", "spec"} & fields.keys():
            return {str(key): value for key, value in inner.items()}
    return fields


def _flat(fields: Fields) -> Shaped | None:
    """V1: the fields stand in the document itself, and others beside them."""
    said = [name for name in V1 if name in fields]
    if len(said) < 2 and not _ONLY_OF_CARDS & fields.keys():  # noqa: PLR2004  # a name alone is none
        return None
    data = {name: value for name, value in fields.items() if name in FIELDS}
    rest = {name: value for name, value in fields.items() if name not in FIELDS}
    return Shaped("v1", rest, data)


def _enveloped(fields: Fields, spec: str, notes: Notes) -> Shaped | None:
    """V2 and V3: the fields stand in `data`, and copies of some beside it."""
    data = fields.get("data")
    kind = _SPECS.get(spec.strip().lower(), "")
    if not isinstance(data, Mapping):
        if not kind and not any(name in fields for name in V1):
            return None
        notes.add(phrase("The card has no `data`; its fields were taken from around it."))
        data = {name: value for name, value in fields.items() if name in FIELDS}
    data = {str(name): value for name, value in data.items()}
    if not kind:
        if not any(name in data or name in fields for name in FIELDS):
            return None
        notes.add(
            phrase("The card does not say of which format it is.")
            if not spec
            else phrase("The card names a format that is not known; it was read as V2.")
        )
        kind = "v3" if "group_only_greetings" in data else "v2"
    _fill_holes(data, fields, notes)
    _note_version(fields, kind, notes)
    return Shaped(kind, {**fields, "data": data}, data)


def _fill_holes(data: Fields, around: Fields, notes: Notes) -> None:
    """Take from beside `data` what is not in it; Chub and others write both."""
    for name in FIELDS:
        missing = data.get(name) is None or (name == "name" and not str(data[name]).strip())
        if missing and around.get(name) not in (None, ""):
            notes.add(
                phrase("`{name}` was missing in `data`; it was taken from beside it.", name=name)
            )
            data[name] = around[name]


def _note_version(fields: Json, kind: str, notes: Notes) -> None:
    try:
        version = float(str(fields.get("spec_version", "")))
    except ValueError:
        return
    newest = _NEWEST.get(kind, version)
    if version > newest:
        notes.add(
            phrase("The card is of a newer version of its format than {newest}.", newest=newest)
        )


def _is_gradio(fields: Json) -> bool:
    return any(name in fields for name in ("char_name", "char_persona", "char_greeting"))


def _gradio(fields: Fields) -> Fields:
    """Pygmalion's, TavernAI's and text-generation-webui's old names."""
    names = {
        "char_name": "name",
        "char_persona": "description",
        "world_scenario": "scenario",
        "char_greeting": "first_mes",
        "example_dialogue": "mes_example",
    }
    return _renamed(fields, names, "pygmalion")


def _is_webui(fields: Json) -> bool:
    return ("context" in fields or "greeting" in fields) and not _is_agnai(fields)


def _webui(fields: Fields) -> Fields:
    """text-generation-webui, mostly as YAML."""
    names = {
        "context": "description",
        "greeting": "first_mes",
        "example_dialogue": "mes_example",
    }
    return _renamed(fields, names, "text-generation-webui")


def _is_agnai(fields: Json) -> bool:
    return isinstance(fields.get("persona"), Mapping) or fields.get("kind") == "character"


def _agnai(fields: Fields) -> Fields:
    """Agnaistic."""
    names = {
        "description": "creator_notes",
        "greeting": "first_mes",
        "sampleChat": "mes_example",
        "systemPrompt": "system_prompt",
        "postHistoryInstructions": "post_history_instructions",
        "alternateGreetings": "alternate_greetings",
        "characterVersion": "character_version",
        "characterBook": "character_book",
    }
    known = {name: fields[name] for name in fields if name != "persona"}
    data = _renamed(known, names, "agnai")
    data["description"] = _persona(fields.get("persona"))
    insert = fields.get("insert")
    if isinstance(insert, Mapping) and insert.get("prompt"):
        extensions = data["extensions"]
        if isinstance(extensions, dict):
            extensions["depth_prompt"] = dict(insert)
    return data


def _persona(value: object) -> str:
    """Write the attributes of a persona down, one a line."""
    if not isinstance(value, Mapping):
        return value if isinstance(value, str) else ""
    attributes = value.get("attributes")
    if not isinstance(attributes, Mapping):
        return ""
    lines = []
    for name, texts in attributes.items():
        said = [str(text) for text in (texts if isinstance(texts, list) else [texts]) if text]
        lines.append("\n".join(said) if name == "text" else f"{name}: {', '.join(said)}")
    return "\n".join(lines)


def _is_ours(fields: Json) -> bool:
    return isinstance(fields.get("persona"), str) and "name" in fields


def _ours(fields: Fields) -> Fields:
    """A file of the folder `characters/`."""
    names = {"persona": "description", "group_greetings": "group_only_greetings"}
    data = _renamed(fields, names, OURS)
    ours = data["extensions"]
    rest = ours.get(OURS) if isinstance(ours, dict) else None
    rest = rest if isinstance(rest, dict) else {}
    greetings = rest.pop("greetings", None)
    greetings = greetings if isinstance(greetings, list) else [greetings] if greetings else []
    if greetings:
        data["first_mes"], data["alternate_greetings"] = greetings[0], greetings[1:]
    examples = rest.pop("examples", None)
    if isinstance(examples, list):
        data["mes_example"] = "<START>\n" + "\n".join(map(_example, examples))
    lore = rest.get("lore")
    if isinstance(lore, list):
        del rest["lore"]
        entries = [own_entry(each) if isinstance(each, Mapping) else each for each in lore]
        data["character_book"] = {"entries": entries}
    return data


def _example(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    names = {"player": "{{user}}: ", "character": "{{char}}: "}
    return "\n".join(f"{names.get(str(who), '')}{said}" for who, said in value.items())


def _renamed(fields: Fields, names: Mapping[str, str], program: str) -> Fields:
    """Give *fields* V2's names; what has no place there goes to the extensions."""
    data: Fields = {}
    rest: Fields = {}
    for name, value in fields.items():
        if name in names:
            data[names[name]] = value
        elif name in FIELDS and name not in names.values():
            data[name] = value
        elif name != "extensions":
            rest[name] = value
    found = fields.get("extensions")
    extensions: Fields = dict(found) if isinstance(found, Mapping) else {}
    data["extensions"] = {**extensions, program: rest} if rest else extensions
    return data


_KINDS: Sequence[tuple[str, Callable[[Json], bool], Callable[[Fields], Fields]]] = (
    ("pygmalion", _is_gradio, _gradio),
    (OURS, _is_ours, _ours),
    ("agnai", _is_agnai, _agnai),
    ("text-generation-webui", _is_webui, _webui),
)
