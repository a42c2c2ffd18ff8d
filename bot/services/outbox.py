"""Notes the posts of a reply in the store, before and after each."""

from bot.core.errors import LeaseLost
from bot.core.ports import SceneStore
from bot.core.scene import MessageId, TurnId
from bot.services.channel_leases import ChannelLeases
from bot.services.lane import Lane


class ReplyOutbox:
    """Notes of a reply's posts, before and after each.

    It is asked by the editor's task; who has lost the channel is told by the lane's hold.
    """

    def __init__(self, store: SceneStore, leases: ChannelLeases, lane: Lane, reply: TurnId) -> None:
        self._store = store
        self._leases = leases
        self._lane = lane
        self._reply = reply

    async def intend(self, mark: str) -> None:
        """A post is about to be sent.

        Raises:
            StoreUnavailable, StoreRefusesWrites: nobody will know of it.
        """
        lane = self._lane
        try:
            await self._store.intent(lane.channel, self._reply, mark, fence=lane.fence)
        except LeaseLost:
            self._lose()

    async def confirm(self) -> None:
        """The screen is about to be changed."""
        try:
            await self._leases.confirm(self._lane)
        except LeaseLost:
            self._lose()

    async def posted(self, message: MessageId) -> None:
        """It is there.

        Raises:
            StoreUnavailable, StoreRefusesWrites: nobody will know which it is.
        """
        lane = self._lane
        lane.shown_in.add(message)
        try:
            await self._store.posted(lane.channel, self._reply, message, fence=lane.fence)
        except LeaseLost:
            if lane.hold is not None:
                lane.hold.strays.append(message)
            self._lose()

    def _lose(self) -> None:
        if self._lane.hold is not None:
            self._lane.hold.lose()
