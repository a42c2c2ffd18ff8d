"""What members do to what was said: a wish becomes one change of the scene as it was read.

Nothing happens here. Whoever asks applies the change to that very version of
the scene, and plans again where the scene has gone on meanwhile.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.change import Change, Undo
from bot.core.errors import UserError
from bot.core.phrases import phrase
from bot.core.plain_text import plain, utf16_units
from bot.core.scene import (
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
    WorkKind,
    message_of,
    trigger_of,
)
from bot.core.split import split
from bot.core.unposted import ORIGIN, Origin, is_to_be_posted

EDIT_UNITS = 4_000
"""UTF-16 units that a form of Discord's holds."""
MOST_POSTED_AGAIN = 30
"""Messages that Redo posts; Discord slows down whoever posts more in a row."""


class TooOldForButtons(UserError):
    """The reply under which a button was pressed is not the newest any more."""

    def __init__(self) -> None:
        super().__init__(phrase("This reply is too old for buttons: use its Apps menu."))


class NothingToUndo(UserError):
    """Only the opening is there."""


class TextChanged(UserError):
    """A text was edited that has become another one meanwhile."""


def turn_in(scene: Scene, turn: TurnId) -> Turn:
    """The turn of that id.

    Raises:
        UserError: it is no part of the story any more.
    """
    for each in scene.turns:
        if each.id == turn:
            return each
    raise UserError(phrase("This is no part of the story any more."))


def newest_reply(scene: Scene, turn: TurnId) -> Turn:
    """The turn of that id, if the story ends with it.

    Raises:
        TooOldForButtons: it does not, or it is nothing that a character said.
        UserError: it is on its way to the screen.
    """
    last = scene.turns[-1] if scene.turns else None
    if last is None or last.id != turn or last.role is not Role.CHARACTER:
        raise TooOldForButtons
    check_posted(last)
    return last


def check_posted(turn: Turn) -> None:
    """Raise UserError while *turn* is on its way to the screen.

    A greeting's buttons may be seen before it is known where it stands.
    """
    if is_to_be_posted(turn):
        raise UserError(phrase("This is only just being posted. Try again in a moment."))


def is_shown_by_us(turn: Turn) -> bool:
    """Whether messages of ours show it.

    A member's line is named after its own message, or another bot has posted it.
    """
    is_proxied = turn.facts.get(ORIGIN) == Origin.PROXIED
    return bool(turn.messages) and message_of(turn.id) not in turn.messages and not is_proxied


def shown_again(turn: Turn, *, at_ms: int = 0) -> Work:
    """The work that makes the screen show *turn* as it is remembered.

    A turn that no message shows is posted.
    """
    return Work(
        turn.id,
        trigger_of(turn.id) or turn.id,
        messages=turn.messages,
        at_ms=at_ms,
        kind=WorkKind.SHOW,
    )


def undo(scene: Scene, count: int, *, name: str, now_ms: int, until_ms: int) -> Change:
    """Take the last *count* replies back, each with the lines it answers.

    Lines that nobody has answered count as one more. The opening stays.

    Raises:
        UserError: there is nothing to take back.
    """
    begin = len(scene.turns)
    for _ in range(count):
        begin = _step_back(scene.turns, begin)
    if begin == len(scene.turns):
        raise NothingToUndo(phrase("There is nothing to undo."))
    return _taken_back(scene, begin, Undo(name, scene.head, until_ms=until_ms), now_ms)


def rewind(scene: Scene, turn: TurnId, *, name: str, now_ms: int, until_ms: int) -> Change:
    """Take back everything behind *turn*.

    Raises:
        UserError: nothing is.
    """
    begin = scene.turns.index(turn_in(scene, turn)) + 1
    if begin == len(scene.turns):
        raise UserError(phrase("The story ends here already."))
    return _taken_back(scene, begin, Undo(name, scene.head, until_ms=until_ms), now_ms)


def delete(scene: Scene, turn: TurnId, *, now_ms: int) -> Change:
    """Forget one turn. A member's message stays on the screen.

    Raises:
        UserError: it is forgotten already.
    """
    gone = turn_in(scene, turn)
    left = [each for each in scene.turns if each is not gone]
    was_last = gone is scene.turns[-1]
    return Change(
        head=_recut(scene.head, left),
        drop=(turn,),
        work=_row_below(left, now_ms) if was_last else None,
        owed=gone.messages if is_shown_by_us(gone) else (),
    )


