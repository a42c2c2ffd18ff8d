"""`SceneStore`, `GuildStore` and `NoteStore` in memory, for tests of what uses them.

Held to the truth by tests/contract/test_scene_store.py, which runs on this and
on Redis, and by a state machine that compares the two step by step.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.errors import LeaseLost, SceneAlreadyLive
from bot.core.lengths import Length
from bot.core.scene import (
    ChannelId,
    GuardLevel,
    GuildId,
    MessageId,
    Role,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
)
from bot.core.store_answers import Deleted, Ingested, IngestStatus, Survey, Taken
from bot.core.store_ports import NOTHING_COUNTED
from tests.fakes.memory_channel import NO_TURN, MemoryChannel
from tests.fakes.memory_personas import MemoryPersonas
from tests.fakes.memory_stories import MemoryStories


@dataclass
class _Lease:
    owner: str | None = None
    until_s: float = 0.0
    fence: int = 0


class MemorySceneStore(MemoryStories, MemoryPersonas):
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self, *, keep: int = 2000, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._keep = keep
        self._clock_s = clock_s
        self._leases: dict[ChannelId, _Lease] = {}
        self._channels: dict[ChannelId, MemoryChannel] = {}
        self._lengths: dict[UserId, Length] = {}
        self._notes: dict[str, str] = {}
        self._left: dict[GuildId, int] = {}

    async def start(
        self,
        head: SceneHead,
        opening: Turn | None,
        *,
        told: Sequence[Turn] = (),
        work: Work | None = None,
    ) -> SceneHead:
        found = self._channels.get(head.place.channel)
        version, floor = 0, NO_TURN
        if found is not None:
            if (found.head.owner, found.head.started_ms) == (head.owner, head.started_ms):
                return found.head
            if found.head.live:
                raise SceneAlreadyLive("A scene is already live in this channel. Stop it first.")
            version, floor = found.head.version, found.last_id
        fresh = MemoryChannel(replace(head, live=True, version=version + 1), self._keep, floor)
        if found is not None:
            fresh.owed, fresh.saves = found.owed, found.saves
        for turn in (*([] if opening is None else [opening]), *told):
            fresh.store(turn)
        fresh.work = work
        self._channels[head.place.channel] = fresh
        return fresh.head

    async def head(self, channel: ChannelId) -> SceneHead | None:
        found = self._channels.get(channel)
        return found.head if found else None

    async def read(self, channel: ChannelId) -> Scene | None:
        found = self._channels.get(channel)
        return Scene(found.head, found.stored()) if found else None

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]:
        return [self._channels[each].survey() for each in channels if each in self._channels]

    async def live_channels(self) -> Sequence[ChannelId]:
        return sorted(name for name, found in self._channels.items() if found.head.live)

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead | None:
        self._set(channel, live=live)
        return await self.head(channel)

    async def set_resumed(self, channel: ChannelId, at_ms: int) -> None:
        self._set(channel, resumed_ms=at_ms)

    async def set_length(self, channel: ChannelId, step: Length | None) -> None:
        self._set(channel, length=step)

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        self._set(channel, next_length=step)

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        self._set(channel, guard=level)

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        for turn, count in counts.items():
            self._annotate(channel, turn, count=count)

    async def set_facts(self, channel: ChannelId, turn: TurnId, facts: Mapping[str, str]) -> None:
        if facts:
            self._annotate(channel, turn, facts=dict(facts))

    def _annotate(self, channel: ChannelId, turn: TurnId, **fields: object) -> None:
        if (found := self._channels.get(channel)) is not None:
            found.annotate(turn, **fields)

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        found = self._channels.get(channel)
        if found is None or not found.head.live:
            return Ingested(IngestStatus.NO_SCENE, None)
        status, message = IngestStatus.STORED, max(turn.messages, default=None)
        others = (other for other in found.turns.values() if other is not None)
        shown = {each for other in others for each in other.messages}
        if turn.id in found.turns or message in found.early or message in shown:
            status = IngestStatus.DUPLICATE
        elif turn.at_ms <= found.head.since_ms or found.too_old(turn.id):
            status = IngestStatus.TOO_OLD
        else:
            found.store(turn)
            players = dict(found.head.players)
            if turn.role is Role.PLAYER and turn.author is not None:
                players[turn.author] = turn.name
            found.change(players=players)
        if seen is not None:
            found.see(seen)
        return Ingested(status, found.head)

    async def take(
        self,
        channel: ChannelId,
        owner: str,
        for_s: float,
        work: Work,
        *,
        anew: bool = False,
        unless_answered: bool = False,
        fence: int | None = None,
    ) -> Taken | None:
        held = replace(self._leases.get(channel, _Lease()))
        lent = await self.lease(channel, owner, for_s, fence=fence)
        if lent is None:
            return None
        found = self._channels.get(channel)
        scene = await self.read(channel)
        if unless_answered and found is not None and found.is_answered(work):
            self._leases[channel] = held
            return Taken(lent, scene, found.work, is_claimed=False, is_answered=True)
        is_claimed = found is not None and found.take(work, anew=anew)
        return Taken(lent, scene, found.work if found else None, is_claimed)

    async def lease(
        self,
        channel: ChannelId,
        owner: str,
        for_s: float,
        *,
        reply: TurnId | None = None,
        written: str = "",
        tokens: int = 0,
        fence: int | None = None,
    ) -> int | None:
        held, now_s = self._leases.setdefault(channel, _Lease()), self._clock_s()
        had_it = held.owner == owner
        if fence is not None and (not had_it or held.fence != fence):
            raise LeaseLost("Somebody else has taken the channel.")
        if not had_it:
            if held.owner is not None and now_s < held.until_s:
                return None
            held.owner, held.fence = owner, held.fence + 1
        held.until_s = now_s + for_s
        work = await self.work(channel)
        if had_it and work is not None and work.reply == reply:
            self._channels[channel].work = replace(work, written=written, tokens=tokens)
        return held.fence

    async def release(self, channel: ChannelId, owner: str | None) -> None:
        held = self._leases.get(channel)
        if held is not None and owner is not None and held.owner == owner:
            held.owner = None

    def _check(self, channel: ChannelId, fence: int | None) -> None:
        held = self._leases.get(channel)
        if held is not None and fence is not None and fence < held.fence:
            raise LeaseLost("Somebody else has taken the channel.")

    async def intent(
        self, channel: ChannelId, reply: TurnId, mark: str, *, fence: int | None = None
    ) -> None:
        self._check(channel, fence)
        work = await self.work(channel)
        if work is not None and work.reply == reply:
            self._channels[channel].work = replace(work, posting=mark)

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        self._check(channel, fence)
        work = await self.work(channel)
        if work is not None and work.reply == reply and message not in work.messages:
            messages = (*work.messages, message)
            self._channels[channel].work = replace(work, messages=messages, posting="")

    async def work(self, channel: ChannelId) -> Work | None:
        found = self._channels.get(channel)
        return found.work if found else None

    async def commit(
        self,
        channel: ChannelId,
        turn: Turn,
        *,
        fence: int | None = None,
        release: str | None = None,
        counts: Mapping[TurnId, str] = NOTHING_COUNTED,
        seen: MessageId | None = None,
        cut: TurnId | None = None,
        row: MessageId | None = None,
    ) -> None:
        write = (turn, fence, release, dict(counts), seen, cut, row)
        found = self._channels.get(channel)
        if found is not None and found.writes.get(turn.id) == write:
            return
        self._check(channel, fence)
        await self.release(channel, release)
        if found is not None:
            found.commit(turn, write, counts, seen=seen, cut=cut, row=row)

    async def abandon(
        self,
        channel: ChannelId,
        reply: TurnId,
        *,
        fence: int | None = None,
        release: str | None = None,
    ) -> None:
        self._check(channel, fence)
        await self.release(channel, release)
        work = await self.work(channel)
        if work is not None and work.reply == reply:
            self._channels[channel].work = None

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        found = self._channels.get(channel)
        return found is not None and found.edit(message, text, at_ms)

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Deleted:
        found = self._channels.get(channel)
        return found.delete(messages) if found else Deleted()

    async def purge(self, channel: ChannelId) -> None:
        self._channels.pop(channel, None)

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        return sorted(name for name, found in self._channels.items() if found.holds(user))

    async def channels_in(self, guild: GuildId) -> Sequence[ChannelId]:
        return sorted(
            name for name, found in self._channels.items() if found.head.place.guild == guild
        )

    async def guilds(self) -> Sequence[GuildId]:
        guilds = {found.head.place.guild for found in self._channels.values()}
        return sorted(guild for guild in guilds if guild is not None)

    async def leave(self, guild: GuildId, due_ms: int) -> None:
        self._left.setdefault(guild, due_ms)

    async def left(self) -> Sequence[GuildId]:
        return sorted(self._left)

    async def due(self, now_ms: int) -> Sequence[GuildId]:
        return sorted(guild for guild, due_ms in self._left.items() if due_ms <= now_ms)

    async def rejoin(self, guild: GuildId) -> None:
        self._left.pop(guild, None)

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
