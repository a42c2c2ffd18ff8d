"""Stories that are told on elsewhere, or again: their turns under ids of their own.

A copy shows nothing on the screen: its turns have no messages, until the last of
them is posted. Its ids are the newest of the channel, so that no line of the story
before it, and none that is still to come, can stand between them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.change import Change, Undo
from bot.core.errors import UserError
from bot.core.greetings import said_to_several
from bot.core.phrases import phrase
from bot.core.scene import (
    MessageId,
    Place,
    Role,
    Scene,
    Turn,
    TurnId,
    UserId,
    Work,
    message_of,
    player_turn_id,
    reply_turn_id,
    trigger_of,
)
from bot.core.story_acts import is_shown_by_us, shown_again
from bot.core.unposted import ORIGIN, Origin, as_posted

UNDO_MS = 600_000
"""How long it is offered to take back that a story was replaced."""


def branch_of(
    scene: Scene, last: TurnId | None, *, place: Place, owner: UserId, event: MessageId, at_ms: int
) -> Scene:
    """The story of *scene* up to and with the turn *last*, to be told on at *place*.

    Args:
        last: None for the newest turn.
        event: what made it; the copy's ids end with it.

    Raises:
        UserError: the story holds no such turn (any more).
    """
    ids = [turn.id for turn in scene.turns]
    if not ids:
        raise UserError(phrase("Nothing has been said in this scene yet."))
    if last is not None and last not in ids:
        raise UserError(phrase("That message is no part of the story that I remember."))
    kept = scene.turns[: len(ids) if last is None else ids.index(last) + 1]
    head = replace(
        scene.head,
        place=place,
        owner=owner,
        players=_players_of(scene, kept),
        # What the next reply there uses up belongs to the newest turn.
        **({} if len(kept) == len(ids) else {"next_length": None, "instruction": ""}),  # type: ignore[arg-type]  # two fields of different types
    )
    return copied(Scene(head, kept), event=event, at_ms=at_ms)


def copied(story: Scene, *, event: MessageId, at_ms: int) -> Scene:
    """*story* with ids that end with *event*, without messages, as if begun at *at_ms*."""
    ids = _renamed([turn.id for turn in story.turns], event)
    turns = [
        replace(as_posted(turn, {}), id=new, edited_ms=0)
        for turn, new in zip(story.turns, ids, strict=True)
    ]
    if turns:
        # What is left of it to do after a crash is done as long as it is fresh.
        turns[-1] = replace(turns[-1], at_ms=at_ms)
    head = replace(
        story.head,
        live=True,
        cut=_moved(story.head.cut, story.turns, ids),
        started_ms=at_ms,
        resumed_ms=0,
        seen=event,
        row=None,
        old_row=None,
        version=0,
    )
    return Scene(head, tuple(turns))


def begun_anew(
    scene: Scene,
    opening: Turn | None,
    *,
    event: MessageId,
    at_ms: int,
    for_several: Sequence[str] = (),
) -> Scene:
    """*scene* before anything was said in it.

    It opens as it did; with *opening* where the turn it opened with is not remembered.

    Args:
        for_several: the character's greetings where several play, as they do now.

    Raises:
        UserError: nothing has been said in it.
    """
    if all(turn.role is Role.CHARACTER for turn in scene.turns):
        raise UserError(phrase("The story has only just begun."))
    first = scene.turns[0]
    if first.role is Role.CHARACTER and trigger_of(first.id) is None:
        opening = said_to_several(first, for_several)
    head = replace(scene.head, players={}, cut=None, next_length=None, instruction="")
    greeting = {ORIGIN: Origin.GREETING}
    told = Scene(head, () if opening is None else (replace(opening, facts=greeting),))
    return copied(told, event=event, at_ms=at_ms)


def replaced(scene: Scene, told: Scene, *, name: str, at_ms: int) -> Change:
    """Tell *told* from now on in place of *scene*, with what takes that back under *name*.

    What stands on the screen stays there: it is no part of the story any more.
    """
    head = replace(
        told.head, place=scene.head.place, row=scene.head.row, old_row=scene.head.old_row
    )
    new = frozenset(turn.id for turn in told.turns)
    return Change(
        head=head,
        players=told.head.players,
        put=told.turns,
        drop=tuple(turn.id for turn in scene.turns if turn.id not in new),
        ends_work=True,
        work=next_work(told.turns, at_ms),
        undo=Undo(
            name=name,
            head=scene.head,
            put=scene.turns,
            drop=tuple(new),
            until_ms=at_ms + UNDO_MS,
        ),
    )


def brought_back(scene: Scene, undo: Undo, *, at_ms: int) -> Change:
    """Take back what `replaced` did: what we have said since leaves the screen.

    What members have said since stands there, and is no part of the story.
    """
    old = frozenset(turn.id for turn in undo.put)
    since = [turn for turn in scene.turns if turn.id not in old]
    head = replace(undo.head, resumed_ms=at_ms, row=None, old_row=None)
    last = undo.put[-1:] if undo.put and undo.put[-1].role is Role.CHARACTER else ()
    return Change(
        head=head,
        players=undo.head.players,
        put=undo.put,
        drop=tuple(turn.id for turn in since),
        ends_work=True,
        work=next_work(last, at_ms),
        owed=tuple(each for turn in since if is_shown_by_us(turn) for each in turn.messages),
        uses_undo=True,
    )


def next_work(turns: Sequence[Turn], at_ms: int) -> Work | None:
    """What is to be done where a story ends so: show the character's turn, or answer a line."""
    if not turns:
        return None
    last = turns[-1]
    match last.role:
        case Role.CHARACTER:
            return shown_again(last, at_ms=at_ms)
        case Role.PLAYER:
            return Work(reply_turn_id(last.id), last.id, at_ms=at_ms)
        case Role.NARRATOR:
            return None


def numbered(count: int, event: MessageId) -> tuple[TurnId, ...]:
    """Names for so many turns, ascending; the last is that of *event*."""
    return tuple(player_turn_id(MessageId(event - count + 1 + at)) for at in range(count))


def _players_of(scene: Scene, kept: Sequence[Turn]) -> dict[UserId, str]:
    """Who plays; but who came only after *kept* does not yet."""
    wrote = {turn.author for turn in scene.turns if turn.role is Role.PLAYER}
    had_written = {turn.author for turn in kept}
    return {
        user: name
        for user, name in scene.head.players.items()
        if user in had_written or user not in wrote
    }


def _renamed(ids: Sequence[TurnId], event: MessageId) -> list[TurnId]:
    """New ids in the same order; what answered another turn answers it still."""
    stems = sorted({message_of(turn) for turn in ids})
    new = dict(zip(stems, numbered(len(stems), event), strict=True))
    return [TurnId(new[message_of(turn)] + _ending(turn)) for turn in ids]


def _ending(turn: TurnId) -> str:
    return turn[len(turn.rstrip("r")) :]


def _moved(cut: TurnId | None, turns: Iterable[Turn], ids: Sequence[TurnId]) -> TurnId | None:
    """Where the cut is among the new ids; by order, for its own turn may be gone."""
    if cut is None:
        return None
    at = bisect_left([turn.id for turn in turns], cut)
    # What ends before the cut was told as a whole then.
    return ids[at] if at < len(ids) else None
