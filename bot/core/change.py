"""What becomes of a scene by a member's wish, and what takes it back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.scene import MessageId, SceneHead, Turn, TurnId, UserId, Work


@dataclass(frozen=True, slots=True)
class Undo:
    """What takes a change back, as it is kept until `until_ms` (Unix time in milliseconds).

    Attributes:
        name: of the change; what takes back another one does not serve.
        head: the scene's head before it, its players among it.
        put: turns as they were.
        drop: turns that were not there.
        owed: messages of those, which leave the screen then.
        is_back: whether taking it back does what was done again.
    """

    name: str
    head: SceneHead
    put: tuple[Turn, ...] = ()
    drop: tuple[TurnId, ...] = ()
    owed: tuple[MessageId, ...] = ()
    until_ms: int = 0
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One step of a scene, made of the scene as it was read; applied whole or not at all.

    Attributes:
        head: as it is from now on; None leaves it. Place, players, `live` and
            `seen` are not touched.
        players: who plays from now on; None leaves that.
        put: turns that are new, changed, or brought back.
        drop: turns that are forgotten.
        work: a turn that the screen has to follow, or a reply to be made.
        ends_work: what was being made is not wanted any more.
        owed: messages that have to leave the screen.
        forgiven: messages that had to, and stay. Where one of them is owed no
            more, because it has left, the change is not made.
        undo: what takes this back; None keeps what there is.
        uses_undo: what was kept is used up.
    """

    head: SceneHead | None = None
    players: Mapping[UserId, str] | None = field(default=None, hash=False)
    put: tuple[Turn, ...] = ()
    drop: tuple[TurnId, ...] = ()
    work: Work | None = None
    ends_work: bool = False
    owed: tuple[MessageId, ...] = ()
    forgiven: tuple[MessageId, ...] = ()
    undo: Undo | None = None
    uses_undo: bool = False
