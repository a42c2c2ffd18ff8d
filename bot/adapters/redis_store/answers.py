"""What scripts answer, as values: damage is left out, or named where nothing is left.

Every warning is without a word of what stands there: it may be what somebody wrote.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

from bot.adapters.redis_store import records
from bot.adapters.redis_store.sealing import Seal
from bot.core.errors import StoreUnavailable
from bot.core.scene import ChannelId, Scene, SceneHead, Turn, Work

log = logging.getLogger(__name__)


def head_of(
    channel: ChannelId, fields: Mapping[str, str], players: Mapping[str, str], seal: Seal
) -> SceneHead:
    """The scene's head.

    Raises:
        CannotOpen: it was sealed with another key.
        StoreUnavailable: it makes no sense.
    """
    try:
        return records.head_from_fields(channel, fields, players, seal)
    except ValueError:
        log.warning("damaged head", extra={"channel": channel})
        raise StoreUnavailable("What Redis holds of this scene makes no sense.") from None


def scene_of(head: SceneHead, stored: Iterable[str], seal: Seal) -> Scene:
    """The scene with those records, tombstones among them, in any order."""
    found = [turn_of(head.place.channel, record, seal) for record in stored if record]
    # Sorting what is there needs no second list to agree with.
    turns = sorted((turn for turn in found if turn is not None), key=lambda turn: turn.id)
    return Scene(head, tuple(turns))


def turn_of(channel: ChannelId, record: str, seal: Seal) -> Turn | None:
    """The turn; None if it is damaged.

    Raises:
        CannotOpen: it was sealed with another key. Left out, it would be forgotten unsaid.
    """
    try:
        return records.turn_from_record(record, seal)
    except ValueError:
        log.warning("damaged turn left out", extra={"channel": channel})
        return None


def work_of(channel: ChannelId, fields: Sequence[str], seal: Seal) -> Work | None:
    """The reply in the making, if there is one."""
    return records.work_from_fields(channel, records.pairs(fields), seal)
