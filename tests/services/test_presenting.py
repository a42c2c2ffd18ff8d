"""What is stored and not on the screen is posted exactly once, through whatever comes between."""

from dataclasses import replace

import pytest

from bot.core.change import Change
from bot.core.errors import (
    NotAllowedHere,
    PostAmbiguous,
    PostError,
    PostRefused,
    StoreUnavailable,
    UserError,
)
from bot.core.ports import Speaker
from bot.core.scene import (
    ChannelId,
    GuildId,
    MessageId,
    Place,
    Role,
    SceneHead,
    Turn,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.core.unposted import ORIGIN, Origin, to_be_posted
from bot.services.echoes import Echoes
from bot.services.posting import Poster, post_button
from bot.services.presenting import Presenter
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice, Shown
from tests.services.stage import HARBOUR, MARA, MIRA, TAVERN, CountingMetrics, OneCharacter

QUAY = Place(ChannelId(700), GuildId(1), ChannelId(700))
GREETING = to_be_posted(
    Turn(
        player_turn_id(MessageId(9_000)),
        Role.CHARACTER,
        "Mira",
        ("Hello.",),
        at_ms=1_000_000,
        facts={ORIGIN: Origin.GREETING},
    )
)
RAIN = to_be_posted(
    Turn(
        player_turn_id(MessageId(9_100)),
        Role.NARRATOR,
        "Narrator",
        ("It rains.",),
        author=MARA,
        at_ms=1_000_000,
        facts={ORIGIN: Origin.NARRATION},
    )
)
LINE = to_be_posted(
    Turn(
        player_turn_id(MessageId(9_200)),
        Role.PLAYER,
        "Mara",
        ("I open the door.",),
        author=MARA,
        at_ms=1_000_000,
        facts={ORIGIN: Origin.SENT, "decision": "answer"},
    ),
    face="https://faces.example/mara.png",
)
REPLY = to_be_posted(
    Turn(reply_turn_id(LINE.id), Role.CHARACTER, "Mira", ("Come in.",), at_ms=1_000_000)
)
ROW = [
    *(f"{each}:{GREETING.id}" for each in ("swipe:prev", "swipe:next", "swipe:new", "continue")),
    f"more:{mark_of(GREETING.id, 0)}",
]
"""As it is posted; the last button's id says which post it is."""
BARE_ROW = [*ROW[:-1], f"more:{GREETING.id}"]
FRESH, STALE = 1_000_000.0, 1_000_001.0


@pytest.fixture
def voice() -> ScriptedVoice:
    return ScriptedVoice()


@pytest.fixture
async def store() -> MemorySceneStore:
    """A scene whose start was broken off after it was stored."""
    store = MemorySceneStore()
    await store.start(head_of_it(), GREETING)
    return store


def head_of_it() -> SceneHead:
    return SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)


def presenter(
    store: MemorySceneStore, voice: ScriptedVoice, echoes: Echoes | None = None
) -> Presenter:
    echoes = echoes or Echoes(store=store, voice=voice, metrics=CountingMetrics())
    return Presenter(
        store=store,
        voice=voice,
        poster=Poster(voice, echoes, echo_s=0.01),
        characters=OneCharacter(),
        store_pauses_s=(0.0,),
    )


async def told(*turns: Turn) -> MemorySceneStore:
    """A scene that has been greeted in, with *turns* behind the greeting."""
    store = MemorySceneStore()
    await store.start(head_of_it(), replace(GREETING, messages=(MessageId(9_001),)))
    for turn in turns:
        await store.commit(HARBOUR.channel, turn)
    return store


async def messages(store: MemorySceneStore) -> tuple[MessageId, ...]:
    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    return scene.turns[0].messages


async def memory(store: MemorySceneStore) -> list[tuple[str, tuple[MessageId, ...]]]:
    """What is remembered behind the greeting, and where it stands."""
    scene = await store.read(HARBOUR.channel)
    assert scene is not None
    return [(turn.text, turn.messages) for turn in scene.turns[1:]]


