"""SillyTavern's lines, one JSON object a message: read into values, and written.

    {"name": "Aya", "is_user": false, "is_system": false, "send_date": "…", "mes": "Hello.",
     "extra": {}, "swipe_id": 0, "swipes": ["Hello.", "Good day."]}

`is_system` hides a message from the model. `mes` is right where it differs from
the swipe: it was edited. Chub writes the same lines with `{"message": "…"}` for texts.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bot.core.chat import CHARACTER, NARRATOR, USER, Chat, ChatMessage
from bot.core.chat_dates import iso_date, read_date
from bot.core.chat_json import whole_characters, write_json
from bot.core.phrases import phrase
from bot.core.scene import Role

_NOBODY = "unused"
"""Stands for both names in the header of newer files."""
_HEADER = ("user_name", "character_name", "chat_metadata")
_NARRATES = "narrator"
_NOBODYS_LINES = frozenset(
    (
        *("narrator", "comment", "help", "welcome", "welcome_prompt", "assistant_note", "group"),
        *("generic", "empty", "bookmark_created", "bookmark_back", "slash_commands", "formatting"),
        *("hotkeys", "macros"),
    )
)
"""Values of `extra.type` for what neither a player nor a character says."""

Line = Mapping[str, object]


class BadLine(ValueError):
    """It is no message; `str()` says why, as the second half of a sentence."""


class Names(NamedTuple):
    """Whom a line means that does not say it."""

    user: str
    character: str


def is_header(line: Line) -> bool:
    """Whether *line* tells about the chat, rather than being a message."""
    return not is_message(line) and any(name in line for name in _HEADER)


def is_message(line: Line) -> bool:
    """Whether *line* has a text."""
    return _flat(line.get("mes")) is not None or bool(line.get("swipes"))


def names_in(header: Line, lines: Sequence[Line]) -> Names:
    """Find out who plays, from the header or else from the first of each kind."""
    user = _somebody(header.get("user_name"))
    character = _somebody(header.get("character_name"))
    for line in lines:
        if user and character:
            break
        name, role = _somebody(line.get("name")), _role(line)
        if role is Role.PLAYER:
            user = user or name
        elif role is Role.CHARACTER and line.get("is_user") is not None:
            character = character or name
    return Names(user or USER, character or CHARACTER)


def read_line(line: Line, names: Names) -> ChatMessage:
    """Read a line; what is of the wrong type in it is set right.

    Raises:
        BadLine: it has no text.
    """
    fields = dict(line)
    _set_right(fields, names)
    swipes, current = _set_texts_right(fields)
    return ChatMessage(
        name=str(fields["name"]),
        role=_role(fields),
        swipes=swipes,
        current=current,
        hidden=bool(fields.get("is_system")),
        at_ms=read_date(fields.get("send_date")),
        fields=fields,
    )


def to_sillytavern(chat: Chat) -> bytes:
    """Return a `.jsonl` file: a header, then a message on each line."""
    lines = [_written_header(chat), *map(_written_line, chat.messages)]
    return whole_characters("\n".join(map(write_json, lines))).encode()


def header_fields(header: Line) -> dict[str, object]:
    """What *header* says beside its names and the metadata."""
    return {name: value for name, value in header.items() if name not in _HEADER}


def metadata_of(header: Line) -> dict[str, object]:
    """SillyTavern's `chat_metadata`, if it is any."""
    metadata = header.get("chat_metadata")
    return dict(metadata) if isinstance(metadata, Mapping) else {}


def _written_line(message: ChatMessage) -> dict[str, object]:
    """Write *message*; whatever its line said already stands as it was."""
    line: dict[str, object] = {
        "name": message.name,
        "is_user": message.role is Role.PLAYER,
        "is_system": message.hidden,
        "mes": message.text,
        "extra": {},
        **message.fields,
    }
    line |= {"name": message.name, "mes": message.text}
    if _role(line) is not message.role:
        _set_role(line, message.role)
    if bool(line["is_system"]) != message.hidden:
        line["is_system"] = message.hidden
    if read_date(line.get("send_date")) != message.at_ms:
        line.pop("send_date", None)
        if message.at_ms is not None:
            line["send_date"] = iso_date(message.at_ms)
    if len(message.swipes) > 1 or "swipes" in line:
        line |= {"swipe_id": message.current, "swipes": list(message.swipes)}
    return line


