"""Chats as other front ends export them, brought into the form of SillyTavern's lines.

None of them says as much as SillyTavern; what is left over of a file's own
fields goes into the metadata under `source`, and of a message's into its `extra`.
"""

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.core.chat import CHARACTER, NARRATOR, USER

JsonObject = Mapping[str, object]
Message = dict[str, object] | None
"""A line of SillyTavern's; None for something that is no message."""

_BEGINNING = "<|BEGIN-VISIBLE-CHAT|>"  # stands for what nobody said, before a greeting
_LITE_MARK = re.compile(r"\{\{\[(INPUT|OUTPUT|SYSTEM)(_END)?\]\}\}")
_LITE_NAMES = "||$||"
_PAIR = 2


class Shaped(NamedTuple):
    """A chat in SillyTavern's form.

    Attributes:
        set_aside: how many further chats the file holds.
    """

    header: dict[str, object]
    lines: list[Message]
    set_aside: int = 0


def shaped(document: JsonObject) -> Shaped | None:
    """Bring *document* into SillyTavern's form; None if it is of no kind that is known."""
    return next((read(document) for is_it, read in _KINDS if is_it(document)), None)


def _is_lite(document: JsonObject) -> bool:
    return isinstance(document.get("actions"), list) and (
        isinstance(document.get("savedsettings"), Mapping) or "gamestarted" in document
    )


def _lite(document: JsonObject) -> Shaped:
    """KoboldAI Lite: a prompt and what followed, marked by who wrote it."""
    settings = _object(document.get("savedsettings"))
    user = _text(settings.get("chatname")) or USER
    character = _text(settings.get("chatopponent")).split(_LITE_NAMES)[0] or CHARACTER
    texts = [document.get("prompt"), *_list(document.get("actions"))]
    metadata = {
        "note_prompt": document.get("authorsnote"),
        **_source("koboldlite", document, {"prompt", "actions", "authorsnote", "savedsettings"}),
    }
    lines = [line for text in texts if text for line in _lite_lines(text, user, character)]
    return Shaped(_header(user, character, metadata), lines)


def _lite_lines(text: object, user: str, character: str) -> Iterator[Message]:
    if not isinstance(text, str):
        yield None
        return
    before, *marked = _LITE_MARK.split(text)
    pieces = [("OUTPUT", before), *zip(marked[::3], marked[2::3], strict=True)]
    for kind, said in pieces:
        if not said.strip():
            continue
        if kind == "SYSTEM":
            yield _line(NARRATOR, said.strip(), is_user=False, kind="narrator")
        elif kind == "INPUT":
            yield _line(user, said.strip(), is_user=True)
        else:
            yield from _lite_spoken(said.strip(), user, character)


def _lite_spoken(text: str, user: str, character: str) -> Iterator[Message]:
    """What a character says; in chat mode names at line starts tell who speaks."""
    named = re.compile(rf"^({re.escape(user)}|{re.escape(character)}): ?", re.MULTILINE)
    before, *spoken = named.split(text)
    if before.strip():
        yield _line(character, before.strip(), is_user=False)
    for name, said in zip(spoken[::2], spoken[1::2], strict=True):
        if said.strip():
            yield _line(name, said.strip(), is_user=name == user)


def _is_cai(document: JsonObject) -> bool:
    return "histories" in document


def _cai(document: JsonObject) -> Shaped:
    """CAI Tools: one or more histories of a Character.AI chat."""
    histories = document["histories"]
    if isinstance(histories, Mapping):
        histories = histories.get("histories")
    chats = [_list(_object(each).get("msgs")) for each in _list(histories)]
    lines = [_cai_line(message) for message in max(chats, key=len, default=[])]
    header = _header("", "", _source("cai-tools", document, {"histories"}))
    return Shaped(header, lines, set_aside=max(0, len(chats) - 1))


def _cai_line(message: object) -> Message:
    fields = _object(message)
    source = _object(fields.get("src"))
    is_user = source.get("is_human") is True
    name = _text(source.get("name")) or _text(fields.get("display_name"))
    line = _line(name, fields.get("text"), is_user=is_user, at=fields.get("created"))
    return _with_rest(line, "cai-tools", fields, {"src", "text", "created", "display_name"})


def _is_ooba(document: JsonObject) -> bool:
    return isinstance(document.get("data_visible", document.get("visible")), list)


