"""Where Discord has said no: asked again there, it would only count against us.

Of ten thousand refusals in ten minutes Discord makes a ban. So a place that is
gone, closed or forbidden is remembered, and the no repeated here.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum

from bot.core.errors import NotAllowedHere, PlaceClosed, PlaceGone, PostRefused
from bot.core.scene import ChannelId

PLACES_KEPT = 4_096
GONE_FOR_S = 86_400.0
"""No channel comes back; this only ends what would be kept for ever."""
CLOSED_FOR_S = 10.0
"""A member who writes in an archived thread opens it again."""
FORBIDDEN_FOR_S = 600.0


class Kind(StrEnum):
    """What is done in a place, as far as rights differ."""

    POST = "post"
    TYPING = "typing"
    REACTION = "reaction"
    READ = "read"  # or remove


_OPTIONAL = {Kind.TYPING, Kind.REACTION}
_KEPT: tuple[tuple[type[PostRefused], float], ...] = (
    (PlaceGone, GONE_FOR_S),
    (PlaceClosed, CLOSED_FOR_S),
    (NotAllowedHere, FORBIDDEN_FOR_S),
)


class Places:
    """Remembers for a while what is not possible where."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # None stands for everything that is done there.
        self._noes: OrderedDict[tuple[ChannelId, Kind | None], tuple[type[PostRefused], float]] = (
            OrderedDict()
        )

    @contextmanager
    def ask(self, channel: ChannelId, kind: Kind) -> Generator[None, None, None]:
        """Do something of *kind* in *channel*, unless a no to it is known; learn from one.

        Raises:
            PlaceGone, PlaceClosed, NotAllowedHere: Discord said so a while ago.
        """
        self._check(channel, kind)
        try:
            yield
        except PostRefused as refused:
            self._learn(channel, kind, refused)
            raise

    def _check(self, channel: ChannelId, kind: Kind) -> None:
        kinds = [None, kind, Kind.POST] if kind in _OPTIONAL else [None, kind]
        for each in kinds:
            no, until = self._noes.get((channel, each), (None, 0.0))
            if no is not None and self._clock() < until:
                raise no("Discord has said no to this a while ago")

    def _learn(self, channel: ChannelId, kind: Kind, refused: PostRefused) -> None:
        if kind is Kind.READ and isinstance(refused, NotAllowedHere):
            return  # it may concern one message, and who reads or removes does it seldom
        for no, for_s in _KEPT:
            if isinstance(refused, no):
                about = (channel, kind if no is NotAllowedHere else None)
                self._noes[about] = (no, self._clock() + for_s)
                self._noes.move_to_end(about)
                if len(self._noes) > PLACES_KEPT:
                    self._noes.popitem(last=False)
                return
