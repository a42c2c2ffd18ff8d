"""Lines that another bot posts for a player: one line and one reply, in whatever order."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace

import pytest

from bot.core.change import Change
from bot.core.personas import PlayerPersona, Wardrobe
from bot.core.scene import MessageId, Role, Turn, UserId, player_turn_id
from bot.services.doubts import Doubts
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.mirror import Mirror
from bot.services.proxies import KEPT_S, Proxies
from tests.fakes.scripted_tgi import stories
from tests.services.playing import CHANNEL
from tests.services.stage import HARBOUR, MARA, TAVERN, TOM, Stage, open_stage

ORIGINAL, PROXY = MessageId(5_000), MessageId(5_001)


@dataclass
class Watched:
    """A stage whose events come through a mirror, as from Discord."""

    stage: Stage
    mirror: Mirror
    now_s: list[float]

    def line(
        self, text: str = "L: I knock.", message: MessageId = ORIGINAL, author: UserId = MARA
    ) -> Incoming:
        return self.stage.line(text, message, author=author)

    async def write(self, text: str = "L: I knock.", message: MessageId = ORIGINAL) -> None:
        await self.mirror.heard(self.line(text, message))

    async def post(self, text: str = "I knock.", message: MessageId = PROXY) -> None:
        await self.mirror.posted(Proxied(HARBOUR, message, "Lyra", text))

    async def delete(self, message: MessageId = ORIGINAL) -> None:
        await self.mirror.deleted(CHANNEL, [message])

    async def lines(self) -> Sequence[Turn]:
        scene = await self.stage.store.read(CHANNEL)
        assert scene is not None
        return scene.turns


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with open_stage(merge_pause_s=0.05) as stage:
        await stage.begin()
        stage.tgi.reply = stories(8)
        await stage.pipeline.recover()
        now_s = [0.0]
        yield Watched(
            stage, Mirror(memory=stage.pipeline, doubts=Doubts(), clock_s=lambda: now_s[0]), now_s
        )


async def is_told_once(watched: Watched) -> None:
    """One line of Lyra's, shown by the webhook's message, and one reply to it."""
    await watched.stage.quiet()
    line, *replies = await watched.lines()
    assert (line.name, line.text, line.author) == ("Lyra", "I knock.", MARA)
    assert line.messages == (PROXY,)
    assert [turn.name for turn in replies] == ["Mira"]
    assert watched.stage.screen() == [replies[0].text]
    prompt = watched.stage.tgi.asked[-1].prompt
    assert "### Input:\nLyra: I knock.\n" in prompt
    assert "with Lyra below" in prompt
    assert "L: I" not in prompt


@pytest.mark.parametrize("order", ["proxy first", "deletion first", "at once"])
@pytest.mark.parametrize("when", ["at once", "while the model thinks"])
async def test_row_16_a_proxied_line_is_one_line_with_one_reply(
    watched: Watched, order: str, when: str
) -> None:
    stage = watched.stage
    stage.tgi.first_token_s = 0.15
    await watched.write()
    if when == "while the model thinks":
        await stage.until(lambda: len(stage.tgi.asked) == 1)

    if order == "at once":
        await asyncio.gather(watched.post(), watched.delete())
    elif order == "proxy first":
        await watched.post()
        await watched.delete()
    else:
        await watched.delete()
        await watched.post()

    await is_told_once(watched)


async def test_a_deletion_long_before_the_proxy_still_makes_one_line(watched: Watched) -> None:
    await watched.write()
    await watched.delete()
    await watched.stage.quiet()
    assert list(await watched.lines()) == []

    await watched.post()

    await is_told_once(watched)


async def test_a_reply_that_shows_already_goes_on_for_the_proxied_line(watched: Watched) -> None:
    stage = watched.stage
    stage.tgi.tokens_per_s = 40
    await watched.write()
    await stage.until(lambda: bool(stage.screen()))

    await watched.post()
    await watched.delete()
    await stage.quiet()

    assert [turn.name for turn in await watched.lines()] == ["Lyra", "Mira"]
    assert len(stage.screen()) == len(stage.tgi.asked) == 1


async def test_a_reply_that_is_done_already_stays_the_one(watched: Watched) -> None:
    await watched.write()
    await watched.stage.quiet()

    await watched.post()
    await watched.delete()
    await watched.stage.quiet()

    assert [turn.name for turn in await watched.lines()] == ["Lyra", "Mira"]
    assert len(watched.stage.screen()) == len(watched.stage.tgi.asked) == 1


async def test_what_comes_twice_changes_nothing(watched: Watched) -> None:
    for _ in range(2):
        await watched.write()
        await watched.post()
        await watched.delete()
    await watched.stage.pipeline.receive_missed([watched.line()])

    await is_told_once(watched)


async def test_a_line_whose_marks_look_like_talk_beside_the_story_is_told(watched: Watched) -> None:
    await watched.write("((I knock.))")
    assert list(await watched.lines()) == []

    await watched.post()
    await watched.delete()

    await is_told_once(watched)


async def test_talk_beside_the_story_stays_out_under_any_name(watched: Watched) -> None:
    watched.stage.tgi.first_token_s = 0.15
    await watched.write("L: ((brb))")
    await watched.post("((brb))")
    await watched.delete()
    await watched.stage.quiet()

    assert list(await watched.lines()) == []
    assert watched.stage.screen() == []


@pytest.mark.parametrize(
    "text", ["Build 7 passed.", "I knock.", ""], ids=["other words", "alike", "none"]
)
async def test_row_16_a_webhook_that_replaces_nothing_stays_out(
    watched: Watched, text: str
) -> None:
    await watched.write()
    await watched.post(text)
    await watched.stage.quiet()

    assert [turn.name for turn in await watched.lines()] == ["Mara", "Mira"]
    assert len(watched.stage.tgi.asked) == 1


async def test_a_line_that_is_only_deleted_is_gone(watched: Watched) -> None:
    await watched.write()
    await watched.post("Build 7 passed.")
    await watched.delete()
    await watched.stage.quiet()

    assert list(await watched.lines()) == []


async def test_the_proxied_message_can_be_edited_and_deleted(watched: Watched) -> None:
    await watched.write()
    await watched.post()
    await watched.delete()
    await watched.stage.quiet()

    await watched.mirror.edited(CHANNEL, Edit(PROXY, "I push.", 9_000_000))
    assert (await watched.lines())[0].text == "I push."
    await watched.delete(PROXY)
    assert [turn.name for turn in await watched.lines()] == ["Mira"]


async def test_a_proxied_line_is_its_own_and_no_personas(watched: Watched) -> None:
    ash = Wardrobe((PlayerPersona("Ash", "A smith."),), {"all": "Ash"})
    await watched.stage.store.keep_wardrobe(MARA, ash)
    await watched.write()
    await watched.post()
    await watched.delete()

    await is_told_once(watched)
    assert "A smith." not in watched.stage.tgi.asked[-1].prompt


@pytest.mark.parametrize("order", ["proxy first", "deletion first"])
async def test_what_was_edited_before_it_was_proxied_is_told_as_edited(
    watched: Watched, order: str
) -> None:
    await watched.write("L: I nokc.")
    changed = replace(watched.line("L: I knock."), edited_ms=9_000_000)

    await watched.mirror.edited(CHANNEL, Edit(ORIGINAL, changed.text, 9_000_000), changed)
    if order == "proxy first":
        await watched.post()
        await watched.delete()
    else:
        await watched.delete()
        await watched.post()

    await is_told_once(watched)


async def test_of_two_edits_before_it_was_proxied_the_newer_counts(watched: Watched) -> None:
    await watched.write("L: I nokc.")
    for text, at_ms in (("L: I knock.", 9_000_000), ("L: I nock.", 8_000_000)):
        changed = replace(watched.line(text), edited_ms=at_ms)
        await watched.mirror.edited(CHANNEL, Edit(ORIGINAL, text, at_ms), changed)

    await watched.post()
    await watched.delete()

    await is_told_once(watched)


@pytest.mark.parametrize("order", tuple(itertools.permutations(("write", "post", "delete"))))
async def test_in_whatever_order_discord_tells_of_it_there_is_one_line(
    watched: Watched, order: tuple[str, ...]
) -> None:
    for act in order:
        match act:
            case "write":
                await watched.write()
            case "post":
                await watched.post()
            case _:
                await watched.delete()

    await is_told_once(watched)


async def test_a_proxy_that_was_deleted_before_it_is_told_of_stands_for_nothing(
    watched: Watched,
) -> None:
    await watched.write()
    await watched.delete(PROXY)
    await watched.delete()
    await watched.post()
    await watched.stage.quiet()

    assert list(await watched.lines()) == []


async def test_two_who_speak_for_one_player_are_one_player(watched: Watched) -> None:
    stage = watched.stage
    for number, name in enumerate(("Lyra", "Kay")):
        message = MessageId(6_000 + 10 * number)
        await watched.write(f"{name}: Hello.", message)
        await watched.mirror.posted(Proxied(HARBOUR, MessageId(message + 1), name, "Hello."))
        await watched.delete(message)
        await stage.quiet()

    head = await stage.store.head(CHANNEL)
    assert head is not None
    assert list(head.players) == [MARA]
    assert len(stage.tgi.asked) >= 2  # each was answered: nobody else plays
    assert "Lyra: Hello." in stage.tgi.asked[-1].prompt
    assert "Kay: Hello." in stage.tgi.asked[-1].prompt


async def test_nothing_is_kept_where_no_scene_plays(watched: Watched) -> None:
    await watched.mirror.heard(watched.stage.line("L: Hello.", ORIGINAL, place=TAVERN))
    await watched.mirror.posted(Proxied(TAVERN, PROXY, "Lyra", "Hello."))

    assert len(watched.mirror._proxies) == 0


def test_words_stay_for_seconds_and_are_few() -> None:
    now_s = [0.0]
    proxies = Proxies(lambda: now_s[0], most=3)
    line = Incoming(HARBOUR, ORIGINAL, MARA, "Mara", "Hello.", False, False, 1)  # noqa: FBT003  # fields
    for number in range(5):
        proxies.posted(Proxied(HARBOUR, MessageId(6_000 + number), "Lyra", "Hm."))
    assert len(proxies) == 3

    proxies.heard(line)
    now_s[0] = KEPT_S
    assert proxies.posted(Proxied(HARBOUR, PROXY, "Lyra", "Hello.")) is None
    assert proxies.deleted(HARBOUR.channel, ORIGINAL) is None
    assert len(proxies) == 2  # which post there is, and which line is gone
    for number in range(5):
        proxies.deleted(HARBOUR.channel, MessageId(7_000 + number))
    assert len(proxies) == 4


@pytest.mark.parametrize("order", tuple(itertools.permutations(range(4))))
def test_two_players_with_the_same_words_each_keep_their_own(order: tuple[int, ...]) -> None:
    """Whatever comes first of two posts and two deletions, each line has one post."""
    proxies = Proxies(lambda: 0.0)
    for message, author in ((10, MARA), (11, TOM)):
        proxies.heard(
            Incoming(HARBOUR, MessageId(message), author, "", "Yes.", False, False, 1)  # noqa: FBT003  # fields
        )
    pairs = []
    for act in order:
        if act < 2:
            posted = Proxied(HARBOUR, MessageId(20 + act), "Lyra", "Yes.")
            if (line := proxies.posted(posted)) is not None:
                pairs.append((line.message, posted.message))
        elif (pair := proxies.deleted(HARBOUR.channel, MessageId(8 + act))) is not None:
            pairs.append((pair[0].message, pair[1].message))

    assert sorted(line for line, _ in pairs) == [10, 11]
    assert sorted(posted for _, posted in pairs) == [20, 21]
    assert len(proxies) == 0


async def test_a_post_that_was_read_as_a_line_of_its_own_is_no_second_one(
    watched: Watched,
) -> None:
    await watched.write()
    await watched.stage.quiet()
    read = Turn(
        player_turn_id(PROXY), Role.PLAYER, "Lyra", ("I knock.",), author=MARA, messages=(PROXY,)
    )
    await watched.stage.store.ingest(CHANNEL, read)

    await watched.post()
    await watched.delete()

    await watched.stage.quiet()
    told = [turn.text for turn in await watched.lines() if PROXY in turn.messages]
    assert told == ["I knock."]
    assert not any(ORIGINAL in turn.messages for turn in await watched.lines())


async def test_what_stands_for_a_line_of_an_earlier_story_is_no_part_of_this_one(
    watched: Watched,
) -> None:
    await watched.write()
    await watched.stage.quiet()
    head = await watched.stage.store.head(CHANNEL)
    assert head is not None
    anew = replace(head, started_ms=watched.stage.clock_ms[0])
    change = Change(head=anew, drop=tuple(turn.id for turn in await watched.lines()))
    assert await watched.stage.store.apply(CHANNEL, change, version=head.version)

    await watched.post()
    await watched.delete()
    await watched.stage.quiet()

    assert await watched.lines() == ()
