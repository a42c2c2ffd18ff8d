"""`SceneStore` and `NoteStore` in memory, for tests of what uses them.

Held to the truth by tests/contract/test_scene_store.py, which runs on this and
on Redis, and by a state machine that compares the two step by step.
"""

import bisect
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.core.errors import LeaseLost, SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.ports import Ingested, IngestStatus
from bot.core.scene import (
    ChannelId,
    GuardLevel,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
)

_NONE = TurnId("")
_UNKNOWN = Turn(_NONE, Role.NARRATOR, "", ("",))


@dataclass
class _Channel:
    head: SceneHead
    floor: TurnId = _NONE
    turns: dict[TurnId, Turn | None] = field(default_factory=dict)
    edited_ms: dict[TurnId, int] = field(default_factory=dict)
    order: list[TurnId] = field(default_factory=list)
    shown: dict[MessageId, TurnId] = field(default_factory=dict)
    work: Work | None = None
    revives: bool = False

    def change(self, **fields: object) -> None:
        self.head = replace(self.head, **{**fields, "version": self.head.version + 1})  # type: ignore[arg-type]  # checked by dataclasses

    def too_old(self, turn: TurnId, keep: int) -> bool:
        return turn <= self.floor or (len(self.order) >= keep and turn < self.order[0])

    def store(self, turn: Turn, keep: int) -> None:
        self.write(turn)
        bisect.insort(self.order, turn.id)
        while len(self.order) > keep:
            self.floor = self.order.pop(0)
            self.hide(self.turns.pop(self.floor))

    def write(self, turn: Turn) -> None:
        self.turns[turn.id] = turn
        self.shown.update(dict.fromkeys(turn.messages, turn.id))

    def line_left(self, before: TurnId) -> TurnId | None:
        for turn in (self.turns[each] for each in reversed(self.order) if each < before):
            if turn is not None and turn.role is Role.CHARACTER:
                return None
            if turn is not None and turn.role is Role.PLAYER:
                return turn.id
        return None

    def holds(self, user: UserId) -> bool:
        authors = {turn.author for turn in self.turns.values() if turn is not None}
        return user in authors or user in self.head.players or user == self.head.owner

    def hide(self, turn: Turn | None) -> None:
        for message in turn.messages if turn else ():
            self.shown.pop(message, None)


@dataclass
class _Lease:
    owner: str | None = None
    until_s: float = 0.0
    fence: int = 0


