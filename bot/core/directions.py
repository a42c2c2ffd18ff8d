"""What members tell about the story rather than in it, and lines that nobody says.

Each wish is a pure function: a scene's head as it was read goes in, the change
comes out. Whoever asks applies it to that very version.
"""

from dataclasses import replace

from bot.core.change import Change
from bot.core.draft import NEUTRAL_PLAYER
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.plain_text import plain
from bot.core.scene import NOTE_DEPTH, MessageId, Role, SceneHead, Turn, UserId, player_turn_id
from bot.core.unposted import ORIGIN, Origin, to_be_posted

NARRATOR = "Narrator"
"""Over the messages that nobody of the story says."""
NARRATED_CHARACTERS = 1_500
TIME_CHARACTERS = 200
REASON_CHARACTERS = 100
NOTE_CHARACTERS = 1_000
SCENARIO_CHARACTERS = 1_000
INSTRUCTION_CHARACTERS = 500
DEEPEST_NOTE = 50

_ENDS = (".", "!", "?", "…")


def noted(head: SceneHead, text: str, *, once: bool, depth: int = NOTE_DEPTH) -> Change:
    """Put an author's note *depth* lines before the end, in place of an earlier one.

    Raises:
        UserError: it has no words, or too many.
    """
    note = _words(text, NOTE_CHARACTERS, phrase("A note"))
    depth = max(0, min(depth, DEEPEST_NOTE))
    return Change(head=replace(head, note=note, note_depth=depth, note_once=once))


def without_note(head: SceneHead) -> Change:
    """Take the author's note away."""
    return Change(head=replace(head, note="", note_depth=NOTE_DEPTH, note_once=False))


def with_scenario(head: SceneHead, text: str) -> Change:
    """Give the scene another scenario.

    Raises:
        UserError: it has no words, or too many.
    """
    return Change(
        head=replace(head, scenario=_words(text, SCENARIO_CHARACTERS, phrase("A scenario")))
    )


def instructed(head: SceneHead, text: str) -> Change:
    """Ask something of the next reply, in place of what was asked of it before.

    Raises:
        UserError: it has no words, or too many.
    """
    asked = _words(text, INSTRUCTION_CHARACTERS, phrase("An instruction"))
    # It stands in brackets in the prompt.
    return Change(head=replace(head, instruction=asked.strip("[]").strip() or asked))


def without_instruction(head: SceneHead) -> Change:
    """Ask nothing of the next reply."""
    return Change(head=replace(head, instruction=""))


def narrated(text: str) -> str:
    """What a narrator says, as it is shown and remembered.

    Raises:
        UserError: it has no words, or too many.
    """
    return _words(text, NARRATED_CHARACTERS, phrase("A narrator's line"))


def time_passed(text: str) -> str:
    """The line that says when the story goes on: `three days later` has dashes around it.

    Raises:
        UserError: it has no words, or too many.
    """
    said = " ".join(_words(text, TIME_CHARACTERS, phrase("A time")).split())
    said = said[0].upper() + said[1:]
    return f"— {said if said.endswith(_ENDS) else f'{said}.'} —"


def rolled(name: str, formula: str, told: str, reason: str = "") -> str:
    """The line that tells of a roll."""
    who, why = (" ".join(plain(words).split()) for words in (name, reason))
    why = why[:REASON_CHARACTERS].rstrip()
    return f"{who or NEUTRAL_PLAYER} rolls {formula}: {told}" + (f" ({why})" if why else "")


def narrator_turn(
    event: MessageId, text: str, origin: Origin, *, author: UserId, at_ms: int
) -> Turn:
    """A line that nobody of the story says, and that is to be posted.

    Args:
        event: what asked for it; names the turn.
        author: whose wish it was.
    """
    return to_be_posted(
        Turn(
            id=player_turn_id(event),
            role=Role.NARRATOR,
            name=NARRATOR,
            swipes=(text,),
            author=author,
            at_ms=at_ms,
            facts={ORIGIN: origin},
        )
    )


def _words(text: str, most: int, what: str) -> str:
    said = plain(text).strip()
    if not said:
        raise UserError(phrase("{what} needs some words.", what=what))
    if len(said) > most:
        raise UserError(phrase("{what} has at most {most:,} characters.", what=what, most=most))
    return said