def _written_header(chat: Chat) -> dict[str, object]:
    """Write the first line of a file."""
    return {
        "user_name": chat.user_name,
        "character_name": chat.character_name,
        **chat.fields,
        "chat_metadata": dict(chat.metadata),
    }


def _set_right(fields: dict[str, object], names: Names) -> None:
    """Give what every front end expects a form that every one can read."""
    if not isinstance(fields.get("extra"), Mapping):
        fields["extra"] = {}
    if not isinstance(fields.get("send_date", ""), (str, int, float)):
        del fields["send_date"]
    is_user = _flag(fields.get("is_user"))
    if is_user is None:
        is_user = _name(fields.get("name")) == names.user
    fields |= {"is_user": is_user, "is_system": bool(_flag(fields.get("is_system")))}
    if not _name(fields.get("name")):
        usual = {Role.PLAYER: names.user, Role.CHARACTER: names.character}
        fields["name"] = usual.get(_role(fields), NARRATOR)


def _set_texts_right(fields: dict[str, object]) -> tuple[tuple[str, ...], int]:
    """Make `mes`, `swipes` and `swipe_id` agree; returns the swipes and the current one."""
    text = _flat(fields.get("mes"))
    listed = fields.get("swipes")
    flat = [_flat(each) for each in listed] if isinstance(listed, list) else []
    chosen = _index(fields.get("swipe_id"), len(flat))
    if text is None:
        text = _flat_at(flat, chosen)
    if chosen is not None and flat[chosen] is None:
        flat[chosen] = text
    kept = [(at, each) for at, each in enumerate(flat) if each is not None]
    swipes = [each for _, each in kept]
    current = next((to for to, (at, _) in enumerate(kept) if at == chosen), None)
    if current is None or swipes[current] != text:
        if text in swipes:
            current = swipes.index(text)
        elif current is not None:
            swipes[current] = text
        else:
            current = len(swipes)
            swipes.append(text)
    fields["mes"] = text
    if not isinstance(listed, list):
        fields.pop("swipes", None)
    elif swipes != listed:
        fields["swipes"] = swipes
    if "swipes" in fields or "swipe_id" in fields:
        fields["swipe_id"] = current
    return tuple(swipes), current


def _flat_at(flat: Sequence[str | None], chosen: int | None) -> str:
    """The swipe that stands for a text that is missing."""
    candidates = flat if chosen is None else [flat[chosen], *flat]
    text = next((each for each in candidates if each is not None), None)
    if text is None:
        raise BadLine(phrase("it has no text"))
    return text


def _flat(text: object) -> str | None:
    """A text, as SillyTavern or as Chub writes it; None if it is neither."""
    if isinstance(text, Mapping):
        text = text.get("message")
    return text if isinstance(text, str) else None


def _index(value: object, length: int) -> int | None:
    if isinstance(value, str) and value.isdecimal() and value.isascii():
        value = int(value[:9])
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value not in range(length):
        return None
    return int(value)


def _flag(value: object) -> bool | None:
    """Read what is to be true or false; None if it is missing or says neither."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, (bool, int, float)) else None


def _name(value: object) -> str:
    """A name as it stands there; empty if it names nobody."""
    return value if isinstance(value, str) and value.strip() else ""


def _somebody(value: object) -> str:
    """A name that a header may have: what stands for nobody there is none."""
    name = _name(value)
    return "" if name.strip() == _NOBODY else name


def _role(line: Line) -> Role:
    extra = line.get("extra")
    kind = extra.get("type") if isinstance(extra, Mapping) else None
    if isinstance(kind, str) and kind in _NOBODYS_LINES:
        return Role.NARRATOR
    return Role.PLAYER if _flag(line.get("is_user")) else Role.CHARACTER


def _set_role(line: dict[str, object], role: Role) -> None:
    extra = line.get("extra")
    kept = dict(extra) if isinstance(extra, Mapping) else {}
    kept.pop("type", None)
    line["extra"] = {**kept, "type": _NARRATES} if role is Role.NARRATOR else kept
    line["is_user"] = role is Role.PLAYER