async def test_a_greeting_that_was_never_posted_is_posted(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert (shown.text, shown.custom_ids) == ("Hello.", BARE_ROW)
    assert await messages(store) == (shown.id,)


async def test_a_greeting_has_its_buttons_from_the_first_moment(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.custom_ids == ROW
    assert [act.verb for act in voice.acts] == ["say"]
    head = await store.head(HARBOUR.channel)
    assert head is not None
    assert head.row == shown.id


async def test_a_greeting_in_several_messages_has_them_under_the_last(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    long = replace(GREETING, swipes=("\n\n".join(["Hello there. " * 120, "Come in. " * 150]),))

    await presenter(store, voice).show(head_of_it(), long)

    first, second = voice.on_screen(HARBOUR.channel)
    assert first.custom_ids == []
    assert second.custom_ids == [*ROW[:-1], f"more:{mark_of(GREETING.id, 1)}"]


async def test_a_greeting_behind_which_a_reply_came_meanwhile_keeps_no_buttons(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    reply = Turn(reply_turn_id(LINE.id), Role.CHARACTER, "Mira", ("Come in.",))

    async def answer(_: Shown) -> None:
        await store.commit(HARBOUR.channel, replace(LINE, messages=(MessageId(9_200),)))
        await store.commit(HARBOUR.channel, reply, row=MessageId(9_300))

    voice.on_say = answer
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.custom_ids == []


async def test_a_greeting_that_was_posted_and_not_noted_is_found(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert [(shown.id, shown.custom_ids) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, BARE_ROW)
    ]
    assert await messages(store) == (message,)


async def test_a_start_that_failed_long_ago_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert voice.on_screen(HARBOUR.channel) == []
    assert await store.head(HARBOUR.channel) is None


async def test_a_start_that_failed_long_ago_and_was_greeted_goes_on(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    button = post_button(mark_of(GREETING.id, 0))
    message = await voice.say(HARBOUR, Speaker("Mira", MIRA), "Hello.", [button])

    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert [(shown.id, shown.custom_ids) for shown in voice.on_screen(HARBOUR.channel)] == [
        (message, BARE_ROW)
    ]
    assert await messages(store) == (message,)


@pytest.mark.parametrize("oldest_ms", [FRESH, STALE])
@pytest.mark.parametrize("error", [NotAllowedHere("no right"), PostError("limited")])
async def test_where_nobody_can_look_nothing_is_posted_and_nothing_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice, error: Exception, oldest_ms: float
) -> None:
    voice.outcomes["find"].extend([error] * 9)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=oldest_ms)

    assert voice.did("say") == []
    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_fails_is_kept(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostError("limited"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert await messages(store) == ()


async def test_a_start_that_is_taken_up_where_discord_says_no_is_forgotten(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostRefused("no right"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert await store.head(HARBOUR.channel) is None


async def test_a_greeting_whose_answer_was_lost_stands_once(
    store: MemorySceneStore, voice: ScriptedVoice
) -> None:
    voice.outcomes["say"].append(PostAmbiguous("lost"))
    voice.stores_first = True

    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await messages(store) == (shown.id,)


async def test_a_start_finds_the_scenes_that_wait_for_a_post(voice: ScriptedVoice) -> None:
    store = await told(RAIN)
    await store.start(replace(head_of_it(), place=TAVERN), GREETING)
    await store.start(replace(head_of_it(), place=QUAY), replace(GREETING, facts={}))

    await presenter(store, voice).finish_all(oldest_ms=FRESH)

    assert [(shown.channel, shown.text) for shown in voice.messages.values()] == [
        (HARBOUR.channel, "It rains."),
        (TAVERN.channel, "Hello."),
    ]


async def test_what_this_process_is_about_to_post_is_left_alone(voice: ScriptedVoice) -> None:
    store = await told(RAIN, LINE)
    one = presenter(store, voice)
    one.claim(HARBOUR.channel, RAIN.id)

    await one.finish(head_of_it(), oldest_ms=FRESH)

    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == ["I open the door."]


async def test_whoever_speaks_has_a_name_and_a_face_of_their_own(voice: ScriptedVoice) -> None:
    store = await told(RAIN, LINE, REPLY)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert [(each.author, each.face, each.text) for each in voice.on_screen(HARBOUR.channel)] == [
        ("Narrator", "", "It rains."),
        ("Mara", "https://faces.example/mara.png", "I open the door."),
        ("Mira", "mira", "Come in."),
    ]
    on_screen = [(each.text, (each.id,)) for each in voice.on_screen(HARBOUR.channel)]
    assert await memory(store) == on_screen


async def test_what_has_been_shown_is_not_shown_again(voice: ScriptedVoice) -> None:
    store = await told(RAIN)
    one = presenter(store, voice)

    await one.finish(head_of_it(), oldest_ms=FRESH)
    await one.finish(head_of_it(), oldest_ms=FRESH)
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert len(voice.on_screen(HARBOUR.channel)) == 1


async def test_a_turn_that_is_a_copy_and_shown_nowhere_is_not_posted(voice: ScriptedVoice) -> None:
    store = await told(replace(RAIN, facts={}))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert voice.on_screen(HARBOUR.channel) == []


async def test_a_line_is_shown_however_late(voice: ScriptedVoice) -> None:
    store = await told(RAIN)

    await presenter(store, voice).finish(head_of_it(), oldest_ms=STALE)

    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == ["It rains."]


@pytest.mark.parametrize(
    ("error", "words"),
    [(PostRefused("no right"), "may not write"), (PostAmbiguous("away"), "Try again in a moment")],
)
async def test_what_cannot_be_shown_is_not_remembered_either(
    voice: ScriptedVoice, error: Exception, words: str
) -> None:
    store = await told(RAIN)
    voice.outcomes["say"].extend([error, error])

    with pytest.raises(UserError, match=words):
        await presenter(store, voice).show(head_of_it(), RAIN)

    assert await memory(store) == []
    assert voice.on_screen(HARBOUR.channel) == []


async def test_of_a_long_text_that_is_posted_in_part_that_part_is_remembered(
    voice: ScriptedVoice,
) -> None:
    long = replace(RAIN, swipes=("\n\n".join(["It rains. " * 150, "It pours. " * 150]),))
    store = await told(long)
    voice.outcomes["say"].extend([None, PostError("away")])

    await presenter(store, voice).show(head_of_it(), long)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert shown.text.startswith("It rains.")
    assert await memory(store) == [(shown.text, (shown.id,))]


async def test_a_turn_that_is_taken_back_while_it_is_posted_leaves_the_screen(
    voice: ScriptedVoice,
) -> None:
    store = await told(RAIN)

    async def take_back(_: Shown) -> None:
        head = await store.head(HARBOUR.channel)
        assert head is not None
        await store.apply(HARBOUR.channel, Change(drop=(RAIN.id,)), version=head.version)

    voice.on_say = take_back
    await presenter(store, voice).show(head_of_it(), RAIN)

    assert voice.on_screen(HARBOUR.channel) == []
    assert await memory(store) == []


async def test_a_store_that_is_briefly_away_is_asked_again(voice: ScriptedVoice) -> None:
    class Away(MemorySceneStore):
        fails = 0

        async def commit(self, *args: object, **kwargs: object) -> None:
            if self.fails:
                self.fails -= 1
                raise StoreUnavailable("away")
            await super().commit(*args, **kwargs)  # type: ignore[arg-type]  # as they came

    store = Away()
    await store.start(head_of_it(), GREETING)
    store.fails = 1

    await presenter(store, voice).show(head_of_it(), GREETING)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await messages(store) == (shown.id,)


async def test_what_showed_a_line_before_it_was_taken_back_is_not_taken_for_its_post(
    voice: ScriptedVoice,
) -> None:
    """The gateway tells a new process late of posts that were removed since."""
    before = replace(RAIN, messages=(MessageId(9_105),))
    store = await told(to_be_posted(before))
    echoes = Echoes(store=store, voice=voice, metrics=CountingMetrics())
    button = post_button(mark_of(RAIN.id, 0))
    await echoes.heard(HARBOUR.channel, MessageId(9_105), [button.custom_id])

    await presenter(store, voice, echoes).finish(head_of_it(), oldest_ms=FRESH)

    [shown] = voice.on_screen(HARBOUR.channel)
    assert await memory(store) == [("It rains.", (shown.id,))]


async def test_a_line_whose_fate_is_unknown_is_kept_for_the_next_start(
    voice: ScriptedVoice,
) -> None:
    store = await told(RAIN, LINE)
    voice.outcomes["find"].append(PostError("limited"))

    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)

    assert voice.on_screen(HARBOUR.channel) == []
    await presenter(store, voice).finish(head_of_it(), oldest_ms=FRESH)
    shown = ["It rains.", "I open the door."]
    assert [each.text for each in voice.on_screen(HARBOUR.channel)] == shown
    assert [text for text, messages in await memory(store) if messages] == shown
