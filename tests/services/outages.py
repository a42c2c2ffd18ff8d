"""A store that is away when it is told to be."""

from bot.core.errors import StoreUnavailable
from bot.core.lengths import Length
from bot.core.scene import ChannelId, MessageId, SceneHead, Turn, UserId, Work
from bot.core.store_answers import Ingested, Taken
from tests.fakes.memory_store import MemorySceneStore

ALWAYS = 1_000_000


class AwayStore(MemorySceneStore):
    """Does not answer what a turn asks before its reply is written.

    Attributes:
        away: how often it yet fails to answer which question.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away: dict[str, int] = {}

    def go(self, **questions: int) -> None:
        """Be away for so many *questions* of each kind; for all of any kind if none is named."""
        kinds = dict.fromkeys(("head", "ingest", "take", "user_length"), ALWAYS)
        self.away = dict(questions or kinds)

    def come_back(self) -> None:
        """Answer again."""
        self.away = {}

    async def head(self, channel: ChannelId) -> SceneHead | None:
        self._answer("head")
        return await super().head(channel)

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        self._answer("ingest")
        return await super().ingest(channel, turn, seen=seen)

    async def take(
        self,
        channel: ChannelId,
        owner: str,
        for_s: float,
        work: Work,
        *,
        anew: bool = False,
        unless_answered: bool = False,
        fence: int | None = None,
    ) -> Taken | None:
        self._answer("take")
        return await super().take(
            channel, owner, for_s, work, anew=anew, unless_answered=unless_answered, fence=fence
        )

    async def user_length(self, user: UserId) -> Length | None:
        self._answer("user_length")
        return await super().user_length(user)

    def _answer(self, question: str) -> None:
        left = self.away.get(question, 0)
        if left:
            self.away[question] = left - 1
            raise StoreUnavailable("away")
