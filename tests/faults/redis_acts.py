"""One call of each kind of the store's methods."""

from collections.abc import Awaitable, Callable

from bot.adapters.redis_store import RedisSceneStore
from bot.core.change import Change
from bot.core.scene import GuildId, MessageId, Scene, Work, mark_of
from tests.scenes import HARBOUR, line, reply, scene

WORK = Work(reply(2, "").id, line(2).id)
EARLIER = Work(reply(1, "").id, line(1).id)
ACTS: dict[str, Callable[[RedisSceneStore], Awaitable[object]]] = {
    "head": lambda store: store.head(HARBOUR),
    "read": lambda store: store.read(HARBOUR),
    "live_channels": lambda store: store.live_channels(),
    "ingest": lambda store: store.ingest(HARBOUR, line(1)),
    "survey": lambda store: store.survey([HARBOUR]),
    "take": lambda store: store.take(HARBOUR, "one", 60, WORK),
    "take unanswered": lambda store: store.take(HARBOUR, "one", 60, WORK, unless_answered=True),
    "lease": lambda store: store.lease(HARBOUR, "one", 60, reply=WORK.reply, written="x"),
    "intent": lambda store: store.intent(HARBOUR, WORK.reply, mark_of(WORK.reply, 0)),
    "posted": lambda store: store.posted(HARBOUR, WORK.reply, MessageId(13)),
    "edit": lambda store: store.edit(HARBOUR, MessageId(11), "x", 5),
    "abandon": lambda store: store.abandon(HARBOUR, WORK.reply, release="one"),
    "take anew": lambda store: store.take(HARBOUR, "one", 60, EARLIER, anew=True),
    "commit": lambda store: store.commit(HARBOUR, reply(1, "x")),
    "work": lambda store: store.work(HARBOUR),
    "delete": lambda store: store.delete(HARBOUR, [MessageId(1)]),
    "apply": lambda store: store.apply(HARBOUR, Change(owed=(MessageId(1),)), version=1),
    "paid": lambda store: store.paid(HARBOUR, [MessageId(1)]),
    "owed": lambda store: store.owed(HARBOUR),
    "undo": lambda store: store.undo(HARBOUR),
    "save": lambda store: store.save(HARBOUR, "x", Scene(scene(), (line(1),)), 1),
    "saved": lambda store: store.saved(HARBOUR, "x"),
    "saves": lambda store: store.saves(HARBOUR),
    "drop_save": lambda store: store.drop_save(HARBOUR, "x"),
    "guilds": lambda store: store.guilds(),
    "channels_in": lambda store: store.channels_in(GuildId(7)),
    "complete_indexes": lambda store: store.complete_indexes(),
    "purge": lambda store: store.purge(HARBOUR),
    "note": lambda store: store.get_note("n"),
}
