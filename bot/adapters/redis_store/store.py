"""`SceneStore` and `NoteStore` on Redis."""

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.adapters.redis_store import keys, records
from bot.adapters.redis_store.calls import ANSWER_WITHIN, Calls
from bot.adapters.redis_store.connection import RedisClient
from bot.adapters.redis_store.scripts import Script
from bot.adapters.redis_store.user_index import UserIndex
from bot.core.errors import SceneAlreadyLive, StoreUnavailable
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

log = logging.getLogger(__name__)

_CHUNK = 500
_UNSURE_KEPT = 256
_SCRIPTS = (
    "abandon",
    "annotate",
    "claim",
    "commit",
    "delete",
    "edit",
    "head",
    "ingest",
    "lease",
    "posted",
    "purge",
    "read",
    "release",
    "set_field",
    "start",
)


class RedisSceneStore:
    """Borrows the client; does not close it.

    A change that has begun is not torn by cancellation: the caller stays until
    Redis has answered or the time is over, and is cancelled then. So whatever
    it does next comes after that change.

    Args:
        keep: turns remembered per channel; deleted ones count until trimmed.
        ttl: a channel that is not written for so long is forgotten.
        answer_within: the longest a method waits for one answer.
    """

    def __init__(
        self,
        redis: RedisClient,
        *,
        keep: int,
        ttl: timedelta,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._redis = redis
        self._calls = Calls(redis, answer_within=answer_within)
        self._run, self._unbroken = self._calls.run, self._calls.unbroken
        self._common = (keys.SCHEMA_VERSION, int(ttl.total_seconds() * 1000), keep)
        self._index = UserIndex(self._calls, common=self._common)
        self._scripts = {name: Script(name) for name in _SCRIPTS}
        self._unlist_script = Script("unlist", shared=False)
        self._unsure: OrderedDict[tuple[ChannelId, TurnId], str] = OrderedDict()

    async def start(self, head: SceneHead, opening: Turn | None) -> SceneHead:
        channel = head.place.channel
        fields = records.head_to_fields(head)
        args: list[str | int] = [
            head.owner,
            head.started_ms,
            opening.id if opening else "",
            records.turn_to_record(opening) if opening else "",
            len(fields),
            *(part for pair in fields.items() for part in pair),
        ]
        for user, name in head.players.items():
            args += [user, records.clean(name)]
        writers = {*head.players, *([opening.author] if opening and opening.author else [])}
        await self._unbroken(self._index.put(channel, [str(user) for user in writers]))
        await self._list(channel)
        answer = await self._change("start", channel, *args)
        if answer[0] == "taken":
            raise SceneAlreadyLive("A scene is already live in this channel. Stop it first.")
        return _head(channel, answer[1:])

    async def head(self, channel: ChannelId) -> SceneHead | None:
        answer = await self._ask("head", channel)
        return None if answer is None else _head(channel, answer)

    async def read(self, channel: ChannelId) -> Scene | None:
        answer = await self._ask("read", channel)
        if answer is None:
            return None
        found = []
        # Sorting what is there needs no second list to agree with.
        for turn_id, record in sorted(records.pairs(answer[2]).items()):
            if not record:
                continue
            try:
                found.append(records.turn_from_record(record))
            except ValueError:
                log.warning("damaged turn left out", extra={"channel": channel, "turn": turn_id})
        return Scene(_head(channel, answer), tuple(found))

    async def live_channels(self) -> Sequence[ChannelId]:
        """Every channel with a live scene; what is listed wrongly is taken off."""
        tokens = await self._run(self._redis.hgetall(keys.LIVE))
        listed = [
            (ChannelId(number), tokens[str(number)])
            for number in records.numbers(tokens, None, what="live channel")
        ]
        live = []
        for at in range(0, len(listed), _CHUNK):
            chunk = listed[at : at + _CHUNK]
            states = await self._run(self._live_states([channel for channel, _ in chunk]))
            for (channel, token), state in zip(chunk, states, strict=True):
                if state == "1":
                    live.append(channel)
                else:
                    await self._unlist(channel, token)
        return sorted(live)

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead | None:
        token = await (self._list(channel) if live else self._listed(channel))
        head = await self._set(channel, "live", "1" if live else "0")
        if head is None or not live:
            await self._unlist(channel, token)
        return head

    async def set_length(self, channel: ChannelId, step: Length | None) -> None:
        await self._set(channel, "length", step or "")

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        await self._set(channel, "next_length", step or "")

    async def set_cut(self, channel: ChannelId, cut: TurnId, *, fence: int | None = None) -> None:
        await self._set(channel, "cut", cut, fence)

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        await self._set(channel, "guard", level)

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        pairs = [part for turn, count in counts.items() for part in (turn, json.dumps(count))]
        for at in range(0, len(pairs), _CHUNK):
            await self._change("annotate", channel, "count", *pairs[at : at + _CHUNK])

    async def set_facts(self, channel: ChannelId, turn: TurnId, facts: Mapping[str, str]) -> None:
        cleaned = {name: records.clean(text) for name, text in facts.items()}
        if cleaned:
            await self._change("annotate", channel, "facts", turn, json.dumps(cleaned))

    async def ingest(self, channel: ChannelId, turn: Turn) -> Ingested:
        """Remember a member's line, in the order of turn ids, once.

        After StoreUnavailable the line may be stored and nobody knows. Asked
        again, the store recognises its own write: the line counts as STORED,
        not as DUPLICATE, or it would never be answered.
        """
        unsure = (channel, turn.id)
        write = self._unsure.pop(unsure, None) or secrets.token_hex(4)
        record = records.turn_to_record(turn, write=write)
        speaks = turn.role is Role.PLAYER and turn.author is not None
        author = str(turn.author) if turn.author is not None else ""
        name = records.clean(turn.name)
        args = (turn.id, record, write, author if speaks else "", name, author)
        try:
            answer = await self._unbroken(self._ingest(channel, args))
            status = IngestStatus(answer[0])
            return Ingested(status, _head(channel, answer[1:]) if len(answer) > 1 else None)
        except (StoreUnavailable, asyncio.CancelledError):
            self._unsure[unsure] = write
            if len(self._unsure) > _UNSURE_KEPT:
                self._unsure.popitem(last=False)
            raise

    async def _ingest(self, channel: ChannelId, args: Sequence[str]) -> Any:
        """Store a line; the first of somebody there, after their index names the channel."""
        listed: set[str] = set()
        while True:
            answer = await self._script("ingest", channel, (*args, *listed))
            if answer[0] != "unlisted":
                return answer
            users = records.numbers(answer[1], channel, what="user")
            await self._index.put(channel, map(str, users))
            listed.update(answer[1])

    async def lease(self, channel: ChannelId, owner: str, for_s: float) -> int | None:
        fence = await self._change("lease", channel, owner, int(for_s * 1000))
        return None if fence is None else int(fence)

    async def release(self, channel: ChannelId, owner: str) -> None:
        await self._change("release", channel, owner)

    async def claim(self, channel: ChannelId, work: Work, *, fence: int | None = None) -> Work:
        args = (work.reply, work.trigger, work.at_ms, "1" if work.continues else "")
        answer = await self._change("claim", channel, *args, _written(fence), *work.messages)
        return records.work_from_fields(channel, records.pairs(answer)) or work

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        await self._change("posted", channel, reply, message, _written(fence))

    async def work(self, channel: ChannelId) -> Work | None:
        fields = await self._run(self._redis.hgetall(keys.work_key(channel)))
        return records.work_from_fields(channel, fields)

    async def commit(self, channel: ChannelId, turn: Turn, *, fence: int | None = None) -> None:
        if turn.author is not None:
            await self._unbroken(self._index.put(channel, [str(turn.author)]))
        record = records.turn_to_record(turn)
        await self._change("commit", channel, turn.id, record, _written(fence))

    async def abandon(self, channel: ChannelId, reply: TurnId, *, fence: int | None = None) -> None:
        await self._change("abandon", channel, reply, _written(fence))

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        return bool(await self._change("edit", channel, message, records.clean(text), at_ms))

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Sequence[TurnId]:
        gone: list[TurnId] = []
        for at in range(0, len(messages), _CHUNK):
            gone += await self._change("delete", channel, *messages[at : at + _CHUNK])
        return gone

    async def purge(self, channel: ChannelId) -> None:
        token = await self._listed(channel)
        users = await self._change("purge", channel)
        await self._unlist(channel, token)
        listed = records.numbers(users, channel, what="user")
        await self._index.drop(channel, map(UserId, listed))

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        return await self._index.channels_of(user)

    async def complete_user_index(self) -> int:
        """Index the scenes that an earlier version began; returns how many. Run at the start."""
        return await self._index.complete()

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
        answer = await self._change("set_field", channel, field, value, _written(fence))
        return None if answer is None else _head(channel, answer)

    # The list of live channels is a key of another slot, so no script can
    # change it together with a scene. A channel is put on it before its scene
    # begins and taken off after it ended: it may list too many, never too few.

    async def _list(self, channel: ChannelId) -> str:
        token = secrets.token_hex(4)
        await self._unbroken(self._redis.hset(keys.LIVE, str(channel), token))
        return token

    async def _listed(self, channel: ChannelId) -> str:
        return await self._run(self._redis.hget(keys.LIVE, str(channel))) or ""

    async def _unlist(self, channel: ChannelId, token: str) -> None:
        if token:
            await self._unbroken(
                self._unlist_script.run(self._redis, [keys.LIVE], [channel, token])
            )

    async def _live_states(self, channels: Sequence[ChannelId]) -> list[Any]:
        pipe = self._redis.pipeline(transaction=False)
        for channel in channels:
            pipe.hget(keys.meta_key(channel), "live")
        return await pipe.execute()

    async def _ask(self, name: str, channel: ChannelId) -> Any:
        return await self._run(self._script(name, channel, ()))

    async def _change(self, name: str, channel: ChannelId, *args: str | int) -> Any:
        return await self._unbroken(self._script(name, channel, args))

    def _script(
        self, name: str, channel: ChannelId, args: Sequence[str | int]
    ) -> Coroutine[Any, Any, Any]:
        return self._scripts[name].run(
            self._redis, keys.channel_keys(channel), (*self._common, *args)
        )


def _head(channel: ChannelId, answer: Sequence[Sequence[str]]) -> SceneHead:
    fields, players = records.pairs(answer[0]), records.pairs(answer[1])
    try:
        return records.head_from_fields(channel, fields, players)
    except ValueError:
        # It would quote what stands there, which may be anything.
        log.warning("damaged head", extra={"channel": channel})
        raise StoreUnavailable("What Redis holds of this scene makes no sense.") from None


def _written(fence: int | None) -> str | int:
    """As scripts take it: '' for a caller without a lease."""
    return "" if fence is None else fence
