"""One call of each kind of the store's methods."""

from collections.abc import Awaitable, Callable

from bot.adapters.redis_store import RedisSceneStore
from bot.core.scene import MessageId, Work
from tests.scenes import HARBOUR, line, reply

ACTS: dict[str, Callable[[RedisSceneStore], Awaitable[object]]] = {
    "head": lambda store: store.head(HARBOUR),
    "read": lambda store: store.read(HARBOUR),
    "live_channels": lambda store: store.live_channels(),
    "ingest": lambda store: store.ingest(HARBOUR, line(1)),
    "claim": lambda store: store.claim(HARBOUR, Work(reply(1, "").id, line(1).id)),
    "commit": lambda store: store.commit(HARBOUR, reply(1, "x")),
    "work": lambda store: store.work(HARBOUR),
    "delete": lambda store: store.delete(HARBOUR, [MessageId(1)]),
    "purge": lambda store: store.purge(HARBOUR),
    "note": lambda store: store.get_note("n"),
}
