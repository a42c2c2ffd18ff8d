"""What a crash or a restart left to do in a scene."""

from bot.core.scene import Role, Scene, TurnId, Work, reply_turn_id
from bot.core.triggers import Decision, calls_by_name
from bot.services.lane import Trigger


def left_unanswered(scene: Scene, work: Work | None) -> Trigger | None:
    """The line that still waits for its reply; None if none does.

    A reply that was being written anew when the process ended is stored and on
    the screen, but half overwritten there: its line counts as unanswered.
    """
    rewritten = [turn for turn in scene.turns if work is not None and turn.id == work.reply]
    turns = [turn for turn in scene.turns if turn not in rewritten]
    if not scene.head.live or not turns or turns[-1].role is not Role.PLAYER:
        return None
    last = turns[-1]
    is_due = (
        work is not None
        or len(scene.head.players) == 1
        or calls_by_name(last.text, (scene.head.character_name,))
    )
    if not is_due:
        return None
    if not rewritten:
        return Trigger(last.id, last.author, is_left_over=True)
    reply = rewritten[-1]
    continues = reply.text if work is not None and work.continues else ""
    return Trigger(last.id, last.author, reply.messages, continues, is_left_over=True)


def is_answered(scene: Scene, work: Work | None, line: TurnId) -> bool:
    """Whether a reply to *line*, or to one after it, stands and nobody was at it last."""
    if work is not None and work.reply == reply_turn_id(line):
        return False
    return any(turn.role is Role.CHARACTER and turn.id > line for turn in scene.turns)


def line_left(scene: Scene) -> Trigger | None:
    """The newest line since the last reply that asks for an answer; None if none does."""
    for turn in reversed(scene.turns):
        if turn.role is Role.CHARACTER:
            break
        asks = turn.facts.get("decision", Decision.ANSWER) == Decision.ANSWER
        if turn.role is Role.PLAYER and asks:
            return Trigger(turn.id, turn.author)
    return None
