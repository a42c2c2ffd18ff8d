"""The part of the store that knows of the reply in the making: leases, claims, commits."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import islice

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.answers import head_of, scene_of, turn_of, work_of
from bot.adapters.redis_store.calls import Calls
from bot.adapters.redis_store.channel_scripts import ChannelScripts
from bot.adapters.redis_store.sealing import Seal
from bot.adapters.redis_store.seals import NO_SEALS, Seals
from bot.adapters.redis_store.turn_cache import TurnCache
from bot.adapters.redis_store.user_index import UserIndex
from bot.core.scene import ChannelId, GuildId, MessageId, Scene, SceneHead, Turn, TurnId, Work
from bot.core.store_answers import Taken
from bot.core.store_ports import NOTHING_COUNTED

SCRIPTS = (
    "abandon",
    "commit",
    "intent",
    "lease",
    "posted",
    "read",
    "release",
    "take",
    "work",
)
_AT_ONCE = 200
"""Counts that one script writes; each is a record to decode and encode."""


class Replies:
    """Shares the calls of a store."""

    def __init__(
        self, calls: Calls, scripts: ChannelScripts, index: UserIndex, seals: Seals = NO_SEALS
    ) -> None:
        self._calls = calls
        self._seals = seals
        self._channel = scripts
        self._index = index
        self._turns = TurnCache()

    async def read(self, channel: ChannelId) -> Scene | None:
        answer = await self._channel.ask("read", channel)
        if answer is None:
            return None
        fields, players, stored = answer
        told = records.pairs(fields)
        seal = await self._seal_of(told)
        head = head_of(channel, told, records.pairs(players), seal)
        return scene_of(head, stored, seal)

    async def _seal_of(self, fields: Mapping[str, str]) -> Seal:
        """What seals where the scene with those fields plays."""
        guild = fields.get("guild", "")
        return await self._seals.in_guild(GuildId(int(guild)) if guild.isdecimal() else None)

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
        """Take the channel, claim, and read the scene, in one round trip.

        A script would spend most of its time on turning what it reads into values
        of Lua's and back, so that is read by commands behind it. Turns that are
        known here are not read at all, as long as `tag` says that they are right.
        """
        seal = await self._seals.in_channel(channel)
        args = (
            owner,
            int(for_s * 1000),
            "1" if anew else "",
            work.reply,
            work.trigger,
            work.at_ms,
            work.kind.value,
            seal.close(records.clean(work.written)),
            work.tokens or "",
            work.posting,
            records.clean(work.speaker),
            "1" if unless_answered else "",
            given(fence),
            *work.messages,
        )
        meta, turns, _, _, _, players, *_ = keys.channel_keys(channel)
        reads: list[tuple[str, ...]] = [("HGETALL", meta), ("HGETALL", players)]
        if channel not in self._turns:
            reads += [("HVALS", turns), ("HGET", meta, "ver")]
        answer, fields, names, *stored = await self._channel.change_and_read(
            "take", channel, args, *reads
        )
        if answer is None:
            return None
        scene = None
        if fields:
            head = head_of(channel, fields, names, seal)
            scene = await self._scene_of(head, fields, seal, *stored)
        lent, became, noted = answer
        noted_work = work_of(channel, noted, seal)
        return Taken(int(lent), scene, noted_work, became == "1", is_answered=became == "2")

    async def _scene_of(
        self,
        head: SceneHead,
        fields: Mapping[str, str],
        seal: Seal,
        stored: Sequence[str] | None = None,
        version: str = "",
    ) -> Scene | None:
        """The scene, if it was *stored* that was read and not changed meanwhile; else read it."""
        channel, tag = head.place.channel, fields.get("tag", "")
        known = self._turns.get(channel, tag)
        if known is not None:
            return Scene(head, known)
        if stored is None or fields.get("ver") != version:
            return await self.read(channel)
        scene = scene_of(head, stored, seal)
        self._turns.put(channel, tag, scene.turns)
        return scene

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
        text = records.clean(written)
        if text:
            text = (await self._seals.in_channel(channel)).close(text)
        kept = (reply or "", text, tokens, given(fence))
        lent = await self._channel.change("lease", channel, owner, int(for_s * 1000), *kept)
        return None if lent is None else int(lent)

    async def release(self, channel: ChannelId, owner: str) -> None:
        await self._channel.change("release", channel, owner)

    async def intent(
        self, channel: ChannelId, reply: TurnId, mark: str, *, fence: int | None = None
    ) -> None:
        await self._channel.change("intent", channel, reply, mark, given(fence))

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        await self._channel.change("posted", channel, reply, message, given(fence))

    async def work(self, channel: ChannelId) -> Work | None:
        noted = await self._channel.ask("work", channel)
        return work_of(channel, noted, await self._seals.in_channel(channel))

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
        if turn.author is not None:
            await self._calls.unbroken(self._index.put(channel, [str(turn.author)]))
        more = iter(counts.items())
        some = dict(islice(more, _AT_ONCE))
        first = [part for turn_id, count in some.items() for part in (turn_id, json.dumps(count))]
        newest = "" if seen is None else seen
        messages = records.written(turn.messages)
        rest = (release or "", newest, messages, cut or "", row or "", *first)
        seal = await self._seals.in_channel(channel)
        name = _name_of(records.turn_to_record(turn, seal), given(fence), *rest)
        record = records.turn_to_record(turn, seal, write=name)
        answer = await self._channel.change(
            "commit", channel, turn.id, record, given(fence), name, *rest
        )
        if answer:
            before, tag, floor = answer
            added = turn_of(channel, record, seal)
            self._turns.add(channel, added, before=before, tag=tag, floor=floor, counts=some)
        else:
            self._turns.forget(channel)
        await self.set_counts(channel, dict(more))

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        more = iter(counts.items())
        while some := dict(islice(more, _AT_ONCE)):
            self._turns.forget(channel)
            pairs = [part for turn, count in some.items() for part in (turn, json.dumps(count))]
            await self._channel.change("annotate", channel, "count", *pairs)

    async def abandon(
        self,
        channel: ChannelId,
        reply: TurnId,
        *,
        fence: int | None = None,
        release: str | None = None,
    ) -> None:
        await self._channel.change("abandon", channel, reply, given(fence), release or "")


def given(fence: int | None) -> str | int:
    """As scripts take it: '' for a caller without a lease."""
    return "" if fence is None else fence


def _name_of(*parts: str | int) -> str:
    """The same for the same write, so that one whose answer was lost is known."""
    text = "\0".join(map(str, parts))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:16]
