"""Who a player is in a story: named personas, and where each is played.

A persona is the player's own, and goes with them; what they choose is where
they play it. The narrowest choice counts: a scene's before a server's, and that
before everywhere.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import count
from urllib.parse import urlsplit

from bot.core.errors import UserError
from bot.core.lookalikes import looks_like
from bot.core.names import NAME_CHARACTERS
from bot.core.phrases import phrase
from bot.core.plain_text import plain
from bot.core.scene import Place, Turn

MOST_PERSONAS = 20
"""Of one player."""
MOST_CHOICES = 200
"""Servers, channels and threads for which one player has chosen a persona."""
PERSONA_CHARACTERS = 600
FACE_CHARACTERS = 512
FACE_BYTES = 8 * 1024 * 1024
FACE_PIXELS = 4096
"""A side."""

PERSONA = "persona"
"""Under this name a turn's facts keep the text of the persona that its author played."""

_FACES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
_EVERYWHERE, _SCENE = "all", "c"
_BLANK_LINES = re.compile(r"\n\s*\n")


class Scope(StrEnum):
    """Where a persona is played."""

    SCENE = "scene"
    SERVER = "server"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class PlayerPersona:
    """Somebody a player plays.

    Attributes:
        name: clean, and no other persona of the player is called so.
        text: what the model is told of them; may be empty.
        face: address of a picture; empty for the player's own.
    """

    name: str
    text: str = ""
    face: str = ""


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """All personas of one player, in the order they were made.

    Attributes:
        chosen: names of personas by where they are played, as `place_key` writes it;
            the newest choice is the last.
        version: grows with every change.
    """

    personas: tuple[PlayerPersona, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict, hash=False)
    version: int = 0

    def find(self, name: str) -> PlayerPersona | None:
        """The persona of that name, however its letters are cased."""
        wanted = _folded(name)
        return next((each for each in self.personas if _folded(each.name) == wanted), None)

    def named(self, name: str) -> PlayerPersona:
        """The persona of that name.

        Raises:
            UserError: there is none.
        """
        found = self.find(name)
        if found is None:
            raise UserError(
                phrase("You have no persona “{name}”. See /persona list.", name=name.strip()[:50])
            )
        return found

    def worn(self, place: Place) -> tuple[PlayerPersona, Scope] | None:
        """Whom the player plays at *place*, and by which choice; None for themselves."""
        for scope in Scope:
            if (found := self.chosen_for(scope, place)) is not None:
                return found, scope
        return None

    def chosen_for(self, scope: Scope, place: Place) -> PlayerPersona | None:
        """Whom the player has chosen for *scope*, whether or not that counts at *place*."""
        key = place_key(scope, place)
        return None if key is None else self.find(self.chosen.get(key, ""))

    def places_of(self, persona: PlayerPersona) -> int:
        """How many choices are of *persona*."""
        return sum(self.find(name) is persona for name in self.chosen.values())

    def with_persona(self, persona: PlayerPersona) -> "Wardrobe":
        """Have *persona*, in place of an earlier one of that name.

        Raises:
            UserError: there are as many as a player may have.
        """
        old = self.find(persona.name)
        if old is not None:
            kept = tuple(persona if each is old else each for each in self.personas)
            return replace(self, personas=kept)
        if len(self.personas) >= MOST_PERSONAS:
            raise UserError(
                phrase(
                    "You have {most_personas} personas, which is as many as I keep. Forget "
                    "one with /persona clear first.",
                    most_personas=MOST_PERSONAS,
                )
            )
        return replace(self, personas=(*self.personas, persona))

    def playing(self, name: str, scope: Scope, place: Place) -> "Wardrobe":
        """Play the persona called *name* from now on.

        Where there is no room for one more choice, the oldest of a scene goes: the
        player may not get to that place any more.

        Raises:
            UserError: there is none, or *place* is in no server.
        """
        key = required_key(scope, place)
        kept = {at: worn for at, worn in self.chosen.items() if at != key}
        while len(kept) >= MOST_CHOICES:
            del kept[next((at for at in kept if at.startswith(_SCENE)), next(iter(kept)))]
        return replace(self, chosen={**kept, key: self.named(name).name})

    def without_choice(self, scope: Scope, place: Place) -> "Wardrobe":
        """Choose nobody there any more."""
        key = required_key(scope, place)
        return replace(self, chosen={at: name for at, name in self.chosen.items() if at != key})

    def without(self, name: str) -> "Wardrobe":
        """Forget the persona called *name*, and where it was played.

        Raises:
            UserError: there is none.
        """
        gone = self.named(name)
        kept = tuple(each for each in self.personas if each is not gone)
        chosen = {at: worn for at, worn in self.chosen.items() if self.find(worn) is not gone}
        return replace(self, personas=kept, chosen=chosen)


