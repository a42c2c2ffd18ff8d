"""Turns that wait to be shown, and who shows them."""

from collections.abc import Callable
from dataclasses import replace

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
from bot.services.posting import Poster
from bot.services.presenting import Presenter
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, MARA, MIRA, CountingMetrics, OneCharacter

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


def head_of_it() -> SceneHead:
    return SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1)


def presenter(
    store: MemorySceneStore,
    voice: ScriptedVoice,
    echoes: Echoes | None = None,
    *,
    why_paused: Callable[[SceneHead], str] = lambda _: "",
) -> Presenter:
    echoes = echoes or Echoes(store=store, voice=voice, metrics=CountingMetrics())
    return Presenter(
        store=store,
        voice=voice,
        poster=Poster(voice, echoes, echo_s=0.01),
        characters=OneCharacter(),
        why_paused=why_paused,
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
