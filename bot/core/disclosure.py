"""What is stored of somebody, as a file of their own: nobody else's words are in it."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.lengths import Length
from bot.core.personas import Wardrobe, persona_of
from bot.core.privacy import Refusal
from bot.core.roster import Stored
from bot.core.scene import CharacterKey, Scene, Turn, UserId

FORMAT, VERSION = "roleplay-bot-privacy-export", 1


@dataclass(frozen=True, slots=True)
class SavedScene:
    """A story that was put aside."""

    name: str
    at_ms: int
    scene: Scene


@dataclass(frozen=True, slots=True)
class Channel:
    """What a channel holds of somebody.

    Attributes:
        is_theirs: whether nobody else has a part in the story.
    """

    scene: Scene
    saves: tuple[SavedScene, ...] = ()
    is_theirs: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """All that is stored of somebody."""

    user: UserId
    channels: Sequence[Channel]
    wardrobe: Wardrobe
    characters: Sequence[Stored]
    length: Length | None
    character: CharacterKey | None
    refusals: Iterable[Refusal]


def written(person: Person, *, at_ms: int) -> bytes:
    """The file: JSON, in the shape that docs/privacy.md tells."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "made_at": _time(at_ms),
        "user": str(person.user),
        "not_stored_in": [_where(each) for each in sorted(person.refusals, key=_where)],
        "settings": {"length": person.length, "character": person.character},
        "personas": [
            {"name": each.name, "text": each.text, "picture": each.face}
            for each in person.wardrobe.personas
        ],
        "personas_played": dict(person.wardrobe.chosen),
        "characters": [_character(each) for each in person.characters],
        "channels": [_channel(each, person.user) for each in person.channels],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def lines_of(scene: Scene, user: UserId) -> list[Turn]:
    """What *user* has said in *scene*."""
    return [turn for turn in scene.turns if turn.author == user]


def _where(refusal: Refusal) -> str:
    return "everywhere" if refusal.guild is None else str(refusal.guild)


def _channel(channel: Channel, user: UserId) -> Mapping[str, Any]:
    head = channel.scene.head
    told: dict[str, Any] = {
        "channel": str(head.place.channel),
        "server": None if head.place.guild is None else str(head.place.guild),
        "started_by_you": head.owner == user,
        "name": head.players.get(user),
        "lines": [_line(turn) for turn in lines_of(channel.scene, user)],
        "saved": [
            {
                "name": save.name,
                "saved_at": _time(save.at_ms),
                "lines": [_line(turn) for turn in lines_of(save.scene, user)],
            }
            for save in channel.saves
        ],
    }
    if channel.is_theirs:  # else a moderator may have written it
        told |= {"scenario": head.scenario, "note": head.note, "instruction": head.instruction}
    return told


def _line(turn: Turn) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "id": turn.id,
        "role": turn.role.value,
        "name": turn.name,
        "text": turn.text,
        "written_at": _time(turn.at_ms),
    }
    if len(turn.swipes) > 1:
        told["versions"] = list(turn.swipes)
    if turn.edited_ms:
        told["edited_at"] = _time(turn.edited_ms)
    if persona := persona_of(turn):
        told["persona"] = persona
    return told


def _character(stored: Stored) -> Mapping[str, Any]:
    entry = stored.entry
    told: dict[str, Any] = {
        "key": entry.key,
        "name": entry.name,
        "tagline": entry.tagline,
        "server": None if entry.guild is None else str(entry.guild),
        "made_at": _time(entry.at_ms),
        "is_deleted": entry.is_retired,
        "file": stored.filename,
    }
    try:
        told["card"] = json.loads(stored.raw)
    except (ValueError, RecursionError):
        told["card_base64"] = base64.b64encode(stored.raw).decode("ascii")
    return told


def _time(at_ms: int) -> str | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat() if at_ms else None
