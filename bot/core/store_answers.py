"""What a `SceneStore` answers."""

from dataclasses import dataclass
from enum import StrEnum

from bot.core.scene import MessageId, Scene, SceneHead, Turn, TurnId, Work


class IngestStatus(StrEnum):
    """What became of a member's message."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # known already, or deleted since
    TOO_OLD = "too old"  # from before the scene, or what it still remembers
    NO_SCENE = "no scene"  # the channel has no live scene


@dataclass(frozen=True, slots=True)
class Ingested:
    """Answer of `SceneStore.ingest`; `head` is the scene after it, if live."""

    status: IngestStatus
    head: SceneHead | None


@dataclass(frozen=True, slots=True)
class Taken:
    """Answer of `SceneStore.take`: the channel is the caller's, unless the line was answered.

    Attributes:
        fence: goes with every change of the reply.
        scene: as it is now, live or stopped.
        work: the claimed reply; if nothing was claimed, the one that is in the way.
        is_claimed: False if no scene is live, or `work` shows and answers
            another line: then that one has to be dealt with first.
        is_answered: the line has its reply: nothing is claimed, and nothing lent.
    """

    fence: int
    scene: Scene | None
    work: Work | None
    is_claimed: bool
    is_answered: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """Answer of `SceneStore.delete`.

    Attributes:
        gone: turns that nothing shows any more; they are forgotten.
        shortened: replies of which some messages are left, with their text.
    """

    gone: tuple[TurnId, ...] = ()
    shortened: tuple[TurnId, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a start has to know of a scene.

    Attributes:
        last: its newest turn.
        owed: messages that have to leave the screen.
        is_unposted: whether any of its last turns is still to be posted.
    """

    head: SceneHead
    work: Work | None
    last: Turn | None
    owed: tuple[MessageId, ...] = ()
    is_unposted: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """A story that was put aside. `at_ms` is when, in Unix milliseconds."""

    name: str
    at_ms: int
    turns: int
    character_name: str
