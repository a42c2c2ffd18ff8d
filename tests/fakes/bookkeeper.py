"""The turn pipeline's books without its replies: lines are stored, and nobody answers."""

from collections.abc import Sequence

from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, MessageId, Place, Role, Turn, TurnId, player_turn_id
from bot.core.store_answers import IngestStatus
from bot.core.triggers import Decision
from bot.core.unposted import ORIGIN, Origin
from bot.services.incoming import Incoming, Proxied


class Bookkeeper:
    """Fails as its store does.

    Attributes:
        writing: channels in which a reply is being made.
        growing: messages that show a part of one.
        missed: batches of lines that came late.
        taken_up: channels in which what was left is to be answered.
        has_ended: channels in which nothing is to be said any more.
        heard: the newest message that was passed on, by channel.
        offers: notices that stand, with the channel and the line of each.
        replacements: lines, and what another bot posted in place of them.
        without_scene: channels in which none is live.
    """

    def __init__(self, store: SceneStore) -> None:
        self._store = store
        self.writing: set[ChannelId] = set()
        self.growing: set[MessageId] = set()
        self.missed: list[list[str]] = []
        self.taken_up: list[ChannelId] = []
        self.has_ended: list[ChannelId] = []
        self.heard: dict[ChannelId, MessageId] = {}
        self.offers: dict[MessageId, tuple[ChannelId, TurnId]] = {}
        self.replacements: list[tuple[MessageId, MessageId]] = []
        self.without_scene: set[ChannelId] = set()

    def hear(self, channel: ChannelId, message: MessageId) -> None:
        self.heard[channel] = message

    async def receive(self, incoming: Incoming) -> Decision | None:
        return Decision.ANSWER if await self._store_line(incoming) else None

    async def receive_missed(self, lines: Sequence[Incoming]) -> int:
        head = await self._store.head(lines[0].place.channel)
        begun_ms = head.since_ms if head is not None else 0
        stored = [line for line in lines if line.at_ms > begun_ms and await self._store_line(line)]
        self.missed.append([line.text for line in stored])
        return len(stored)

    async def replaced(self, line: Incoming, posted: Proxied) -> None:
        self.replacements.append((line.message, posted.message))
        await self._store.delete(line.place.channel, [line.message])

    def plays(self, channel: ChannelId) -> bool:
        return channel not in self.without_scene

    async def edited(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        return await self._store.edit(channel, message, text, at_ms)

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        await self._store.delete(channel, messages)

    async def offered(self, place: Place, line: TurnId, notice: MessageId) -> None:
        self.offers[notice] = (place.channel, line)

    def is_writing(self, channel: ChannelId) -> bool:
        return channel in self.writing

    def is_echo(self, channel: ChannelId, message: MessageId, at_ms: int) -> bool:
        _ = channel, at_ms
        return message in self.growing

    async def take_up(self, channel: ChannelId) -> None:
        self.taken_up.append(channel)

    def ended(self, channel: ChannelId) -> None:
        self.has_ended.append(channel)

    async def _store_line(self, incoming: Incoming) -> bool:
        turn = Turn(
            id=player_turn_id(incoming.message),
            role=Role.PLAYER,
            name=incoming.name,
            swipes=(incoming.text,),
            author=incoming.author,
            messages=(incoming.message,),
            at_ms=incoming.at_ms,
            edited_ms=incoming.edited_ms,
            facts={ORIGIN: Origin.PROXIED} if incoming.is_proxied else {},
        )
        channel = incoming.place.channel
        ingested = await self._store.ingest(channel, turn, seen=incoming.message)
        return ingested.status is IngestStatus.STORED
