"""What is whole on the screen is remembered a moment later: who looks at memory waits for that."""

from datetime import timedelta

from bot.adapters.redis_store import RedisSceneStore, connect
from bot.adapters.redis_store.seals import NO_SEALS
from bot.core.scene import ChannelId
from tests.playground.driver import Shown, eventually
from tests.sealing import sealed_on
from tests.wire.running import BotProcess


async def until_remembered(bot: BotProcess, shown: Shown) -> Shown:
    """Wait until *bot* remembers *shown* and has done with it; returns it."""
    client = connect(bot.settings["BOT_REDIS__URL"], timeout_s=2.0)
    has_key = bool(bot.settings.get("BOT_REDIS__ENCRYPTION_KEYS"))
    seals = sealed_on(client) if has_key else NO_SEALS
    store = RedisSceneStore(client, keep=2000, ttl=timedelta(days=1), seals=seals)
    try:
        await eventually(lambda: _is_done(store, shown))
    finally:
        await client.aclose()
    return shown


async def _is_done(store: RedisSceneStore, shown: Shown) -> bool:
    channel = ChannelId(shown.channel_id)
    work, scene = await store.work(channel), await store.read(channel)
    turns = scene.turns if scene is not None else ()
    told = [turn.id for turn in turns if shown.id in turn.messages]
    return bool(told) and (work is None or work.reply not in told)
