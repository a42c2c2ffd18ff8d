"""Bringing back what was taken: turn by turn, as far as each has to be posted."""

from collections.abc import Collection
from dataclasses import replace

from bot.core.change import Change, Undo
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.scene import MessageId, Role, Scene, Turn
from bot.core.story_acts import is_shown_by_us, shown_again
from bot.core.unposted import off_the_screen, told_again


def redo(
    scene: Scene,
    kept: Undo | None,
    *,
    name: str,
    now_ms: int,
    owed: Collection[MessageId] = (),
) -> Change:
    """Bring back what was taken, as far as the next turn that was on the screen by us.

    The change keeps the rest: it is whole again once no undo of that name is left.

    Args:
        name: of what is to be brought back.
        owed: messages that have not left the screen: they show their turns again.

    Raises:
        UserError: it is too late for that, or the story has gone on.
    """
    if kept is None or kept.name != name or now_ms >= kept.until_ms or not kept.put:
        raise UserError(phrase("This cannot be brought back any more."))
    if scene.turns and scene.turns[-1].id >= kept.put[0].id:
        raise UserError(phrase("The story has gone on since, so this cannot be brought back."))
    ours = (at for at, turn in enumerate(kept.put) if is_shown_by_us(turn))
    end = next(ours, len(kept.put)) + 1
    *before, last = kept.put[:end]
    rest, staying, work = kept.put[end:], _staying(scene, last, owed), None
    if is_shown_by_us(last):
        is_reply = last.role is Role.CHARACTER
        last = off_the_screen(last, but=staying) if is_reply else told_again(last, staying)
        work = shown_again(last, at_ms=now_ms) if is_reply else None
    return Change(
        put=(*before, last),
        work=work,
        forgiven=last.messages if staying else (),
        undo=replace(kept, put=rest) if rest else None,
        uses_undo=not rest,
    )


def _staying(scene: Scene, turn: Turn, owed: Collection[MessageId]) -> tuple[MessageId, ...]:
    """What shows *turn* still and may do so: what we post stands in the order of the story."""
    left = tuple(each for each in turn.messages if each in owed and is_shown_by_us(turn))
    ours = (each for other in scene.turns if is_shown_by_us(other) for each in other.messages)
    return left if min(left, default=0) > max(ours, default=0) else ()
