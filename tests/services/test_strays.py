"""A message that may be another process's reply is taken away only if it is nobody's."""

from bot.core.errors import StoreUnavailable
from bot.core.ports import Speaker
from bot.core.scene import (
    ChannelId,
    MessageId,
    SceneHead,
    Work,
    mark_of,
    player_turn_id,
    reply_turn_id,
)
from bot.services.notices import Notices
from bot.services.strays import Strays
from tests.fakes.memory_store import MemorySceneStore
from tests.fakes.scripted_voice import ScriptedVoice
from tests.services.stage import HARBOUR, MARA, MIRA

LINE = player_turn_id(MessageId(1_000))
WORK = Work(reply_turn_id(LINE), LINE)


class AwayStore(MemorySceneStore):
    async def work(self, channel: ChannelId) -> Work | None:
        raise StoreUnavailable(str(channel))


async def remains(store: MemorySceneStore) -> bool:
    """Whether a message is there still after it was taken for a stray."""
    voice = ScriptedVoice()
    message = await voice.say(HARBOUR, Speaker("Mira"), "Ahoy!")

    await Strays(store, Notices(voice), ask_every_s=0).take_back(HARBOUR, message)

    return message in voice.messages


async def test_what_no_story_has_is_taken_away() -> None:
    assert not await remains(MemorySceneStore())


async def test_what_may_be_the_post_that_is_under_way_stays() -> None:
    store = MemorySceneStore()
    await store.start(SceneHead(HARBOUR, MARA, MIRA.key, MIRA.name, started_ms=1), None)
    await store.take(HARBOUR.channel, "two", 60, WORK)
    await store.intent(HARBOUR.channel, WORK.reply, mark_of(WORK.reply, 0))

    assert await remains(store)


async def test_where_nobody_can_be_asked_it_stays() -> None:
    assert await remains(AwayStore())