def _ooba(document: JsonObject) -> Shaped:
    """text-generation-webui: pairs of what the user and what the character said."""
    pairs = _list(document.get("data_visible", document.get("visible")))
    lines = [line for pair in pairs for line in _ooba_lines(pair)]
    rest = {"data", "data_visible", "internal", "visible"}
    return Shaped(_header("", "", _source("ooba", document, rest)), lines)


def _ooba_lines(pair: object) -> Iterator[Message]:
    if not isinstance(pair, list) or len(pair) < _PAIR:
        yield None
        return
    for is_user, said in ((True, pair[0]), (False, pair[1])):
        if said in ("", None, _BEGINNING):
            continue
        # Its page shows these texts as HTML, so they are stored with entities.
        text = html.unescape(said) if isinstance(said, str) else said
        yield _line("", text, is_user=is_user)


def _is_agnai(document: JsonObject) -> bool:
    return isinstance(document.get("messages"), list)


def _agnai(document: JsonObject) -> Shaped:
    """Agnaistic: messages, of which those with a user's id are a user's."""
    lines = [_agnai_line(message) for message in _list(document["messages"])]
    metadata = {
        "scenario": document.get("scenario"),
        **_source("agnai", document, {"messages", "scenario"}),
    }
    return Shaped(_header("", "", metadata), lines)


def _agnai_line(message: object) -> Message:
    fields = _object(message)
    is_user = bool(fields.get("userId"))
    name = _text(fields.get("handle")) or _text(fields.get("name"))
    line = _line(name, fields.get("msg"), is_user=is_user, at=fields.get("createdAt"))
    if line is not None and fields.get("ooc") is True:
        line["is_system"] = True
    return _with_rest(line, "agnai", fields, {"msg", "handle", "name", "createdAt", "ooc"})


def _is_risu(document: JsonObject) -> bool:
    return document.get("type") in ("risuChat", "risuAllChats")


def _risu(document: JsonObject) -> Shaped:
    """RisuAI: one chat, or all with a character."""
    data = document.get("data")
    chats = [_object(each) for each in (data if isinstance(data, list) else [data])]
    chat = max(chats, key=lambda each: len(_list(each.get("message"))), default={})
    lines = [_risu_line(message) for message in _list(chat.get("message"))]
    metadata = {"note_prompt": chat.get("note"), **_source("risu", chat, {"message", "note"})}
    return Shaped(_header("", "", metadata), lines, set_aside=max(0, len(chats) - 1))


def _risu_line(message: object) -> Message:
    fields = _object(message)
    is_user = fields.get("role") == "user"
    name = _text(fields.get("name"))
    line = _line(name, fields.get("data"), is_user=is_user, at=fields.get("time"))
    if line is not None and fields.get("disabled") is True:
        line["is_system"] = True
    return _with_rest(line, "risu", fields, {"role", "name", "data", "time", "disabled"})


_KINDS: Sequence[tuple[Callable[[JsonObject], bool], Callable[[JsonObject], Shaped]]] = (
    (_is_lite, _lite),
    (_is_cai, _cai),
    (_is_ooba, _ooba),
    (_is_agnai, _agnai),
    (_is_risu, _risu),
)


def _header(user: str, character: str, metadata: JsonObject) -> dict[str, object]:
    said = {name: value for name, value in metadata.items() if value not in ("", None, {})}
    return {"user_name": user, "character_name": character, "chat_metadata": said}


def _source(kind: str, document: JsonObject, known: set[str]) -> dict[str, object]:
    rest = {name: value for name, value in document.items() if name not in known}
    return {"source": {**rest, "format": kind}}


def _line(name: str, text: object, *, is_user: bool, at: object = None, kind: str = "") -> Message:
    """A message in SillyTavern's form; None if *text* is none. No name stands for the usual one."""
    if not isinstance(text, str):
        return None
    line: dict[str, object] = {"is_user": is_user, "mes": text}
    if name:
        line["name"] = name
    if at is not None:
        line["send_date"] = at
    if kind:
        line["extra"] = {"type": kind}
    return line


def _with_rest(line: Message, kind: str, fields: JsonObject, known: set[str]) -> Message:
    rest = {name: value for name, value in fields.items() if name not in known}
    if line is not None and rest:
        line["extra"] = {"source": {**rest, "format": kind}}
    return line


def _object(value: object) -> JsonObject:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
