"""What "Why?" answers: how a reply came about, or why a line has none."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.core.facts import Ending, ReplyFacts
from bot.core.lengths import LengthSource
from bot.core.phrases import joined, phrase, template
from bot.core.scene import MessageId, ReplyMode, Role, Scene, Turn, TurnId, Work, reply_turn_id
from bot.core.triggers import Decision, decide
from bot.core.unposted import ORIGIN, Origin

DECISION = "decision"
"""Under this name the facts of a player's turn keep its `Decision`."""
MODE = "mode"
"""And the `ReplyMode` by which it was decided, if that is not the usual one."""


class Fate(StrEnum):
    """What became of a message."""

    REPLY = "reply"
    GREETING = "greeting"
    NARRATED = "narrated"
    GROWING = "growing"  # a reply that is being written
    BROKEN_OFF = "broken off"  # a reply that nobody writes on
    NO_LINE = "no line"
    NO_SCENE = "no scene"
    BEFORE_SCENE = "before the scene"
    SCENE_STOPPED = "scene stopped"
    EMPTY = "empty"
    OUT_OF_CHARACTER = "out of character"
    UNHEARD = "unheard"
    ANSWERED = "answered"
    ANSWERED_LATER = "answered later"
    NOT_CALLED = "not called"
    NOT_MENTIONED = "not mentioned"
    NOT_NAMED = "not named"
    TOO_FAST = "too fast"
    OTHERS_TO_COME = "others to come"
    BEING_ANSWERED = "being answered"
    WAITING = "waiting"
    NEXT = "next"
    STOPPED_BEFORE_REPLY = "stopped before the reply"
    UNFINISHED = "unfinished"
    TOO_OLD = "too old"
    NO_REPLY = "no reply"


