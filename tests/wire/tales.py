"""A story told to a running bot, as tests need it: begun, with lines and their answers."""

from typing import Protocol

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import ChannelId, Scene
from bot.playground.world import TAVERN_ID
from tests.fakes.scripted_tgi import ScriptedTgi
from tests.playground.driver import Playground, Shown
from tests.wire.remembering import until_remembered
from tests.wire.running import BotProcess

ROW = "⋯"
"""A label under the newest reply alone."""


class Told(Protocol):
    """A local Discord, a model and a bot."""

    world: Playground
    tgi: ScriptedTgi
    bot: BotProcess


def is_reply(shown: Shown, words: str) -> bool:
    return shown.is_webhook and words in shown.content and "Stop" not in shown.labels


async def begin(stage: Told, *, channel: str | int = "tavern") -> Shown:
    mara = stage.world.mara
    stage.tgi.reply = lambda _: " Aye."
    use = await mara.slash("roleplay start", character="clover", channel=channel)
    await mara.answer(use)
    shown = await mara.wait_for_message(lambda m: "tram stop" in m.content, channel=channel)
    return await until_remembered(stage.bot, shown)


async def tell(stage: Told, line: str, reply: str, *, channel: str | int = "tavern") -> Shown:
    """Mara's line and what it is answered with, once both are remembered."""
    stage.tgi.reply = lambda _: f" {reply}"
    said = await stage.world.mara.send(line, channel)
    shown = await stage.world.mara.wait_for_message(
        lambda m: is_reply(m, reply) and m.id > said.id and ROW in m.labels, channel=channel
    )
    return await until_remembered(stage.bot, shown)


async def read(store: RedisSceneStore, channel: int = TAVERN_ID) -> Scene:
    scene = await store.read(ChannelId(channel))
    assert scene is not None
    return scene


async def gist(store: RedisSceneStore) -> object:
    """Whose story it is and what it says, whatever Discord still tells of its messages."""
    scene = await read(store)
    told = [(turn.id, turn.text, turn.messages) for turn in scene.turns]
    return scene.head.character, scene.head.started_ms, scene.head.live, told


async def texts(store: RedisSceneStore, channel: int = TAVERN_ID) -> list[str]:
    return [turn.text for turn in (await read(store, channel)).turns]


async def kill_and_start(stage: Told) -> None:
    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()


async def has_row(stage: Told, shown: Shown) -> bool:
    now = await stage.world.mara.see(shown)
    return now is not None and ROW in now.labels