def hide(scene: Scene, turn: TurnId, *, hidden: bool) -> Change:
    """Keep the model from reading a turn that stays on the screen, or let it.

    Raises:
        UserError: it is so already, or forgotten.
    """
    found = turn_in(scene, turn)
    if found.hidden is hidden:
        raise UserError(phrase("It is hidden already.") if hidden else phrase("It is not hidden."))
    return Change(put=(replace(found, hidden=hidden),))


def pin(scene: Scene, turn: TurnId, *, pinned: bool) -> Change:
    """Keep a turn in the prompt when its neighbours leave it, or no longer.

    Raises:
        UserError: it is so already, or forgotten.
    """
    found = turn_in(scene, turn)
    if found.pinned is pinned:
        raise UserError(phrase("It is pinned already.") if pinned else phrase("It is not pinned."))
    return Change(put=(replace(found, pinned=pinned),))


def editable(scene: Scene, turn: TurnId) -> Turn:
    """A turn whose text fits into a form and is a character's, or a narrator's that we have posted.

    Raises:
        UserError: it is not.
    """
    found = turn_in(scene, turn)
    is_narrators = found.role is Role.NARRATOR and is_shown_by_us(found)
    if found.role is not Role.CHARACTER and not is_narrators:
        if is_shown_by_us(found):
            raise UserError(
                phrase("A line that was sent is not edited. Delete it and write another.")
            )
        raise UserError(
            phrase(
                "Only what a character or a narrator says is edited here. Edit your own in Discord."
            )
        )
    if utf16_units(found.text) > EDIT_UNITS:
        raise UserError(
            phrase(
                "This reply is longer than the {edit_units:,} characters of a form.",
                edit_units=EDIT_UNITS,
            )
        )
    return found


def text_stamp(text: str) -> str:
    """Eight characters that are others for another text, to find that it has changed."""
    digest = hashlib.sha1(text.encode("utf-8", "replace"), usedforsecurity=False)
    return digest.hexdigest()[:8]


def edit_reply(
    scene: Scene,
    turn: TurnId,
    text: str,
    *,
    part_limit: int,
    stamp: str,
    by: str,
    now_ms: int,
) -> Change:
    """Give a reply another text instead of its current one.

    Args:
        part_limit: UTF-16 units that go into one message.
        stamp: `text_stamp` of the text that whoever edits has seen.
        by: whose edit it is, for "Why?".

    Raises:
        TextChanged: it has become another one since.
        UserError: it cannot be edited, or not to that.
    """
    found, text = editable(scene, turn), plain(text).strip()
    if text_stamp(found.text) != stamp:
        raise TextChanged(
            phrase("This reply has been changed by somebody else since you opened it.")
        )
    if not text:
        raise UserError(phrase("A reply needs some words. Delete takes it away as a whole."))
    if utf16_units(text) > EDIT_UNITS:
        raise UserError(
            phrase("A reply has at most {edit_units:,} characters.", edit_units=EDIT_UNITS)
        )
    if text == found.text:
        raise UserError(phrase("That is what it says already."))
    room = len(found.messages)
    if scene.turns[-1] is not found and len(split(text, part_limit)) > max(room, 1):
        raise UserError(
            phrase(
                "Others follow this reply, so no message can be added to it. About "
                "{part_limit:,} characters fit.",
                part_limit=part_limit * max(room, 1),
            )
        )
    swipes = (*found.swipes[: found.current], text, *found.swipes[found.current + 1 :])
    edited = replace(
        found, swipes=swipes, parts=(), count="", facts={**found.facts, "edited_by": by}
    )
    return Change(put=(edited,), work=shown_again(edited, at_ms=now_ms))


def select(scene: Scene, turn: TurnId, step: int, *, now_ms: int) -> Change:
    """Show the swipe *step* places further on, of the newest reply.

    Raises:
        TooOldForButtons: it is not the newest.
        UserError: there is no such swipe.
    """
    found = newest_reply(scene, turn)
    current = found.current + step
    if not 0 <= current < len(found.swipes):
        raise UserError(
            phrase("This is the first one.") if step < 0 else phrase("This is the last one.")
        )
    chosen = replace(found, current=current, parts=(), count="")
    return Change(put=(chosen,), work=shown_again(chosen, at_ms=now_ms))