def told_apart(name: str, others: Iterable[str]) -> str:
    """*name*, with a number behind it where another player plays somebody of that name."""
    taken = [*others]
    for number in count(2):
        if not any(looks_like(name, other) for other in taken):
            break
        mark = f" ({number})"
        base = name.removesuffix(f" ({number - 1})")
        name = base[: NAME_CHARACTERS - len(mark)].rstrip() + mark
    return name


def place_key(scope: Scope, place: Place) -> str | None:
    """How a choice for *scope* at *place* is written; None where there is no server."""
    match scope:
        case Scope.SCENE:
            return f"{_SCENE}{place.channel}"
        case Scope.SERVER:
            return None if place.guild is None else f"g{place.guild}"
        case Scope.EVERYWHERE:
            return _EVERYWHERE


def required_key(scope: Scope, place: Place) -> str:
    """As `place_key`.

    Raises:
        UserError: there is no server.
    """
    key = place_key(scope, place)
    if key is None:
        raise UserError(phrase("There is no server here. Choose everywhere, or this scene."))
    return key


def persona_text(text: str) -> str:
    """*text* as a persona has it: one paragraph.

    Raises:
        UserError: it is too long.
    """
    told = _BLANK_LINES.sub("\n", plain(text).strip())
    if len(told) > PERSONA_CHARACTERS:
        raise UserError(
            phrase(
                "A persona has at most {persona_characters} characters, and this one has {count}.",
                persona_characters=PERSONA_CHARACTERS,
                count=len(told),
            )
        )
    return told


def face_address(url: str) -> str:
    """*url*, if Discord can fetch a picture from there.

    Raises:
        UserError: it cannot.
    """
    try:
        parts = urlsplit(url.strip())
        is_web = parts.scheme == "https" and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_web = False
    if not is_web or len(url) > FACE_CHARACTERS or not url.strip().isprintable():
        raise UserError(
            phrase(
                "A picture's address begins with https:// and has at most "
                "{face_characters} characters.",
                face_characters=FACE_CHARACTERS,
            )
        )
    return url.strip()


def check_face(kind: str, size: int, sides: tuple[int | None, int | None]) -> None:
    """Raise UserError unless an upload is a picture that can stand beside a name.

    Nothing of it is read: Discord has measured it, and says so of pictures only.
    """
    measured = all(side is not None and 0 < side <= FACE_PIXELS for side in sides)
    if kind.partition(";")[0] not in _FACES or not measured or size > FACE_BYTES:
        raise UserError(
            phrase(
                "A picture is a PNG, JPEG, WebP or GIF of at most {face_bytes} MB and "
                "{face_pixels} pixels a side.",
                face_bytes=FACE_BYTES // 1024 // 1024,
                face_pixels=FACE_PIXELS,
            )
        )


def persona_of(turn: Turn) -> str:
    """What the model is told of who said *turn*, as its author played them then."""
    return turn.facts.get(PERSONA, "")


def _folded(name: str) -> str:
    return " ".join(plain(name).split()).casefold()
