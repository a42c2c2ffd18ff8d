"""What a crash or a restart left to do in a scene."""

from dataclasses import dataclass, replace

from bot.core.cast import FOLLOWER, SPEAKER
from bot.core.scene import CharacterKey, ReplyMode, Role, Scene, Turn, Work, WorkKind
from bot.core.triggers import Decision, all_have_written, calls_by_name
from bot.services.lane import Trigger


@dataclass(frozen=True, slots=True)
class LeftOver:
    """What is to be done in a channel, in this order.

    Attributes:
        begun: the line whose reply shows in part, or may.
        waiting: the line that nobody has begun to answer.
    """

    begun: Trigger | None = None
    waiting: Trigger | None = None


def left_over(scene: Scene, work: Work | None) -> LeftOver:
    """Find what still waits for its reply.

    A reply that was being written anew when the process ended is stored and on
    the screen, but half overwritten there: it counts as begun.
    """
    if not scene.head.live:
        return LeftOver()
    begun = _begun(scene, work)
    waiting = None
    for turn in reversed(scene.turns):
        if begun is not None and work is not None and turn.id <= work.trigger:
            break
        if turn.role is Role.CHARACTER:
            break
        if turn.role is Role.PLAYER and _is_due(turn, scene, work):
            waiting = replace(_line(turn), is_left_over=True)
            break
    if begun is None and waiting is None:
        waiting = _asked_for(scene, work) or _following(scene, work)
    if waiting is not None and work is not None and work.trigger == waiting.turn:
        waiting = replace(waiting, speaker=work.speaker or waiting.speaker)
    return LeftOver(begun, waiting)


def is_followed(turn: Turn) -> bool:
    """Whether another character was to go on from a reply, unless something was said since."""
    return turn.role is Role.CHARACTER and bool(turn.facts.get(FOLLOWER))


def _following(scene: Scene, work: Work | None) -> Trigger | None:
    """The answer of one character to another that nobody has begun."""
    last = scene.turns[-1] if scene.turns else None
    if last is None or work is not None or not is_followed(last):
        return None
    speaker = CharacterKey(last.facts[FOLLOWER])
    if speaker not in (scene.head.character, *scene.head.cast):
        return None
    said = (turn.author for turn in reversed(scene.turns) if turn.author is not None)
    return Trigger(last.id, next(said, None), speaker=speaker, is_left_over=True)


def _line(turn: Turn) -> Trigger:
    return Trigger(turn.id, turn.author, speaker=CharacterKey(turn.facts.get(SPEAKER, "")))


def _asked_for(scene: Scene, work: Work | None) -> Trigger | None:
    """A reply that somebody asked for without a line, and that nobody has begun."""
    if work is None or work.kind is not WorkKind.REPLY:
        return None
    last = scene.turns[-1].id if scene.turns else work.trigger
    return Trigger(work.trigger, None, is_left_over=True) if last == work.trigger else None


def _begun(scene: Scene, work: Work | None) -> Trigger | None:
    if work is None:
        return None
    rewritten = next((turn for turn in scene.turns if turn.id == work.reply), None)
    if rewritten is None and not work.shows:
        return None
    author = next((turn.author for turn in scene.turns if turn.id == work.trigger), None)
    return Trigger(
        work.trigger,
        author,
        work.kind if rewritten is not None else WorkKind.REPLY,
        target=work.reply,
        shown=rewritten.messages if rewritten is not None else (),
        stored=rewritten.text if rewritten is not None else "",
        speaker=work.speaker,
        is_left_over=True,
    )


def _is_due(turn: Turn, scene: Scene, work: Work | None) -> bool:
    """Whether the line asks for an answer; of earlier versions no decision was kept."""
    is_round = scene.head.reply_mode is ReplyMode.TURNS and turn is scene.turns[-1]
    if is_round and all_have_written(scene.turns):
        return True  # nobody may have got as far as to write that down
    decision = turn.facts.get("decision")
    if decision is not None:
        return decision == Decision.ANSWER
    return (
        (work is not None and work.trigger == turn.id)
        or len(scene.head.players) == 1
        or calls_by_name(turn.text, (scene.head.character_name,))
    )


def line_left(scene: Scene) -> Trigger | None:
    """The newest line since the last reply that asks for an answer; None if none does."""
    for turn in reversed(scene.turns):
        if turn.role is Role.CHARACTER:
            break
        asks = turn.facts.get("decision", Decision.ANSWER) == Decision.ANSWER
        if turn.role is Role.PLAYER and asks:
            return _line(turn)
    return None
