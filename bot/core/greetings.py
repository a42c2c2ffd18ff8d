"""What a character may open a scene with: before one player, or where several play."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.characters import Character
from bot.core.scene import Role, Scene, SceneHead, Turn
from bot.core.unposted import ORIGIN, Origin


def all_greetings(character: Character) -> tuple[str, ...]:
    """All there are, as they are numbered: the usual ones, then those for several."""
    return (*character.greetings, *character.group_greetings)


def openings(character: Character, chosen: int, *, is_for_several: bool) -> tuple[str, ...]:
    """The texts of a scene's first turn: the one that is shown, then its swipes.

    Those for several are further greetings, and come first where several are
    there; a single player has them only by choosing one, or where there are no others.

    Args:
        chosen: which of all, from 0; it may have been chosen before who plays.
    """
    usual, every = character.greetings, all_greetings(character)
    if is_for_several:
        return (*character.group_greetings, *usual)
    if usual and not len(usual) <= chosen < len(every):
        first = min(chosen, len(usual) - 1)
        return (*usual[first:], *usual[:first])
    first = min(chosen, max(len(every) - 1, 0))
    return (*every[first:], *every[:first])


def are_several(head: SceneHead) -> bool:
    """Whether more than one character and one player are in the scene."""
    return bool(head.cast) or len(head.players) > 1


def is_only_greeted(scene: Scene) -> bool:
    """Whether nothing but the character's greeting has been said."""
    return len(scene.turns) == 1 and _is_greeting(scene.turns[0])


def offering(first: Turn, texts: Sequence[str]) -> Turn:
    """*first*, a scene's opening, with *texts* among its swipes; it says what it said."""
    more = tuple(text for text in texts if text not in first.swipes)
    return replace(first, swipes=(*first.swipes, *more)) if more else first


def said_to_several(first: Turn, texts: Sequence[str]) -> Turn:
    """*first* as it opens where several are there: with one of *texts*, which are for them.

    What somebody has written or chosen for them stays.
    """
    if not texts or not _is_greeting(first) or first.text in texts or "edited_by" in first.facts:
        return first
    others = tuple(text for text in first.swipes if text not in texts)
    return replace(first, swipes=(*texts, *others), current=0, parts=(), count="")


def _is_greeting(turn: Turn) -> bool:
    return turn.role is Role.CHARACTER and turn.facts.get(ORIGIN) == Origin.GREETING
