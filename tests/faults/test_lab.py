"""The lab sees what it looks for: each rule is broken on purpose, and only that one speaks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace

import aiohttp
import pytest
from redis.asyncio import Redis

from bot.core.scene import (
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.core.split import split
from bot.playground.snowflakes import EPOCH_MS
from bot.playground.world import GUILD_ID, MARA_ID, TAVERN_ID
from tests.fakes.discord_faults import DiscordFaults
from tests.fakes.scripted_discord import BAD_GATEWAY
from tests.fakes.scripted_tgi import story
from tests.faults.lab.invariants import Evidence, broken
from tests.faults.lab.leftovers import leaving_nothing
from tests.faults.lab.memory import Memory
from tests.faults.lab.watching import Watcher
from tests.playground.driver import Playground, Refused, Shown, playground

TAVERN = ChannelId(TAVERN_ID)
NOBODY: dict[str, object] = {"allowed_mentions": {"parse": []}}
LINE = "Who is there?"
REPLY = story(500).strip()


def buttons(*custom_ids: str) -> list[dict[str, object]]:
    cells = [{"type": 2, "style": 2, "label": "x", "custom_id": custom} for custom in custom_ids]
    return [{"type": 1, "components": cells}]


@dataclass
class Theatre:
    """A story as a bot leaves it, told by hand."""

    world: Playground
    watcher: Watcher
    faults: DiscordFaults
    memory: Memory
    hook: str = ""
    line: int = 0
    reply: TurnId = field(init=False)
    parts: tuple[MessageId, ...] = ()

    async def open(self) -> None:
        made = await self.world.rest(
            "POST", f"/channels/{TAVERN_ID}/webhooks", json={"name": "Mira"}
        )
        self.hook = f"/webhooks/{made['id']}/{made['token']}"
        store = self.memory.store
        place = Place(TAVERN, GuildId(GUILD_ID), TAVERN)
        mara = UserId(MARA_ID)
        await store.start(SceneHead(place, mara, CharacterKey("mira"), "Mira", started_ms=1), None)
        self.line = (await self.world.mara.send(LINE)).id
        await self.remember_line(self.line, LINE)
        self.reply = reply_turn_id(self.turn)
        for number, text in enumerate(split(REPLY)):
            part = await self.say("…", f"stop:1:{mark_of(self.reply, number)}")
            await self.change(part, text)
            self.parts = (*self.parts, part)
        await self.remember_reply()

    @property
    def turn(self) -> TurnId:
        return player_turn_id(MessageId(self.line))

    async def say(self, text: str, *custom_ids: str) -> MessageId:
        body = {"content": text, "components": buttons(*custom_ids), **NOBODY}
        shown = await self.world.rest("POST", f"{self.hook}?wait=true", json=body)
        return MessageId(int(shown["id"]))

    async def notice(self, custom_id: str) -> MessageId:
        body = {"content": "No.", "components": buttons(custom_id), **NOBODY}
        path = f"/channels/{TAVERN_ID}/messages"
        return MessageId(int((await self.world.rest("POST", path, json=body))["id"]))

    async def remember_line(self, message: int, text: str) -> None:
        key = MessageId(message)
        line = Turn(
            player_turn_id(key), Role.PLAYER, "Mara", (text,), author=UserId(MARA_ID),
            messages=(key,), at_ms=2, facts={"decision": "answer"},
        )  # fmt: skip
        await self.memory.store.ingest(TAVERN, line)

    async def change(self, message: int, text: str, **more: object) -> None:
        body = {"content": text, "components": [], **(more or NOBODY)}
        await self.world.rest("PATCH", f"{self.hook}/messages/{message}", json=body)

    async def remember_reply(self) -> None:
        parts = tuple(split(REPLY))
        turn = Turn(self.reply, Role.CHARACTER, "Mira", (REPLY,), messages=self.parts, parts=parts)
        await self.memory.store.commit(TAVERN, turn)

    async def shown(self, message: int) -> Shown:
        found = [shown for shown in await self.world.mara.messages() if shown.id == message]
        return found[0]

    async def evidence(self) -> Evidence:
        watcher = self.watcher
        return Evidence(
            watcher.screen(), await self.memory.of_all(), watcher.posts, tuple(watcher.calls)
        )

    async def broken(self) -> set[str]:
        found = broken(await self.evidence())
        print(*found, sep="\n")  # noqa: T201  # pytest shows it beside a failure
        return {sentence.partition(" ")[0] for sentence in found}


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def faults() -> DiscordFaults:
    return DiscordFaults()


@pytest.fixture
async def theatre(redis: Redis, watcher: Watcher, faults: DiscordFaults) -> AsyncIterator[Theatre]:
    async with playground(faults=[watcher.hear, faults.strike, watcher.see]) as world:
        theatre = Theatre(world, watcher, faults, Memory(redis))
        await theatre.open()
        yield theatre


async def test_a_story_that_is_as_it_must_be_breaks_no_rule(theatre: Theatre) -> None:
    await theatre.world.mara.send("((brb))")
    assert len(theatre.parts) == 2

    assert await theatre.broken() == set()


async def a_line_that_nobody_heard(theatre: Theatre) -> None:
    await theatre.world.mara.send("Hello?")


async def a_line_from_before_the_story(theatre: Theatre) -> None:
    after_ms = (theatre.line >> 22) + EPOCH_MS + 1
    await theatre.memory.redis.hset(f"rp:{{{TAVERN}}}:meta", "started_ms", after_ms)


async def a_turn_that_is_listed_twice(theatre: Theatre) -> None:
    await theatre.memory.redis.rpush(f"rp:{{{TAVERN}}}:order", theatre.turn)


async def a_turn_that_is_not_listed(theatre: Theatre) -> None:
    await theatre.memory.redis.lpop(f"rp:{{{TAVERN}}}:order")


async def a_message_of_two_turns(theatre: Theatre) -> None:
    later = player_turn_id(MessageId(theatre.parts[-1]))
    text = split(REPLY)[0]
    turn = Turn(reply_turn_id(later), Role.CHARACTER, "Mira", (text,), messages=theatre.parts[:1])
    await theatre.memory.store.commit(TAVERN, turn)


async def a_part_that_was_posted_again(theatre: Theatre) -> None:
    again = await theatre.say("…", f"stop:1:{mark_of(theatre.reply, 1)}")
    await theatre.change(again, split(REPLY)[1])


async def a_line_without_an_outcome(theatre: Theatre) -> None:
    line = await theatre.world.mara.send("Hello?")
    await theatre.remember_line(line.id, line.content)


async def a_reply_and_a_notice(theatre: Theatre) -> None:
    await theatre.notice(f"retry:{theatre.turn}")


async def a_reply_in_the_making(theatre: Theatre) -> None:
    meta = f"rp:{{{TAVERN}}}:meta"
    await theatre.memory.redis.hset(meta, "reply", theatre.reply)
    await theatre.memory.redis.hset(meta, "trigger", theatre.turn)


async def a_channel_that_is_lent(theatre: Theatre) -> None:
    await theatre.memory.store.lease(TAVERN, "somebody", 30)


async def a_part_that_reads_otherwise(theatre: Theatre) -> None:
    await theatre.change(theatre.parts[0], "Nobody.")


async def a_part_that_is_gone(theatre: Theatre) -> None:
    await theatre.world.ann.delete(await theatre.shown(theatre.parts[1]))


async def a_line_that_reads_otherwise(theatre: Theatre) -> None:
    await theatre.world.mara.edit(await theatre.shown(theatre.line), "Who was there?")


async def a_message_that_nobody_knows(theatre: Theatre) -> None:
    await theatre.say("Boo!", "other")


async def an_edit_that_may_ping(theatre: Theatre) -> None:
    await theatre.change(theatre.parts[0], split(REPLY)[0], allowed_mentions=None)


async def an_edit_that_may_ping_and_was_lost(theatre: Theatre) -> None:
    theatre.faults.script("PATCH", BAD_GATEWAY)
    with pytest.raises(Refused):
        await theatre.change(theatre.parts[0], "x", allowed_mentions={"parse": ["users"]})


async def a_file_that_may_ping(theatre: Theatre) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"content": "A picture."}', content_type="application/json")
    form.add_field("files[0]", b"x", filename="x.png")
    await theatre.world.rest("POST", f"/channels/{TAVERN_ID}/messages", data=form)


PLANTED: list[tuple[Callable[[Theatre], Awaitable[None]], set[str]]] = [
    (a_line_that_nobody_heard, {"I1"}),
    (a_line_from_before_the_story, {"I1"}),
    (a_turn_that_is_listed_twice, {"I2"}),
    (a_turn_that_is_not_listed, {"I2"}),
    (a_message_of_two_turns, {"I2", "I6"}),
    (a_part_that_was_posted_again, {"I3", "I6"}),
    (a_line_without_an_outcome, {"I4"}),
    (a_reply_and_a_notice, {"I4"}),
    (a_reply_in_the_making, {"I5"}),
    (a_channel_that_is_lent, {"I5"}),
    (a_part_that_reads_otherwise, {"I6"}),
    (a_part_that_is_gone, {"I6"}),
    (a_line_that_reads_otherwise, {"I6"}),
    (a_message_that_nobody_knows, {"I6"}),
    (an_edit_that_may_ping, {"I7"}),
    (an_edit_that_may_ping_and_was_lost, {"I7"}),
    (a_file_that_may_ping, {"I7"}),
]


@pytest.mark.parametrize(
    ("plant", "rules"), [pytest.param(*each, id=each[0].__name__) for each in PLANTED]
)
async def test_every_rule_is_seen_to_be_broken(
    theatre: Theatre, plant: Callable[[Theatre], Awaitable[None]], rules: set[str]
) -> None:
    await plant(theatre)

    assert await theatre.broken() == rules


async def test_what_was_told_to_be_lost_or_unwanted_breaks_no_rule(theatre: Theatre) -> None:
    lost = await theatre.world.mara.send("Hello?")
    line = await theatre.world.mara.send("Anybody?")
    await theatre.remember_line(line.id, line.content)

    evidence = replace(await theatre.evidence(), unheard={lost.id}, unwanted={line.id})

    assert broken(evidence) == []


async def test_a_notice_that_offers_another_try_is_an_outcome(theatre: Theatre) -> None:
    line = await theatre.world.mara.send("Hello?")
    await theatre.remember_line(line.id, line.content)
    await theatre.notice(f"retry:{player_turn_id(MessageId(line.id))}")

    assert await theatre.broken() == set()


async def test_a_task_or_a_socket_that_is_left_is_seen() -> None:
    task = asyncio.Event()
    with pytest.raises(AssertionError, match="I8"):
        async with leaving_nothing(within_s=0.05):
            waits = asyncio.create_task(task.wait())
    task.set()
    await waits
    with pytest.raises(AssertionError, match="I8"):
        async with leaving_nothing(within_s=0.05):
            server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    server.close()
    await server.wait_closed()

    async with leaving_nothing(), playground() as world:
        await world.mara.send("Hello?")