_SENTENCES: Mapping[Fate, str] = {
    Fate.REPLY: template("This reply of {name}'s came about so:"),
    Fate.GREETING: template("This is how {name} opens every scene; the model did not write it."),
    Fate.NARRATED: template(
        "This is a narrator's line: {name} knows it, and it asks for no answer by itself."
    ),
    Fate.GROWING: phrase("This reply is being written. Ask again when it is done."),
    Fate.BROKEN_OFF: phrase("This reply broke off. Try again under the notice finishes it."),
    Fate.NO_LINE: phrase(
        "This message is no part of the story: it is a notice, somebody else's app wrote it, "
        "or it has been taken out."
    ),
    Fate.NO_SCENE: phrase(
        "There is no scene here, so nobody answers. Start one with /roleplay start."
    ),
    Fate.BEFORE_SCENE: template(
        "This message is older than the scene, and {name} does not know it."
    ),
    Fate.SCENE_STOPPED: template(
        "The scene with {name} is stopped, so nobody answers. /roleplay resume goes on with it."
    ),
    Fate.EMPTY: template("There are no words in this message, and {name} sees no pictures."),
    Fate.OUT_OF_CHARACTER: template(
        "This was said out of character, as ((double brackets)), // and OOC: mark it, so "
        "{name} did not hear it."
    ),
    Fate.UNHEARD: template(
        "{name} does not know this line: I was away, the scene was stopped or my memory failed "
        "when it was written, or it is older than what is kept of the story. Write it again."
    ),
    Fate.ANSWERED: template("{name} answered this line. The reply came about so:"),
    Fate.ANSWERED_LATER: template(
        "{name}'s next reply answers this line together with the ones written after it."
    ),
    Fate.NOT_CALLED: template(
        "Several of you play, and this line was not said to {name}, who heard it and remembers "
        "it. To be answered, say the name, mention me, or reply to one of {name}'s messages."
    ),
    Fate.NOT_MENTIONED: template(
        "In this scene {name} answers those who mention me or reply to a character's message "
        "(/scene reply changes that). This line was heard and is remembered."
    ),
    Fate.NOT_NAMED: template(
        "In this scene {name} answers those who say the name, mention me or reply to a "
        "character's message (/scene reply changes that). This line was heard and is remembered."
    ),
    Fate.OTHERS_TO_COME: template(
        "In this scene {name} answers once everybody who plays along has written (/scene reply "
        "changes that). Until then /talk asks for a reply."
    ),
    Fate.TOO_FAST: template(
        "So many lines came at once that this one is not answered by itself. It was heard, and "
        "{name}'s next reply is written with it in mind."
    ),
    Fate.BEING_ANSWERED: phrase("The reply to this line is being written."),
    Fate.WAITING: phrase(
        "The reply to this line waits for the model; its first words are not there yet."
    ),
    Fate.NEXT: template(
        "{name} is still writing the reply to an earlier line; this one comes next."
    ),
    Fate.STOPPED_BEFORE_REPLY: template(
        "The scene was stopped before {name} could answer. The line is kept for /roleplay resume."
    ),
    Fate.UNFINISHED: phrase(
        "The reply to this line broke off. Try again under the notice finishes it."
    ),
    Fate.TOO_OLD: template(
        "I was restarted so long after this line that an answer would have come out of the "
        "blue. Write on, and {name} answers with this line in mind."
    ),
    Fate.NO_REPLY: template(
        "{name} was to answer this line, but nothing came of it: the reply was stopped, failed "
        "or was deleted. Write on, and {name} answers with this line in mind."
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What can be seen of a member's message itself."""

    text: str
    mentions_bot: bool
    replies_to_character: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Around:
    """All that decides what became of a message.

    Attributes:
        scene: the channel's, live or stopped.
        work: the reply that is claimed there.
        is_writing: whether a reply is being made there.
        awake_since_ms: when this process started.
        resume_age_ms: how old an unanswered line may be for a restart to answer it.
    """

    scene: Scene | None
    work: Work | None
    is_writing: bool
    awake_since_ms: int
    resume_age_ms: int


def shown_by(scene: Scene, message: MessageId) -> Turn | None:
    """The turn that *message* shows, wholly or in part."""
    return next((turn for turn in reversed(scene.turns) if message in turn.messages), None)


def reply_to(scene: Scene, line: TurnId) -> Turn | None:
    """The reply to *line*, if it has one of its own."""
    wanted = reply_turn_id(line)
    return next((turn for turn in reversed(scene.turns) if turn.id == wanted), None)


def fate_of(message: MessageId, said: Said | None, around: Around) -> Fate:
    """Tell what became of *message*; *said* is None unless a member wrote it."""
    work, scene = around.work, around.scene
    if said is None and work is not None and message in work.messages:
        return Fate.GROWING if around.is_writing else Fate.BROKEN_OFF
    turn = shown_by(scene, message) if scene is not None else None
    if scene is None or turn is None:
        return _of_stranger(said, scene)
    if turn.role is Role.NARRATOR:
        return Fate.NARRATED
    if turn.role is Role.CHARACTER:
        if turn.facts.get(ORIGIN) == Origin.GREETING:
            return Fate.GREETING
        before = (each for each in scene.turns if each.id < turn.id)
        has_answered = turn.facts or any(each.role is Role.PLAYER for each in before)
        return Fate.REPLY if has_answered else Fate.GREETING
    return _of_line(turn, said, scene, around)


def sentence(fate: Fate, name: str) -> str:
    """Put *fate* into words, for a scene with the character *name*."""
    return phrase(_SENTENCES[fate], name=name)


_IGNORED = {
    Decision.IGNORE_EMPTY: Fate.EMPTY,
    Decision.IGNORE_OOC: Fate.OUT_OF_CHARACTER,
}


_UNCALLED: Mapping[str, Fate] = {
    ReplyMode.MENTION: Fate.NOT_MENTIONED,
    ReplyMode.NAME: Fate.NOT_NAMED,
    ReplyMode.TURNS: Fate.OTHERS_TO_COME,
}


def _of_stranger(said: Said | None, scene: Scene | None) -> Fate:
    """A message that the scene does not have."""
    if said is None:
        return Fate.NO_LINE
    if scene is None:
        return Fate.NO_SCENE
    if said.at_ms < scene.head.started_ms:
        return Fate.BEFORE_SCENE
    if not scene.head.live:
        return Fate.SCENE_STOPPED
    decision = decide(
        players=1, mentioned=False, replied_to_character=False, text=said.text, names=()
    )
    return _IGNORED.get(decision, Fate.UNHEARD)


def _of_line(line: Turn, said: Said | None, scene: Scene, around: Around) -> Fate:
    """A player's line that the scene has."""
    own = reply_turn_id(line.id)
    is_in_the_making = around.work is not None and around.work.reply == own
    if reply_to(scene, line.id) is not None and not (is_in_the_making and around.is_writing):
        return Fate.ANSWERED
    decision = _decision(line, said, scene)
    if decision is Decision.TOO_FAST:
        return Fate.TOO_FAST
    if decision is Decision.REMEMBER:
        return _UNCALLED.get(line.facts.get(MODE, ""), Fate.NOT_CALLED)
    if not is_in_the_making and any(
        turn.id > own and turn.role is Role.CHARACTER for turn in scene.turns
    ):
        return Fate.ANSWERED_LATER
    return _of_being_made(line, around) if around.is_writing else _of_silence(line, scene, around)


def _of_being_made(line: Turn, around: Around) -> Fate:
    """A line without a reply while one is being made."""
    if around.work is None:
        return Fate.WAITING
    if line.id > around.work.trigger:
        return Fate.NEXT
    return Fate.BEING_ANSWERED if around.work.messages else Fate.WAITING


def _of_silence(line: Turn, scene: Scene, around: Around) -> Fate:
    """A line without a reply while nobody makes one."""
    if not scene.head.live:
        return Fate.STOPPED_BEFORE_REPLY
    if around.work is not None and line.id <= around.work.trigger:
        return Fate.UNFINISHED
    age_at_start_ms = around.awake_since_ms - scene.turns[-1].at_ms
    return Fate.TOO_OLD if age_at_start_ms > around.resume_age_ms else Fate.NO_REPLY


def _decision(line: Turn, said: Said | None, scene: Scene) -> Decision:
    """What was decided about a stored line, or what would be if nobody wrote it down."""
    noted = line.facts.get(DECISION)
    if (known := next((each for each in Decision if each == noted), None)) is not None:
        return known
    players = {turn.author for turn in scene.turns if turn.author and turn.id <= line.id}
    return decide(
        players=len(players),
        mentioned=said is not None and said.mentions_bot,
        replied_to_character=said is not None and said.replies_to_character,
        text=line.text,
        names=(scene.head.character_name,),
    )


_ENDINGS: Mapping[str, str] = {
    Ending.MODEL: phrase("the model was done"),
    Ending.HEADER: phrase("the model began the next part of the form it was trained on"),
    Ending.NAME: phrase("the model began somebody else's line"),
    Ending.PLAYER: phrase("the model began to tell what a player does"),
    Ending.SPECIAL: phrase("the model wrote a special token"),
    Ending.STOP_STRING: phrase("the server met a stop string"),
    Ending.TOKENS: phrase("the length's tokens were used up"),
    Ending.MEMBER: phrase("somebody pressed Stop"),
    Ending.LOST: phrase("the model server was lost"),
}
_SOURCES: Mapping[str, str] = {
    LengthSource.NEXT_REPLY: phrase("chosen for this one reply"),
    LengthSource.ME: phrase("the player's own choice"),
    LengthSource.SCENE: phrase("chosen for the scene"),
    LengthSource.CHARACTER: phrase("the character's usual one"),
    LengthSource.DEFAULT: phrase("the usual one"),
}
_UNKNOWN = phrase("not noted")


def rows(facts: ReplyFacts) -> tuple[tuple[str, str], ...]:
    """Put *facts* into words, as labels with what stands behind them."""
    edited = ((phrase("Edited by"), facts.edited_by),) if facts.edited_by else ()
    if replace(facts, edited_by="") == ReplyFacts():
        return (
            (phrase("Details"), phrase("none were noted when it was written")),
            *edited,
        )
    source = _SOURCES.get(facts.source)
    told = [
        (phrase("Model"), facts.model or _UNKNOWN),
        (phrase("Length"), joined(facts.length or _UNKNOWN, source or "", between=", ")),
        (phrase("Seed"), str(facts.seed)),
        (phrase("Tokens"), _tokens(facts)),
        (phrase("Ended because"), _ENDINGS.get(facts.ending, _UNKNOWN)),
        (phrase("Lore"), ", ".join(facts.lore) or phrase("none")),
        (
            phrase("Time"),
            phrase(
                "{waited} to the first words, then {wrote}",
                waited=_seconds(facts.waited_ms),
                wrote=_seconds(facts.wrote_ms),
            ),
        ),
    ]
    if facts.tries > 1:
        tries = phrase("{tries}; what came before was empty or a repetition", tries=facts.tries)
        told.append((phrase("Tries"), tries))
    if facts.repeats:
        told.append((phrase("Repetition"), phrase("close to what the character said just before")))
    return (*told, *edited)


def _tokens(facts: ReplyFacts) -> str:
    read, wrote = facts.prompt_tokens, facts.new_tokens
    if read and facts.reused_tokens:
        share = 100 * facts.reused_tokens // read
        return phrase(
            "{read:,} read ({share} % of them as in the prompt before), {wrote:,} written",
            read=read,
            share=share,
            wrote=wrote,
        )
    return phrase("{read:,} read, {wrote:,} written", read=read, wrote=wrote)


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.1f} s"