class MemorySceneStore:
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self, *, keep: int = 2000, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._clock_s = clock_s
        self._leases: dict[ChannelId, _Lease] = {}
        self._channels: dict[ChannelId, _Channel] = {}
        self._lengths: dict[UserId, Length] = {}
        self._notes: dict[str, str] = {}

    async def start(self, head: SceneHead, opening: Turn | None) -> SceneHead:
        found = self._channels.get(head.place.channel)
        version, floor = 0, _NONE
        if found is not None:
            if (found.head.owner, found.head.started_ms) == (head.owner, head.started_ms):
                return found.head
            if found.head.live:
                raise SceneAlreadyLive("A scene is already live in this channel. Stop it first.")
            version = found.head.version
            last = found.order[-1] if found.order else _NONE
            floor = max(found.floor, last, found.work.reply if found.work else _NONE)
        fresh = _Channel(replace(head, live=True, version=version + 1), floor)
        if opening is not None:
            fresh.store(opening, self._keep)
        self._channels[head.place.channel] = fresh
        return fresh.head

    async def head(self, channel: ChannelId) -> SceneHead | None:
        found = self._channels.get(channel)
        return found.head if found else None

    async def read(self, channel: ChannelId) -> Scene | None:
        found = self._channels.get(channel)
        if found is None:
            return None
        turns = (found.turns[turn] for turn in found.order)
        return Scene(found.head, tuple(turn for turn in turns if turn is not None))

    async def live_channels(self) -> Sequence[ChannelId]:
        return sorted(name for name, found in self._channels.items() if found.head.live)

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead | None:
        self._set(channel, live=live)
        return await self.head(channel)

    async def set_length(self, channel: ChannelId, step: Length | None) -> None:
        self._set(channel, length=step)

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        self._set(channel, next_length=step)

    async def set_cut(self, channel: ChannelId, cut: TurnId, *, fence: int | None = None) -> None:
        self._check(channel, fence)
        self._set(channel, cut=cut)

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        self._set(channel, guard=level)

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        for turn, count in counts.items():
            self._annotate(channel, turn, count=count)

    async def set_facts(self, channel: ChannelId, turn: TurnId, facts: Mapping[str, str]) -> None:
        if facts:
            self._annotate(channel, turn, facts=dict(facts))

    def _annotate(self, channel: ChannelId, turn: TurnId, **fields: object) -> None:
        found = self._channels.get(channel)
        stored = found.turns.get(turn) if found else None
        if found is not None and stored is not None:
            found.turns[turn] = replace(stored, **fields)  # type: ignore[arg-type]  # checked by dataclasses

    async def ingest(self, channel: ChannelId, turn: Turn) -> Ingested:
        found = self._channels.get(channel)
        if found is None or not found.head.live:
            return Ingested(IngestStatus.NO_SCENE, None)
        status = IngestStatus.STORED
        if turn.id in found.turns:
            status = IngestStatus.DUPLICATE
        elif found.too_old(turn.id, self._keep):
            status = IngestStatus.TOO_OLD
        else:
            found.store(turn, self._keep)
            players = dict(found.head.players)
            if turn.role is Role.PLAYER and turn.author is not None:
                players[turn.author] = turn.name
            found.change(players=players)
        return Ingested(status, found.head)

    async def lease(self, channel: ChannelId, owner: str, for_s: float) -> int | None:
        held, now_s = self._leases.setdefault(channel, _Lease()), self._clock_s()
        if held.owner != owner:
            if held.owner is not None and now_s < held.until_s:
                return None
            held.owner, held.fence = owner, held.fence + 1
        held.until_s = now_s + for_s
        return held.fence

    async def release(self, channel: ChannelId, owner: str) -> None:
        held = self._leases.get(channel)
        if held is not None and held.owner == owner:
            held.owner = None

    def _check(self, channel: ChannelId, fence: int | None) -> None:
        held = self._leases.get(channel)
        if held is not None and fence is not None and fence < held.fence:
            raise LeaseLost("Somebody else has taken the channel.")

    async def claim(self, channel: ChannelId, work: Work, *, fence: int | None = None) -> Work:
        self._check(channel, fence)
        found = self._channels.get(channel)
        if found is None:
            return work
        noted = found.work
        if noted is None or (noted.reply, noted.at_ms) != (work.reply, work.at_ms):
            found.revives = found.turns.get(work.reply, _UNKNOWN) is None
        before = noted.messages if noted else ()
        found.work = replace(work, messages=tuple(dict.fromkeys((*before, *work.messages))))
        return found.work

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        self._check(channel, fence)
        work = await self.work(channel)
        if work is not None and work.reply == reply and message not in work.messages:
            self._channels[channel].work = replace(work, messages=(*work.messages, message))

    async def work(self, channel: ChannelId) -> Work | None:
        found = self._channels.get(channel)
        return found.work if found else None

    async def commit(self, channel: ChannelId, turn: Turn, *, fence: int | None = None) -> None:
        self._check(channel, fence)
        found = self._channels.get(channel)
        if found is None:
            return
        was_claimed = found.work is not None and found.work.reply == turn.id
        is_new, differs = self._remember(found, turn, revives=was_claimed and found.revives)
        if was_claimed:
            found.work = None
        next_length = found.head.next_length
        if (is_new or was_claimed) and next_length is not None:
            next_length, differs = None, True
        if differs:
            found.change(next_length=next_length)

    def _remember(self, found: _Channel, turn: Turn, *, revives: bool) -> tuple[bool, bool]:
        """Returns whether the turn is a new one, and whether anything differs now."""
        stored = found.turns.get(turn.id)
        if turn.id in found.turns and stored is None and revives:
            found.write(turn)
            return True, True
        if stored is not None:
            self._replace(found, stored, turn)
            return False, (stored.text, stored.messages) != (turn.text, turn.messages)
        if turn.id in found.turns or found.too_old(turn.id, self._keep):
            return False, False
        found.store(turn, self._keep)
        return True, True

    async def abandon(self, channel: ChannelId, reply: TurnId, *, fence: int | None = None) -> None:
        self._check(channel, fence)
        work = await self.work(channel)
        if work is not None and work.reply == reply:
            self._channels[channel].work = None

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        found = self._channels.get(channel)
        turn = found.turns.get(found.shown.get(message, _NONE)) if found else None
        if found is None or turn is None or turn.role is Role.CHARACTER:
            return False
        known_ms = found.edited_ms.get(turn.id, 0)
        if at_ms > known_ms or (at_ms == known_ms and text != turn.text):
            found.edited_ms[turn.id] = at_ms
            found.turns[turn.id] = _with_text(turn, text)
            found.change()
        return True

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Sequence[TurnId]:
        found = self._channels.get(channel)
        gone: list[TurnId] = []
        for message in messages if found else ():
            assert found is not None
            turn = found.shown.get(message)
            if turn is not None:
                found.hide(found.turns[turn])
                found.turns[turn] = None
                gone.append(turn)
        if found is not None and gone:
            work = found.work
            if work is not None and found.turns.get(work.trigger, _UNKNOWN) is None:
                left = found.line_left(work.trigger)
                found.work = replace(work, trigger=left or work.trigger)
            found.change()
        return gone

    async def purge(self, channel: ChannelId) -> None:
        self._channels.pop(channel, None)

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        return sorted(name for name, found in self._channels.items() if found.holds(user))

    async def user_length(self, user: UserId) -> Length | None:
        return self._lengths.get(user)

    async def set_user_length(self, user: UserId, step: Length | None) -> None:
        self._lengths.pop(user, None)
        if step is not None:
            self._lengths[user] = step

    async def get_note(self, name: str) -> str | None:
        return self._notes.get(name)

    async def put_note(self, name: str, text: str) -> None:
        self._notes[name] = text

    def _set(self, channel: ChannelId, **fields: object) -> None:
        found = self._channels.get(channel)
        if found is None:
            return
        if any(getattr(found.head, name) != value for name, value in fields.items()):
            found.change(**fields)

    def _replace(self, found: _Channel, stored: Turn, given: Turn) -> None:
        found.hide(stored)
        found.turns[stored.id] = replace(_with_text(stored, given.text), messages=given.messages)
        found.shown.update(dict.fromkeys(given.messages, stored.id))


def _with_text(turn: Turn, text: str) -> Turn:
    swipes = list(turn.swipes)
    swipes[turn.current] = text
    return replace(turn, swipes=tuple(swipes))
