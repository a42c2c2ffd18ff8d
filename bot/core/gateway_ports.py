"""What a connection to Discord's gateway leaves for the next process."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class GatewaySession:
    """A place in the stream of events of one shard.

    Attributes:
        id: Discord's name of the session.
        seq: number of the last event that has been dealt with.
        url: where the session is gone on with.
    """

    id: str
    seq: int
    url: str


class SessionStore(Protocol):
    """Where each shard of this bot was last. Raises like SceneStore.

    A shard is one of a number of shards: with another number it hears others.
    """

    async def take(self, shard: int, of: int) -> GatewaySession | None:
        """Become the process that may save; returns where the last one was.

        None if it left nothing, or so long ago that Discord has forgotten it.
        """
        ...

    async def save(self, shard: int, of: int, session: GatewaySession) -> bool:
        """Note where we are; False and not noted once another process took the shard."""
        ...


class StartGuard(Protocol):
    """How soon this bot may begin a session again. Raises like SceneStore."""

    async def pause_s(self, shard: int) -> float:
        """How much longer to wait, because sessions before ended soon; else 0."""
        ...

    async def starting(self, shard: int) -> None:
        """Count a session that is about to begin."""
        ...

    async def steady(self, shard: int) -> None:
        """Forget what was counted: this session has stood, or was ended in order."""
        ...


class GatewayWatch(Protocol):
    """Is told what the gateway does."""

    def heard(self, kind: str) -> None:
        """An event came."""
        ...

    def connected(self, *, resumed: bool) -> None:
        """A session goes on, or a new one begins."""
        ...
