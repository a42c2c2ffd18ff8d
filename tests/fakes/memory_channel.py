"""One channel of `MemorySceneStore`: a scene, its turns, and the reply in the making."""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from bot.core.change import Change, Undo
from bot.core.scene import MessageId, Role, Scene, SceneHead, Turn, TurnId, UserId, Work, WorkKind
from bot.core.store_answers import Deleted, Survey
from bot.core.store_ports import MOST_SWIPES
from bot.core.unposted import is_to_be_posted

EARLY_KEPT = 256
SURVEYED = 20
_UNTOUCHED = ("place", "live", "seen", "players", "version")
NO_TURN = TurnId("")
_UNKNOWN = Turn(NO_TURN, Role.NARRATOR, "", ("",))


@dataclass
class MemoryChannel:
    head: SceneHead
    keep: int
    floor: TurnId = NO_TURN
    turns: dict[TurnId, Turn | None] = field(default_factory=dict)
    order: list[TurnId] = field(default_factory=list)
    shown: dict[MessageId, TurnId] = field(default_factory=dict)
    work: Work | None = None
    revives: bool = False
    early: list[MessageId] = field(default_factory=list)
    edits: dict[TurnId, dict[MessageId, int]] = field(default_factory=dict)
    writes: dict[TurnId, object] = field(default_factory=dict)
    owed: set[MessageId] = field(default_factory=set)
    saves: dict[str, tuple[Scene, int]] = field(default_factory=dict)
    undo: Undo | None = None
    undo_until_s: float = 0.0
    applied: object = None

    def change(self, **fields: object) -> None:
        self.head = replace(self.head, **{**fields, "version": self.head.version + 1})  # type: ignore[arg-type]  # checked by dataclasses

    def see(self, message: MessageId) -> None:
        self.head = replace(self.head, seen=max(message, self.head.seen or message))

    @property
    def last_id(self) -> TurnId:
        last = self.order[-1] if self.order else NO_TURN
        return max(self.floor, last, self.work.reply if self.work else NO_TURN)

    def stored(self) -> tuple[Turn, ...]:
        turns = (self.turns[turn] for turn in self.order)
        return tuple(turn for turn in turns if turn is not None)

    def survey(self) -> Survey:
        last = next(reversed(self.stored()), None)
        newest = (self.turns[turn] for turn in self.order[-SURVEYED:])
        is_unposted = any(turn is not None and is_to_be_posted(turn) for turn in newest)
        return Survey(self.head, self.work, last, tuple(sorted(self.owed)), is_unposted)

    def holds(self, user: UserId) -> bool:
        copies = [scene for scene, _ in self.saves.values()]
        turns = [turn for scene in copies for turn in scene.turns]
        heads = [self.head, *(scene.head for scene in copies)]
        if self.undo is not None:
            turns += self.undo.put
            heads.append(self.undo.head)
        authors = {turn.author for turn in (*self.stored(), *turns)}
        return user in authors or any(user in (head.owner, *head.players) for head in heads)

    # Lines

    def too_old(self, turn: TurnId) -> bool:
        return turn <= self.floor or (len(self.order) >= self.keep and turn < self.order[0])

    def store(self, turn: Turn) -> None:
        self._write(turn)
        self._enter(turn.id)

    def _enter(self, turn: TurnId) -> None:
        bisect.insort(self.order, turn)
        while len(self.order) > self.keep:
            self.floor = self.order.pop(0)
            self._forget(self.floor)
            del self.turns[self.floor]

    def _write(self, turn: Turn) -> None:
        self.turns[turn.id] = turn
        self.shown.update(dict.fromkeys(turn.messages, turn.id))

    def _forget(self, turn: TurnId) -> None:
        """What is left is a tombstone."""
        self._hide(self.turns.get(turn))
        self.turns[turn] = None
        self.edits.pop(turn, None)
        self.writes.pop(turn, None)

    def _hide(self, turn: Turn | None) -> None:
        for message in turn.messages if turn else ():
            self.shown.pop(message, None)

    # Stories as a whole

    def apply(self, change: Change) -> None:
        for gone in change.drop:
            if gone in self.turns:
                self._forget(gone)
        for turn in change.put:
            if turn.id in self.turns:
                self._hide(self.turns[turn.id])
                self._write(turn)
            elif not self.too_old(turn.id):
                self.store(turn)
        if change.ends_work:
            self.work = None
        if change.work is not None:
            self.work = change.work
        self.owed = (self.owed - set(change.forgiven)) | set(change.owed)
        if change.undo is not None or change.uses_undo:
            self.undo = change.undo
        if change.players is not None:
            self.head = replace(self.head, players=change.players)
        wanted = change.head or self.head
        self.change(
            **{
                each.name: getattr(wanted, each.name)
                for each in fields(SceneHead)
                if each.name not in _UNTOUCHED
            }
        )

    # What happens on the screen

    def edit(self, message: MessageId, text: str, at_ms: int) -> bool:
        turn = self.turns.get(self.shown.get(message, NO_TURN))
        parts = _parts_of(turn) if turn else None
        if turn is None or parts is None:
            return False
        work = self.work
        if work is not None and (work.reply == turn.id or message in work.messages):
            return False
        place = turn.messages.index(message)
        times = self.edits.get(turn.id, dict.fromkeys(turn.messages, turn.edited_ms))
        if (at_ms, text) == (times[message], parts[place]) or at_ms < times[message]:
            return True
        self.edits[turn.id] = {**times, message: at_ms}
        if parts[place] != text:
            parts = (*parts[:place], text, *parts[place + 1 :])
            turn = _with_parts(turn, turn.messages, parts)
        self.turns[turn.id] = replace(turn, edited_ms=max(turn.edited_ms, at_ms))
        self.change()
        return True

    def delete(self, messages: Sequence[MessageId]) -> Deleted:
        gone: list[TurnId] = []
        shorter: set[TurnId] = set()
        showing = self.work.messages if self.work else ()
        self.owed -= set(messages)
        for message in messages:
            turn = self.shown.pop(message, None)
            if turn is None or message in showing:
                self._remember(message)
            if turn is None:
                continue
            if self._shorten(turn, message):
                shorter.add(turn)
            else:
                self._forget(turn)
                shorter.discard(turn)
                gone.append(turn)
        if gone or shorter:
            if self.work is not None and self.turns.get(self.work.trigger, _UNKNOWN) is None:
                left = self._line_left(self.work.trigger)
                self.work = replace(self.work, trigger=left or self.work.trigger)
            self.change()
        return Deleted(tuple(gone), tuple(sorted(shorter)))

    def _remember(self, message: MessageId) -> None:
        if message not in self.early:
            self.early = [*self.early, message][-EARLY_KEPT:]

    def _shorten(self, turn_id: TurnId, message: MessageId) -> bool:
        turn = self.turns[turn_id]
        parts = _parts_of(turn) if turn else None
        if turn is None or parts is None or len(parts) == 1:
            return False
        left = [(each, part) for each, part in zip(turn.messages, parts, strict=True)]
        left = [(each, part) for each, part in left if each != message]
        self.turns[turn_id] = _with_parts(
            turn, tuple(each for each, _ in left), tuple(part for _, part in left)
        )
        if turn_id in self.edits:
            del self.edits[turn_id][message]
        return True

    def _line_left(self, before: TurnId) -> TurnId | None:
        for turn in (self.turns[each] for each in reversed(self.order) if each < before):
            if turn is not None and turn.role is Role.CHARACTER:
                return None
            if turn is not None and turn.role is Role.PLAYER:
                return turn.id
        return None

    # The reply in the making

    def is_answered(self, work: Work) -> bool:
        noted = self.work
        if noted is not None and (noted.reply, noted.kind) == (work.reply, work.kind):
            return False
        later = (turn for turn in self.stored() if turn.id > work.trigger)
        return self.head.live and any(turn.role is Role.CHARACTER for turn in later)

    def take(self, work: Work, *, anew: bool) -> bool:
        noted = self.work
        goes_on = noted is not None and noted.trigger == work.trigger
        if not self.head.live or (noted is not None and noted.shows and not goes_on):
            return False
        claimed = work
        if noted is not None and goes_on:
            if not work.written and not anew:
                claimed = replace(claimed, written=noted.written, tokens=noted.tokens)
            claimed = replace(
                claimed,
                messages=tuple(dict.fromkeys((*noted.messages, *work.messages))),
                posting=work.posting or noted.posting,
            )
        if noted is None or (noted.reply, noted.at_ms) != (work.reply, work.at_ms):
            self.revives = self.turns.get(work.reply, _UNKNOWN) is None
        self.work = claimed
        return True

    def commit(
        self,
        turn: Turn,
        write: object,
        counts: Mapping[TurnId, str],
        *,
        seen: MessageId | None,
        cut: TurnId | None,
        row: MessageId | None,
    ) -> None:
        was_claimed = self.work is not None and self.work.reply == turn.id
        kind = self.work.kind if self.work is not None and was_claimed else WorkKind.REPLY
        is_new, differs = self._settle(
            turn,
            write,
            revives=was_claimed and self.revives,
            beside=kind is WorkKind.SWIPE,
        )
        if was_claimed:
            self.work = None
        used: dict[str, object] = {}
        if (is_new or was_claimed) and kind is not WorkKind.SHOW:
            used = self._used_up()
            differs = differs or bool(used)
        for each, count in counts.items():
            self.annotate(each, count=count)
        if seen is not None:
            self.see(seen)
        if cut is not None and cut != self.head.cut:
            differs = True
        if row is not None and row != self.head.row:
            self.head = replace(self.head, row=row, old_row=self.head.row)
        if differs:
            self.change(cut=cut or self.head.cut, **used)

    def _used_up(self) -> dict[str, object]:
        used: dict[str, object] = {}
        if self.head.next_length is not None:
            used["next_length"] = None
        if self.head.instruction:
            used["instruction"] = ""
        if self.head.note_once:
            used |= {"note": "", "note_once": False}
        return used

    def annotate(self, turn: TurnId, **fields: object) -> None:
        stored = self.turns.get(turn)
        if stored is not None:
            self.turns[turn] = replace(stored, **fields)  # type: ignore[arg-type]  # checked by dataclasses

    def _settle(
        self, turn: Turn, write: object, *, revives: bool, beside: bool
    ) -> tuple[bool, bool]:
        """Returns whether the turn is a new one, and whether anything differs now."""
        stored, is_known = self.turns.get(turn.id), turn.id in self.turns
        revives = revives and is_known and stored is None
        is_new = revives or (not is_known and not self.too_old(turn.id))
        given = self._still_shown(turn)
        if given is None:
            differs = is_new or stored is not None
            if differs:
                self._forget(turn.id)
                if not is_known:
                    self._enter(turn.id)
            return is_new, differs
        if is_new:
            self._write(given)
            if not is_known:
                self._enter(turn.id)
        elif stored is None:
            return False, False
        else:
            self._replace(stored, given, beside=beside)
        self.writes[turn.id] = write
        was = (stored.text, stored.messages, stored.parts) if stored and not beside else None
        return is_new, was != (given.text, given.messages, given.parts)

    def _still_shown(self, turn: Turn) -> Turn | None:
        gone = {message for message in turn.messages if message in self.early}
        if not gone:
            return turn
        parts = _parts_of(turn)
        if parts is None or gone == set(turn.messages):
            return None
        left = [
            (message, part)
            for message, part in zip(turn.messages, parts, strict=True)
            if message not in gone
        ]
        return _with_parts(
            turn, tuple(message for message, _ in left), tuple(part for _, part in left)
        )

    def _replace(self, stored: Turn, given: Turn, *, beside: bool) -> None:
        if beside:
            swipes = (*stored.swipes, given.text)[-MOST_SWIPES:]
            stored = replace(stored, swipes=swipes, current=len(swipes) - 1)
        edited_ms = max(stored.edited_ms, given.edited_ms)
        was = (stored.text, stored.messages, stored.parts)
        if beside or was != (given.text, given.messages, given.parts):
            self.edits.pop(stored.id, None)
        if edited_ms > stored.edited_ms:
            self.edits.pop(stored.id, None)
        self._hide(stored)
        self._write(
            replace(
                _with_text(stored, given.text),
                messages=given.messages,
                parts=given.parts,
                edited_ms=edited_ms,
                facts=given.facts or stored.facts,
            )
        )


def _parts_of(turn: Turn) -> tuple[str, ...] | None:
    """The text of each message that shows it; None if that is not known."""
    if len(turn.messages) == 1:
        return (turn.text,)
    return turn.parts if turn.parts and len(turn.parts) == len(turn.messages) else None


def _with_parts(turn: Turn, messages: tuple[MessageId, ...], parts: tuple[str, ...]) -> Turn:
    shorter = replace(turn, messages=messages, parts=parts if len(parts) > 1 else ())
    return _with_text(shorter, "\n".join(parts))


def _with_text(turn: Turn, text: str) -> Turn:
    swipes = list(turn.swipes)
    swipes[turn.current] = text
    return replace(turn, swipes=tuple(swipes))
