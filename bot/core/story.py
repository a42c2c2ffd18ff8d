"""What a stored scene gives to a prompt: its script, and which of its lines matter how."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.characters import Character, filled
from bot.core.lengths import Length
from bot.core.scene import Role, Scene, Turn, TurnId, reply_turn_id
from bot.core.script import Line, Persona, Script

NEUTRAL_USER = "User"


@dataclass(frozen=True, slots=True)
class Story:
    """A scene up to a reply, before it is cut to fit.

    Attributes:
        script: with a line for each of the turns; without examples once a cut
            has been made, for they are the first to go.
        stays: indexes of the lines that outlive a cut: the greeting, which is
            all before a player's first line, and what is pinned.
        cut: index of the first line that goes into the prompt as a matter of
            course; None if nothing has been cut.
    """

    script: Script
    turns: tuple[Turn, ...]
    stays: frozenset[int]
    cut: int | None


def story_of(
    scene: Scene, character: Character, length: Length, *, trigger: TurnId, is_begun: bool = False
) -> Story:
    """Tell the scene for a reply to *trigger*; a reply that it has already is left out.

    Args:
        is_begun: a part of the reply is written: what was said since does not
            belong before it.
    """
    head = scene.head
    replaced = reply_turn_id(trigger)
    turns = tuple(
        turn for turn in scene.turns if turn.id != replaced and not (is_begun and turn.id > trigger)
    )
    opening = next((at for at, turn in enumerate(turns) if turn.role is Role.PLAYER), len(turns))
    user = turns[opening].name if opening < len(turns) else NEUTRAL_USER
    script = script_of(
        character,
        user=user,
        players=tuple(head.players.values()),
        scenario=head.scenario,
        length=length,
    )
    return Story(
        script=replace(
            script,
            examples=script.examples if head.cut is None else (),
            lines=tuple(Line(turn.role, turn.name, turn.text) for turn in turns),
        ),
        turns=turns,
        stays=frozenset(at for at, turn in enumerate(turns) if at < opening or turn.pinned),
        # By order, not by equality: that very turn may have been deleted.
        cut=None if head.cut is None else bisect_left(turns, head.cut, key=lambda turn: turn.id),
    )


def script_of(
    character: Character,
    *,
    user: str,
    players: Sequence[str] = (),
    scenario: str = "",
    length: Length,
) -> Script:
    """The script of a scene in which nothing has been said yet.

    Args:
        user: whom the character's texts call `{{user}}`.
        scenario: the scene's own; else the character's counts.
    """

    def fill(text: str) -> str:
        return filled(text, char=character.name, user=user)

    return Script(
        character=Persona(character.name, fill(character.persona)),
        players=tuple(Persona(name) for name in dict.fromkeys(players or (user,))),
        scenario=fill(scenario or character.scenario),
        # Without names: the script's own character, and whoever plays first.
        examples=tuple(Line(line.role, "", fill(line.text)) for line in character.examples),
        length=length,
    )
