"""A scene as a chat, and a chat as turns.

What a file says and a turn has no place for goes along in the turn's facts, as
JSON, so that an export of what was imported gives it back.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from bot.core.chat import USER, Chat, ChatMessage
from bot.core.chat_dates import humanized_date
from bot.core.chat_json import BadJson, read_json, write_json
from bot.core.chat_words import shown_name
from bot.core.facts import ReplyFacts
from bot.core.personas import persona_of
from bot.core.scene import (
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    player_turn_id,
    reply_turn_id,
)
from bot.core.store_ports import MOST_SWIPES
from bot.core.triggers import Decision

_LINE_FACT, _HEADER_FACT = "chat_line", "chat_header"
_MOST_KEPT = 8_000
"""Characters of JSON per turn; what is longer is not worth its place in Redis."""
_SAID_BY_TURN = frozenset(("name", "is_user", "is_system", "mes", "swipes", "swipe_id"))


def chat_of(scene: Scene) -> Chat:
    """Return *scene* as a chat, with Discord's ids under `extra.discord`."""
    header = next(_kept(scene.turns, _HEADER_FACT), {})
    metadata = header.pop("chat_metadata", None)
    played = (turn.name for turn in scene.turns if turn.role is Role.PLAYER)
    return Chat(
        tuple(map(_message_of, scene.turns)),
        user_name=next(played, next(iter(scene.head.players.values()), USER)),
        character_name=scene.head.character_name,
        metadata={**(metadata if isinstance(metadata, Mapping) else {}), **_told(scene.head)},
        fields={"create_date": humanized_date(scene.head.started_ms), **header},
    )


def turns_of(chat: Chat, *, first: MessageId, step: int = 1) -> tuple[Turn, ...]:
    """Return *chat* as turns that no message shows; those without a text are left out.

    No line asks for an answer, and none has an author: a file does not prove
    who wrote it.

    Args:
        first, step: ids that nobody else is given, one a message at most.
    """
    turns: list[Turn] = []
    for message in chat.messages:
        if message.text.strip():
            number = MessageId(first + len(turns) * step)
            turn_id = _id_of(message, turns[-1] if turns else None, number)
            header = {} if turns else {_HEADER_FACT: _header_of(chat)}
            turns.append(_turn_of(message, turn_id, header))
    return tuple(turns)


def _message_of(turn: Turn) -> ChatMessage:
    fields = next(_kept((turn,), _LINE_FACT), {})
    extra = fields.get("extra")
    made = ReplyFacts.read(turn.facts)
    told: dict[str, object] = {
        "model": made.model,
        "token_count": made.new_tokens,
        "persona": persona_of(turn),
    }
    return ChatMessage(
        name=turn.name,
        role=turn.role,
        swipes=turn.swipes,
        current=turn.current,
        hidden=turn.hidden,
        at_ms=turn.at_ms or None,
        fields={
            **fields,
            "extra": {
                **(extra if isinstance(extra, Mapping) else {}),
                **{name: value for name, value in told.items() if value},
                "discord": _ids(turn),
            },
        },
    )


def _ids(turn: Turn) -> dict[str, object]:
    """Discord's ids as texts: no double can hold them."""
    ids: dict[str, object] = {"turn": turn.id}
    if turn.author is not None:
        ids["author"] = str(turn.author)
    if turn.messages:
        ids["messages"] = [str(message) for message in turn.messages]
    return ids


def _told(head: SceneHead) -> dict[str, object]:
    """What SillyTavern has a place for, of what a scene says beside its turns."""
    told: dict[str, object] = {}
    if head.scenario:
        told["scenario"] = head.scenario
    if head.note:
        told |= {"note_prompt": head.note, "note_depth": head.note_depth}
        told |= {"note_interval": 1, "note_position": 1, "note_role": 0}
    return told


def _id_of(message: ChatMessage, before: Turn | None, number: MessageId) -> TurnId:
    if message.role is not Role.CHARACTER:
        return player_turn_id(number)
    is_answer = before is not None and before.role is Role.PLAYER and not before.hidden
    return reply_turn_id(before.id if before and is_answer else player_turn_id(number))


def _turn_of(message: ChatMessage, turn_id: TurnId, header: Mapping[str, str]) -> Turn:
    facts = {_LINE_FACT: _line_of(message), **header}
    if message.role is Role.PLAYER:
        facts["decision"] = Decision.REMEMBER
    swipes = _swipes_of(message)
    return Turn(
        id=turn_id,
        role=message.role,
        name=shown_name(message.name),
        swipes=swipes.texts,
        current=swipes.current,
        at_ms=message.at_ms or 0,
        facts={name: fact for name, fact in facts.items() if fact},
        hidden=message.hidden,
    )


class _Swipes(NamedTuple):
    texts: tuple[str, ...]
    current: int


def _swipes_of(message: ChatMessage) -> _Swipes:
    """The swipes that a turn can have: not empty, and not too many around the current one."""
    texts = [swipe for swipe in message.swipes if swipe.strip()]
    current = sum(1 for swipe in message.swipes[: message.current] if swipe.strip())
    start = max(0, min(current, len(texts) - MOST_SWIPES))
    return _Swipes(tuple(texts[start : start + MOST_SWIPES]), current - start)


def _line_of(message: ChatMessage) -> str:
    kept = {name: value for name, value in message.fields.items() if name not in _SAID_BY_TURN}
    extra = kept.pop("extra", None)
    rest = {**extra} if isinstance(extra, Mapping) else {}
    rest.pop("discord", None)  # whose ids those are, nobody can tell
    return _written({**kept, "extra": rest} if rest else kept)


def _header_of(chat: Chat) -> str:
    metadata = {"chat_metadata": dict(chat.metadata)} if chat.metadata else {}
    return _written({**chat.fields, **metadata})


def _written(fields: Mapping[str, object]) -> str:
    text = write_json(fields) if fields else ""
    return text if len(text) <= _MOST_KEPT else ""


def _kept(turns: tuple[Turn, ...], fact: str) -> Iterator[dict[str, object]]:
    for turn in turns:
        try:
            fields = read_json(turn.facts.get(fact, ""))
        except BadJson:
            continue
        if isinstance(fields, dict):
            yield fields
