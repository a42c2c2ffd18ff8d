"""How scenes are written into Redis, and read back.

A turn is a JSON object that scripts decode, change and encode again. Lua keeps
numbers as doubles and cannot tell an empty list from an empty object, so every
id and time is a string and an empty list is left out.

What others have put among it is left out where a scene can do without, and
logged without a word of it: it may be what somebody wrote.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.adapters.redis_store.keys import SCHEMA_VERSION
from bot.adapters.redis_store.sealing import Seal
from bot.core.lengths import Length
from bot.core.scene import (
    NOTE_DEPTH,
    ChannelId,
    CharacterKey,
    GuardLevel,
    GuildId,
    MessageId,
    Place,
    ReplyMode,
    Role,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
    WorkKind,
)

log = logging.getLogger(__name__)

_DIGITS = 20
"""Of the largest number that Discord or a clock can give us."""
_SMALL_DIGITS = 4


SEALED_FIELDS = ("scenario", "note", "instruction", "boundaries")
"""Of a head: what people wrote."""
SEALED_FACTS = frozenset({"persona", "lore", "chat_line", "chat_header"})
"""Of a turn: whom a player played then, names of lore entries, and what another program kept."""


def turn_to_record(turn: Turn, seal: Seal, *, write: str = "") -> str:
    """Encode *turn*; *write* names the write, so that a repeated one is known."""
    record: dict[str, Any] = {
        "sv": SCHEMA_VERSION,
        "id": turn.id,
        "role": turn.role.value,
        "name": clean(turn.name),
        "swipes": [seal.close(clean(swipe)) for swipe in turn.swipes],
        "current": turn.current,
        "at_ms": str(turn.at_ms),
    }
    more: dict[str, Any] = {
        "author": _text(turn.author),
        "messages": [str(message) for message in turn.messages],
        "parts": [seal.close(clean(part)) for part in turn.parts],
        "edited_ms": str(turn.edited_ms or ""),
        "pinned": turn.pinned,
        "hidden": turn.hidden,
        "quoted": seal.close(clean(turn.quoted)),
        "count": turn.count,
        "facts": facts_to_fields(turn.facts, seal),
        "write": write,
    }
    record |= {name: value for name, value in more.items() if value}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def facts_to_fields(facts: Mapping[str, str], seal: Seal) -> dict[str, str]:
    """Encode what is kept beside a turn."""
    return {
        name: seal.close(clean(text)) if name in SEALED_FACTS else clean(text)
        for name, text in facts.items()
    }


def turn_from_record(record: str, seal: Seal) -> Turn:
    """Decode what `turn_to_record` or a script has written.

    Raises:
        CannotOpen: it was sealed with another key.
        ValueError: it is no such record.
    """
    try:
        fields = json.loads(record)
        author = fields.get("author")
        turn = Turn(
            id=TurnId(str(fields["id"])),
            role=Role(fields["role"]),
            name=str(fields["name"]),
            swipes=tuple(seal.open(str(swipe)) for swipe in fields["swipes"]),
            current=int(fields["current"]),
            author=None if author is None else UserId(int(author)),
            messages=tuple(MessageId(int(message)) for message in fields.get("messages", ())),
            at_ms=int(fields["at_ms"]),
            pinned=fields.get("pinned") is True,
            count=str(fields.get("count", "")),
            facts={
                str(name): seal.open(str(text)) for name, text in fields.get("facts", {}).items()
            },
            parts=tuple(seal.open(str(part)) for part in fields.get("parts", ())),
            edited_ms=int(fields.get("edited_ms", 0)),
            hidden=fields.get("hidden") is True,
            quoted=seal.open(str(fields.get("quoted", ""))),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError("not a turn's record") from error
    if not 0 <= turn.current < len(turn.swipes):
        raise ValueError("a turn without a text")
    return turn


def head_to_fields(head: SceneHead, seal: Seal) -> dict[str, str]:
    """Encode *head*, its players and version aside."""
    place = head.place
    fields = {
        "guild": _text(place.guild),
        "parent": _text(place.parent),
        "owner": str(head.owner),
        "character": clean(head.character),
        "character_name": clean(head.character_name),
        "live": "1",
        "scenario": clean(head.scenario),
        "length": _text(head.length),
        "next_length": _text(head.next_length),
        "cut": _text(head.cut),
        "guard": head.guard.value,
        "started_ms": str(head.started_ms),
        "resumed_ms": str(head.resumed_ms),
        "seen": _text(head.seen),
        "note": clean(head.note),
        "note_depth": str(head.note_depth),
        "note_once": "1" if head.note_once else "",
        "instruction": clean(head.instruction),
        "reply_mode": head.reply_mode.value,
        "cast": clean(",".join(head.cast)),
        "banter": str(head.banter),
        "boundaries": clean("\n".join(head.boundaries)),
        "row": _text(head.row),
        "old_row": _text(head.old_row),
    }
    return fields | {name: seal.close(fields[name]) for name in SEALED_FIELDS}


def head_from_fields(
    channel: ChannelId, fields: Mapping[str, str], players: Mapping[str, str], seal: Seal
) -> SceneHead:
    """Decode a scene's head. Fields of a newer schema are passed over, foreign players too.

    Raises:
        CannotOpen: a text was sealed with another key.
        ValueError: a number is none. Without it we would not know where to post.
    """
    opened = {name: seal.open(fields.get(name, "")) for name in SEALED_FIELDS}
    guild, parent = fields.get("guild"), fields.get("parent")
    return SceneHead(
        place=Place(
            channel=channel,
            guild=GuildId(int(guild)) if guild else None,
            parent=ChannelId(int(parent)) if parent else None,
        ),
        owner=UserId(int(fields.get("owner", 0))),
        character=CharacterKey(fields.get("character", "")),
        character_name=fields.get("character_name", ""),
        live=fields.get("live") == "1",
        scenario=opened["scenario"],
        length=length_from(fields.get("length")),
        next_length=length_from(fields.get("next_length")),
        players={
            UserId(user): players[str(user)]
            for user in numbers(sorted(players), channel, what="player")
        },
        cut=TurnId(fields["cut"]) if fields.get("cut") else None,
        guard=_guard(fields.get("guard")),
        started_ms=int(fields.get("started_ms", 0)),
        resumed_ms=int(fields.get("resumed_ms", 0)),
        seen=_message(channel, fields.get("seen"), what="newest message"),
        note=opened["note"],
        note_depth=_small(fields.get("note_depth"), NOTE_DEPTH),
        note_once=fields.get("note_once") == "1",
        instruction=opened["instruction"],
        reply_mode=_mode(fields.get("reply_mode")),
        cast=tuple(CharacterKey(key) for key in fields.get("cast", "").split(",") if key),
        banter=_small(fields.get("banter"), 0),
        boundaries=tuple(filter(None, opened["boundaries"].split("\n"))),
        row=_message(channel, fields.get("row"), what="row"),
        old_row=_message(channel, fields.get("old_row"), what="row"),
        version=int(fields.get("ver", 0)),
    )


def work_from_fields(channel: ChannelId, fields: Mapping[str, str], seal: Seal) -> Work | None:
    """Decode the reply in the making; None if there is none. Foreign fields count as absent.

    Raises:
        CannotOpen: it was sealed with another key.
    """
    if not fields.get("reply"):
        return None
    noted = [part for part in fields.get("shown_in", "").split(",") if part]
    at_ms = (
        numbers([claimed], channel, what="time of a work")
        if (claimed := fields.get("claimed_ms"))
        else []
    )
    count = [fields["tokens"]] if fields.get("tokens") else []
    tokens = numbers(count, channel, what="token count of a work")
    return Work(
        reply=TurnId(fields["reply"]),
        trigger=TurnId(fields.get("trigger", "")),
        messages=tuple(map(MessageId, numbers(noted, channel, what="message of a work"))),
        at_ms=at_ms[0] if at_ms else 0,
        kind=_kind(fields.get("continues")),
        written=seal.open(fields.get("written", "")),
        tokens=tokens[0] if tokens else 0,
        posting=fields.get("posting", ""),
        speaker=CharacterKey(fields.get("speaker", "")),
    )


def work_to_fields(work: Work, seal: Seal) -> dict[str, str]:
    """Encode the reply in the making; what would be empty is left out."""
    fields = {
        "reply": work.reply,
        "trigger": work.trigger,
        "claimed_ms": str(work.at_ms),
        "continues": work.kind.value,
        "shown_in": written(work.messages),
        "written": seal.close(clean(work.written)),
        "tokens": str(work.tokens or ""),
        "posting": work.posting,
        "speaker": clean(work.speaker),
    }
    return {name: value for name, value in fields.items() if value}


def numbers(texts: Iterable[str], channel: ChannelId | None, *, what: str) -> list[int]:
    """The numbers among *texts* as we write them; of others only that they are there is logged."""
    found = []
    for text in texts:
        if text.isdecimal() and len(text) <= _DIGITS and str(int(text)) == text:
            found.append(int(text))
        else:
            log.warning("foreign %s left out", what, extra={"channel": channel})
    return found


def length_from(value: str | None) -> Length | None:
    """The length called *value*; None if none is."""
    return Length(value) if value else None


def _message(channel: ChannelId, value: str | None, *, what: str) -> MessageId | None:
    found = numbers([value], channel, what=what) if value else []
    return MessageId(found[0]) if found else None


def _small(value: str | None, usual: int) -> int:
    return int(value) if value and value.isdecimal() and len(value) <= _SMALL_DIGITS else usual


def _mode(value: str | None) -> ReplyMode:
    return ReplyMode(value) if value in set(ReplyMode) else ReplyMode.AUTO


def _kind(value: str | None) -> WorkKind:
    return WorkKind(value) if value in set(WorkKind) else WorkKind.REPLY


def _guard(value: str | None) -> GuardLevel:
    return GuardLevel.STRICT if value == GuardLevel.STRICT else GuardLevel.NORMAL


def written(messages: Iterable[MessageId]) -> str:
    """Several messages as scripts take and keep them."""
    return ",".join(map(str, messages))


def names_of(players: Mapping[UserId, str]) -> dict[str, str]:
    """Who plays, as a hash holds it."""
    return {str(user): clean(name) for user, name in players.items()}


def parts_to_put(turn: Turn, seal: Seal) -> tuple[str, str, str]:
    """What scripts take of a turn: its id, its record and its messages."""
    return turn.id, turn_to_record(turn, seal), written(turn.messages)


def listed(values: Sequence[str], width: int = 1) -> list[str | int]:
    """A list of entries of that width as scripts take it: behind its length."""
    return [len(values) // width, *values]


def flat(fields: Mapping[str, str]) -> list[str]:
    """Undo `pairs`."""
    return [part for pair in fields.items() for part in pair]


def pairs(flat: Sequence[str]) -> dict[str, str]:
    """A hash as scripts return it: field, value, field, value."""
    return dict(zip(flat[::2], flat[1::2], strict=True))


def clean(text: str) -> str:
    """Replace half surrogates, which JSON from Discord may hold and UTF-8 may not."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _text(value: object) -> str:
    return "" if value is None else str(value)
