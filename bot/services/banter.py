"""Characters that answer each other: who goes on from a reply, also after a restart."""

from contextlib import suppress
from dataclasses import replace

from bot.core.cast import FOLLOWER
from bot.core.errors import StoreRefusesWrites, StoreUnavailable
from bot.core.ports import SceneStore
from bot.core.scene import CharacterKey, Turn, Work, WorkKind
from bot.services.casting import Casting
from bot.services.lane import Lane, Trigger


class Banter:
    """Borrows all it is given.

    Who goes on is stored with the reply, in the same step. Once that is done, or
    nobody wants it any more, the note is blanked: what stands last may do so again.
    """

    def __init__(self, store: SceneStore, casting: Casting) -> None:
        self._store = store
        self._casting = casting

    def linked(self, lane: Lane, work: Work, reply: Turn) -> Turn:
        """The reply as it is stored, with who goes on from it."""
        is_served = work.reply == lane.serving.reply and work.kind is WorkKind.REPLY
        if not is_served or lane.is_stopped:
            return reply
        key = self._casting.follower(lane, reply)
        return replace(reply, facts={**reply.facts, FOLLOWER: key}) if key else reply

    async def stored(self, lane: Lane, reply: Turn) -> None:
        """*reply* is stored: have its answer made, if there is to be one."""
        await self.ended(lane)
        key = CharacterKey(reply.facts.get(FOLLOWER, ""))
        if not key:
            return
        if lane.is_stopped:  # while it was stored
            await self._blank(lane, reply)
        else:
            lane.follower = Trigger(reply.id, lane.serving.author, speaker=key)

    async def ended(self, lane: Lane) -> None:
        """What the lane serves is done, or given up: nobody goes on from there again."""
        line = next((turn for turn in lane.turns if turn.id == lane.serving.turn), None)
        if line is not None and line.facts.get(FOLLOWER):
            await self._blank(lane, line)

    async def _blank(self, lane: Lane, turn: Turn) -> None:
        # A note that stays counts only as long as nothing is said behind its turn.
        with suppress(StoreUnavailable, StoreRefusesWrites):
            await self._store.set_facts(lane.channel, turn.id, {**turn.facts, FOLLOWER: ""})