def beside(change: Change, scene: Scene, noted: Work | None) -> Change:
    """*change*, made with regard to a reply that broke off and that nobody writes on.

    Where what it answered stays, it is taken up before anything else shows. Where
    the story is cut back, what shows of it leaves the screen.
    """
    if noted is None or not noted.shows:
        return change
    stored = next((turn for turn in scene.turns if turn.id == noted.reply), None)
    is_cut_back = bool(change.drop)
    if stored is None or stored.id in change.drop:
        if not is_cut_back:
            return replace(change, work=None)
        owed = tuple(dict.fromkeys((*change.owed, *noted.messages)))
        return replace(change, owed=owed, ends_work=True)
    if change.work is not None and change.work.reply != stored.id:
        return replace(change, work=None)
    work = change.work or shown_again(stored, at_ms=noted.at_ms)
    messages = tuple(dict.fromkeys((*work.messages, *noted.messages)))
    return replace(change, work=replace(work, messages=messages, posting=noted.posting))


def answered(scene: Scene, change: Change) -> frozenset[UserId]:
    """Whose the turns are that *change* touches: who were answered in all of them.

    Lines count only where no reply is touched: whoever was answered may take
    back what led to it.
    """
    touched = {*change.drop, *(turn.id for turn in change.put)}
    told = {turn.id: turn for turn in (*change.put, *scene.turns)}
    scene = Scene(scene.head, tuple(told[each] for each in sorted(told)))
    turns = [turn for turn in scene.turns if turn.id in touched]
    replies = [turn for turn in turns if turn.role is Role.CHARACTER]
    owners = [answered_by(scene, turn) for turn in replies or turns]
    return frozenset.intersection(*owners) if owners else frozenset()


def answered_by(scene: Scene, turn: Turn) -> frozenset[UserId]:
    """The players whose lines a reply answers; of a line, whoever wrote it."""
    if turn.role is not Role.CHARACTER:
        return _authors([turn])
    at = next((at for at, each in enumerate(scene.turns) if each.id == turn.id), 0)
    while at and scene.turns[at - 1].role is Role.CHARACTER:  # they answer each other
        at -= 1
    begin = at
    while begin and scene.turns[begin - 1].role is not Role.CHARACTER:
        begin -= 1
    return _authors(scene.turns[begin:at])


def _authors(turns: Iterable[Turn]) -> frozenset[UserId]:
    return frozenset(turn.author for turn in turns if turn.author is not None)


def _step_back(turns: Sequence[Turn], end: int) -> int:
    """Where the last reply before *end* begins, with the lines it answers."""
    at = end
    if at and turns[at - 1].role is Role.CHARACTER:
        at -= 1
        if at == 0:
            return end  # the opening
    while at and turns[at - 1].role is not Role.CHARACTER:
        at -= 1
    return at


def _taken_back(scene: Scene, begin: int, kept: Undo, now_ms: int) -> Change:
    left, gone = scene.turns[:begin], scene.turns[begin:]
    owed = tuple(each for turn in gone if is_shown_by_us(turn) for each in turn.messages)
    may_come_back = len(owed) <= MOST_POSTED_AGAIN
    return Change(
        head=_recut(scene.head, left),
        drop=tuple(turn.id for turn in gone),
        work=_row_below(left, now_ms),
        owed=owed,
        undo=replace(kept, put=gone) if may_come_back else None,
        uses_undo=not may_come_back,
    )


def _row_below(left: Sequence[Turn], now_ms: int) -> Work | None:
    """The buttons belong under the newest reply: under another one now."""
    last = left[-1] if left else None
    if last is None or last.role is not Role.CHARACTER or not last.messages:
        return None
    return shown_again(last, at_ms=now_ms)


def _recut(head: SceneHead, left: Sequence[Turn]) -> SceneHead | None:
    """The head without a cut behind which nothing is left."""
    if head.cut is None or any(turn.id >= head.cut for turn in left):
        return None
    return replace(head, cut=None)
