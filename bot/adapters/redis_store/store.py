"""`SceneStore` and `NoteStore` on Redis."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import guild_index, keys, records, replies, stories, user_index
from bot.adapters.redis_store.answers import head_of, turn_of, work_of
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.channel_scripts import ChannelScripts
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.erasure import Erasure
from bot.adapters.redis_store.errors import translated
from bot.adapters.redis_store.guild_index import GuildIndex
from bot.adapters.redis_store.known import Known
from bot.adapters.redis_store.live_list import LiveList
from bot.adapters.redis_store.loose_index import LooseIndex
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.sealing import NOWHERE, CannotOpen, Seal
from bot.adapters.redis_store.seals import NO_SEALS, Seals
from bot.adapters.redis_store.stories import Stories
from bot.adapters.redis_store.unsure import Unsure
from bot.adapters.redis_store.user_index import UserIndex
from bot.adapters.redis_store.wardrobes import MOST_KNOWN, Wardrobes
from bot.core.errors import SceneAlreadyLive, StoreRefusesWrites, StoreUnavailable
from bot.core.lengths import Length
from bot.core.scene import (
    ChannelId,
    GuardLevel,
    GuildId,
    MessageId,
    Role,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
    player_turn_id,
)
from bot.core.store_answers import Deleted, Ingested, IngestStatus, Survey

log = logging.getLogger(__name__)

_CHUNK = 500
_SCAN_COUNT = 500
_GRACE_MS = 3_600_000
_DELETED_AT_ONCE = 100
"""As in one event of Discord's: the answer is kept beside the scene's head."""
SCRIPTS = (
    "annotate",
    "delete",
    "edit",
    "head",
    "ingest",
    "keep",
    "purge",
    "set_field",
    "start",
    "survey",
)


DaysIn = Callable[[GuildId], Awaitable[int | None]]
"""For how many days of silence a guild has its stories kept."""


async def no_days(_guild: GuildId) -> None:
    """No guild has chosen anything."""


class RedisSceneStore(Stories, Wardrobes, Erasure):
    """Borrows the client; does not close it.

    A change that has begun is not torn by cancellation: the caller stays until
    Redis has answered or the time is over, and is cancelled then. So whatever
    it does next comes after that change.

    Args:
        keep: turns remembered per channel; deleted ones count until trimmed.
        ttl: a channel that is not written for so long is forgotten.
        answer_within: the longest a method waits for one answer.
        days_in: for how many days of silence a guild's scenes are kept; None: for *ttl*.
        seals: what makes texts unreadable for who reads Redis.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        keep: int,
        ttl: timedelta,
        answer_within: timedelta = ANSWER_WITHIN,
        days_in: DaysIn = no_days,
        seals: Seals = NO_SEALS,
    ) -> None:
        calls = Calls(redis, answer_within=answer_within)
        names = (
            *SCRIPTS,
            *replies.SCRIPTS,
            *stories.SCRIPTS,
            *user_index.SCRIPTS,
            *guild_index.SCRIPTS,
        )
        scripts = ChannelScripts(calls, names, keep=keep, ttl=ttl)
        loose = LooseIndex(calls)
        super().__init__(calls, scripts, UserIndex(calls, scripts, loose), seals)
        self._guilds = GuildIndex(calls, scripts, loose)
        self._dress = Script("dress", shared=False)
        self._wardrobes = Known(MOST_KNOWN)
        self._redis = redis
        self._days_in = days_in
        self._run, self._unbroken = calls.run, calls.unbroken
        self._live = LiveList(calls)
        self._unsure = Unsure()

    async def start(
        self,
        head: SceneHead,
        opening: Turn | None,
        *,
        told: Sequence[Turn] = (),
        work: Work | None = None,
    ) -> SceneHead:
        channel = head.place.channel
        seal = await self._seals.in_guild(head.place.guild, anew=True)
        fields = records.head_to_fields(head, seal)
        days = None if head.place.guild is None else await self._days_in(head.place.guild)
        fields |= {} if days is None else {"keep_ms": str(_ms(days))}
        if head.place.guild is not None:
            fields["in_guild"] = "1"
            await self._unbroken(self._guilds.put(channel, head.place.guild))
        turns = told if opening is None else (opening, *told)
        writers = {turn.author for turn in turns if turn.author is not None}
        writers = {head.owner, *writers} - {*head.players}
        await self._unbroken(self._index.put(channel, map(str, sorted({*head.players, *writers}))))
        await self._live.put(channel)
        answer = await self._change(
            "start",
            channel,
            head.owner,
            head.started_ms,
            *records.listed(records.flat(fields), 2),
            *records.listed(records.flat(records.names_of(head.players)), 2),
            *records.listed(
                [part for turn in turns for part in records.parts_to_put(turn, seal)], 3
            ),
            *records.listed(
                records.flat({} if work is None else records.work_to_fields(work, seal)), 2
            ),
            *records.listed([str(user) for user in sorted(writers)]),
        )
        if answer[0] == "taken":
            raise SceneAlreadyLive("A scene is already live in this channel. Stop it first.")
        return await self._head_of(channel, *answer[1:])

    async def head(self, channel: ChannelId) -> SceneHead | None:
        answer = await self._channel.ask("head", channel)
        return None if answer is None else await self._head_of(channel, *answer)

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]:
        found = []
        for at in range(0, len(channels), _CHUNK):
            chunk = channels[at : at + _CHUNK]
            for channel, answer in zip(
                chunk, await self._channel.ask_each("survey", chunk), strict=True
            ):
                if answer is not None and (seen := await self._survey_of(channel, answer)):
                    found.append(seen)
        return found

    async def live_channels(self) -> Sequence[ChannelId]:
        return await self._live.channels()

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead | None:
        token = await (self._live.put(channel) if live else self._live.token(channel))
        head = await self._set(channel, "live", "1" if live else "0")
        if head is None or not live:
            await self._live.drop(channel, token)
        return head

    async def set_resumed(self, channel: ChannelId, at_ms: int) -> None:
        await self._set(channel, "resumed_ms", str(at_ms))

    async def set_length(self, channel: ChannelId, step: Length | None) -> None:
        await self._set(channel, "length", step or "")

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        await self._set(channel, "next_length", step or "")

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        await self._set(channel, "guard", level)

    async def set_facts(self, channel: ChannelId, turn: TurnId, facts: Mapping[str, str]) -> None:
        cleaned = records.facts_to_fields(facts, await self._seals.in_channel(channel))
        if cleaned:
            self._turns.forget(channel)
            await self._change("annotate", channel, "facts", turn, json.dumps(cleaned))

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        """Remember a member's line, in the order of turn ids, once.

        After StoreUnavailable the line may be stored and nobody knows. Asked
        again, the store recognises its own write: the line counts as STORED,
        not as DUPLICATE, or it would never be answered.
        """
        with self._unsure.name((channel, turn.id)) as write:
            seal = await self._seals.in_channel(channel)
            if seal is NOWHERE:
                return Ingested(IngestStatus.NO_SCENE, None)
            step = self._ingest(channel, turn, write, seen, seal)
            status, fields, players = await self._unbroken(step)
            is_live = status is not IngestStatus.NO_SCENE and fields
            return Ingested(status, head_of(channel, fields, players, seal) if is_live else None)

    async def _ingest(
        self, channel: ChannelId, turn: Turn, write: str, seen: MessageId | None, seal: Seal
    ) -> tuple[IngestStatus, Mapping[str, str], Mapping[str, str]]:
        """Store a line; the first of somebody there, after their index names the channel.

        Beside what became of it, head and players, read right behind.
        """
        record = records.turn_to_record(turn, seal, write=write)
        speaks = turn.role is Role.PLAYER and turn.author is not None
        author = str(turn.author) if turn.author is not None else ""
        name = records.clean(turn.name)
        message = str(max(turn.messages)) if turn.messages else ""
        messages = records.written(
            each for each in turn.messages if player_turn_id(each) != turn.id
        )
        given = (turn.id, record, write, author if speaks else "", name, author)
        args = (*given, message, messages, "" if seen is None else seen, turn.at_ms)
        meta, _, _, _, _, players, *_ = keys.channel_keys(channel)
        reads = (("HGETALL", meta), ("HGETALL", players))
        listed: set[str] = set()
        while True:
            answer, fields, names = await self._channel.part_and_read(
                "ingest", channel, (*args, *listed), *reads
            )
            if answer[0] != "unlisted":
                self._note(channel, answer, fields, turn_of(channel, record, seal))
                return IngestStatus(answer[0]), fields, names
            users = records.numbers(answer[1], channel, what="user")
            await self._index.put(channel, map(str, users))
            listed.update(answer[1])

    def _note(
        self,
        channel: ChannelId,
        answer: Sequence[str],
        fields: Mapping[str, str],
        line: Turn | None,
    ) -> None:
        """Know the line from now on, if it is the newest change of the turns."""
        tag, (_, *tags) = fields.get("tag", ""), answer
        if tags and tags[1] == tag:
            floor = fields.get("floor", "")
            self._turns.add(channel, line, before=tags[0], tag=tag, floor=floor, counts={})
        else:
            self._turns.get(channel, tag)

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        self._turns.forget(channel)
        sealed = (await self._seals.in_channel(channel)).close(records.clean(text))
        return bool(await self._change("edit", channel, message, sealed, at_ms))

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Deleted:
        self._turns.forget(channel)
        gone: dict[TurnId, None] = {}
        shorter: set[TurnId] = set()
        for at in range(0, len(messages), _DELETED_AT_ONCE):
            chunk = tuple(messages[at : at + _DELETED_AT_ONCE])
            with self._unsure.name((channel, chunk)) as name:
                answer = await self._change("delete", channel, name, *chunk)
            gone |= dict.fromkeys(map(TurnId, answer[0]))
            shorter |= set(map(TurnId, answer[1]))
        return Deleted(tuple(gone), tuple(sorted(shorter - gone.keys())))

    async def purge(self, channel: ChannelId) -> None:
        self._turns.forget(channel)
        await self._calls.unbroken(self._redis.delete(keys.channel_lore_key(channel)))
        token = await self._live.token(channel)
        guild, *users = await self._change("purge", channel)
        await self._live.drop(channel, token)
        listed = records.numbers(users, channel, what="user")
        await self._index.drop(channel, map(UserId, listed))
        for known in records.numbers([guild] if guild else [], channel, what="guild"):
            await self._guilds.drop(channel, GuildId(known))

    async def keep_for(self, channel: ChannelId, days: int | None) -> None:
        """Have the channel forgotten after so many days of silence; None: after the usual time.

        What would be over by now stays for another hour, in which that can be taken back.
        """
        kept_ms = "" if days is None else _ms(days)
        books = (keys.channel_lore_key(channel),)
        await self._channel.change("keep", channel, kept_ms, _GRACE_MS, more_keys=books)

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        return await self._index.channels_of(user)

    async def complete_indexes(self) -> int:
        """Index the scenes that an earlier version began; returns how many. Run at the start.

        Raises:
            StoreRefusesWrites: some are not indexed; the others are.
        """
        count, refusal = 0, None
        with translated():
            async for key in self._redis.scan_iter(match=keys.EVERY_META, count=_SCAN_COUNT):
                name = keys.channel_named(key)
                for channel in map(ChannelId, records.numbers([name], None, what="channel")):
                    try:
                        users = await self._index.complete(channel)
                        count += await self._guilds.complete(channel) or users
                    except StoreRefusesWrites as error:  # of this scene, or of all
                        refusal = error
        if refusal is not None:
            raise refusal
        return count

    async def channels_in(self, guild: GuildId) -> Sequence[ChannelId]:
        return await self._guilds.channels_in(guild)

    async def guilds(self) -> Sequence[GuildId]:
        return await self._guilds.guilds()

    async def leave(self, guild: GuildId, due_ms: int) -> None:
        await self._guilds.leave(guild, due_ms)

    async def left(self) -> Sequence[GuildId]:
        return sorted(await self._guilds.left())

    async def due(self, now_ms: int) -> Sequence[GuildId]:
        left = await self._guilds.left()
        return sorted(guild for guild, due_ms in left.items() if due_ms <= now_ms)

    async def rejoin(self, guild: GuildId) -> None:
        await self._guilds.rejoin(guild)

    async def user_length(self, user: UserId) -> Length | None:
        return records.length_from(await self._run(self._redis.hget(keys.user_key(user), "length")))

    async def set_user_length(self, user: UserId, step: Length | None) -> None:
        key = keys.user_key(user)
        if step is None:
            await self._unbroken(self._redis.hdel(key, "length"))
        else:
            await self._unbroken(self._redis.hset(key, "length", step))

    async def get_note(self, name: str) -> str | None:
        text: str | None = await self._run(self._redis.get(keys.note_key(name)))
        return text

    async def put_note(self, name: str, text: str) -> None:
        await self._unbroken(self._redis.set(keys.note_key(name), records.clean(text)))

    async def _set(
        self, channel: ChannelId, field: str, value: str, fence: int | None = None
    ) -> SceneHead | None:
        answer = await self._change("set_field", channel, field, value, replies.given(fence))
        return None if answer is None else await self._head_of(channel, *answer)

    async def _head_of(
        self, channel: ChannelId, fields: Sequence[str], players: Sequence[str]
    ) -> SceneHead:
        told = records.pairs(fields)
        return head_of(channel, told, records.pairs(players), await self._seal_of(told))

    async def _survey_of(self, channel: ChannelId, answer: Sequence[Any]) -> Survey | None:
        fields, players, noted, newest, leaving, unposted = answer
        seal = await self._seal_of(records.pairs(fields))
        try:
            head = head_of(channel, records.pairs(fields), records.pairs(players), seal)
            last = turn_of(channel, newest, seal) if newest else None
            work = work_of(channel, noted, seal)
        except CannotOpen:
            log.warning("a scene is encrypted with another key", extra={"channel": channel})
            return None
        except StoreUnavailable:
            return None
        owed = records.numbers(sorted(leaving), channel, what="message")
        return Survey(head, work, last, tuple(map(MessageId, owed)), unposted == "1")

    async def _change(self, name: str, channel: ChannelId, *args: str | int) -> Any:
        return await self._channel.change(name, channel, *args)


def _ms(days: int) -> int:
    return int(timedelta(days=days).total_seconds() * 1000)
