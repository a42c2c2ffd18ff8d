"""A Redis of a test's own, as compose sets it up, that can be killed, frozen and filled."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from bot.adapters.redis_store import connect
from tests.ports import free_port
from tests.redis_servers import server

_OPTIONS = (
    *("--appendonly", "yes", "--appendfsync", "everysec", "--save", "3600 1"),
    *("--maxmemory-policy", "noeviction", "--enable-protected-configs", "local"),
)
_DUMP, _TAKEN = "dump.rdb", "taken"


class OwnRedis:
    """One server on one port and one folder, whatever becomes of its process."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self._folder = folder
        self._stack = AsyncExitStack()
        self._process: Process | None = None
        self._marked: dict[Path, int] = {}
        (folder / _TAKEN / "by a folder").mkdir(parents=True)

    @property
    def pid(self) -> int:
        """The process that is the server now."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it, or start it again."""
        running = server(self._folder, self.port, *_OPTIONS)
        self._process = await self._stack.enter_async_context(running)

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        assert self._process is not None
        self._process.kill()
        await self.is_dead()

    async def is_dead(self, within_s: float = 10.0) -> None:
        """Wait until somebody has killed it."""
        assert self._process is not None
        async with asyncio.timeout(within_s):
            await self._process.wait()
        await self.close()

    async def mark(self) -> None:
        """Remember what is on its disk by now: all that it was told."""
        async with self._admin() as admin:
            await admin.set("rp:marked", "1")  # what was answered before is in the file then
        self._marked = {file: file.stat().st_size for file in self._logs()}

    def forget_since_mark(self) -> None:
        """While it is dead: lose what it was told since, as with a disk that came too late."""
        for file in self._logs():
            with file.open("r+b") as log:
                log.truncate(self._marked.get(file, 0))

    def freeze(self) -> None:
        """Let it hang, connections and all."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def fill(self) -> None:
        """Let it refuse everything that takes room."""
        async with self._admin() as admin:
            await admin.config_set("maxmemory", 1)

    async def make_room(self) -> None:
        """Let it take everything again."""
        async with self._admin() as admin:
            await admin.config_set("maxmemory", 0)

    async def lose_its_disk(self) -> None:
        """Let it fail to save, and so refuse every write."""
        await self._save_to(_TAKEN, "err")

    async def find_its_disk(self) -> None:
        """Let it save again."""
        await self._save_to(_DUMP, "ok")

    async def close(self) -> None:
        """End it."""
        await self._stack.aclose()

    def _logs(self) -> list[Path]:
        return list((self._folder / "appendonlydir").glob("*.incr.aof"))

    async def _save_to(self, file: str, outcome: str) -> None:
        async with self._admin() as admin, asyncio.timeout(10):
            await admin.config_set("dbfilename", file)
            await admin.bgsave()
            while (await admin.info("persistence"))["rdb_last_bgsave_status"] != outcome:
                await asyncio.sleep(0.01)

    def _admin(self) -> Redis:
        return Redis(port=self.port, decode_responses=True)


@asynccontextmanager
async def own_redis(folder: Path) -> AsyncGenerator[tuple[OwnRedis, Redis], None]:
    """Have one, and a client of it."""
    found = OwnRedis(folder)
    await found.start()
    client = connect(found.url, timeout_s=1.0)
    assert isinstance(client, Redis)
    try:
        yield found, client
    finally:
        await client.aclose()
        await found.close()
