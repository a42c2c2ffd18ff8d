"""Members' lines on their way into the store: what is part of a story, what asks for a reply."""

from dataclasses import replace

from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, MessageId, Role, SceneHead, Turn, player_turn_id
from bot.core.store_answers import IngestStatus
from bot.core.triggers import Decision, decide, is_out_of_character
from bot.core.unposted import DRAFT, ORIGIN, Origin, to_be_posted
from bot.services.heard import Heard
from bot.services.incoming import Incoming
from bot.services.lane import Trigger
from bot.services.notices import Notices
from bot.services.recent import Recent

LIVE_KEPT = 20_000
"""Heads of live scenes, as they were last: to decide by, and while the store is away."""

ROUND = 2
ROUND_BEGINS = (
    "Several of you play now, so {name} answers when you say the name, mention me, or reply to "
    "one of {name}'s messages. Everything else is heard and remembered."
)


class Intake:
    """Borrows all it is given. In a live scene a line costs one step of the store."""

    def __init__(self, store: SceneStore, notices: Notices, heard: Heard) -> None:
        self._store = store
        self._notices = notices
        self._heard = heard
        self._live: Recent[ChannelId, SceneHead] = Recent(LIVE_KEPT)

    def live_head(self, channel: ChannelId) -> SceneHead | None:
        """The channel's live scene as we knew it last; None if we know of none."""
        return self._live.get(channel)

    def note_live(self, head: SceneHead | None, channel: ChannelId) -> None:
        """Remember what the channel's scene is; None if there is none."""
        if head is not None and head.live:
            self._live.set(channel, head)
        else:
            self._live.forget(channel)

    async def take(
        self, incoming: Incoming, *, is_late: bool = False
    ) -> tuple[Decision | None, Trigger | None]:
        """Store a line of a live scene; returns what was decided, and what is to be answered.

        Neither without a live scene, and for a line that is known already.

        Args:
            is_late: it came while nobody listened.

        Raises:
            StoreUnavailable, StoreRefusesWrites: it is not stored.
        """
        place = incoming.place
        before = self._live.get(place.channel)
        if before is None:
            # What is said where nobody plays is not even sent to the store.
            before = await self._store.head(place.channel)
            self.note_live(before, place.channel)
        if before is None or not before.live or (is_late and incoming.at_ms <= before.since_ms):
            return None, None
        if not incoming.text.strip() or is_out_of_character(incoming.text):
            decision = _decision(before, incoming)
            await self._notices.mark_as_remark(place, incoming.message)
            return decision, None
        turn = _turn_of(incoming, _decision(before, incoming))
        seen: MessageId | None = None
        if incoming.sent is None:  # else no message stands there by which it was heard
            seen = self._heard.sure(place.channel, incoming.message)
        ingested = await self._store.ingest(place.channel, turn, seen=seen)
        self.note_live(ingested.head, place.channel)
        if ingested.status is not IngestStatus.STORED or ingested.head is None:
            return None, None
        decision = _decision(ingested.head, incoming)
        if decision != turn.facts["decision"]:  # another process has let somebody in
            await self._store.set_facts(
                place.channel, turn.id, {**turn.facts, "decision": decision}
            )
        if decision is Decision.ANSWER:
            return decision, Trigger(turn.id, incoming.author)
        is_second = len(ingested.head.players) == ROUND and incoming.author not in before.players
        if is_second and not is_late:
            # From here on the first player is not answered every time either.
            name = ingested.head.character_name
            await self._notices.say(place, ROUND_BEGINS.format(name=name))
        return decision, None


def _decision(head: SceneHead, incoming: Incoming) -> Decision:
    return decide(
        players=len({*head.players, incoming.author}),
        mentioned=incoming.mentions_bot,
        replied_to_character=incoming.replies_to_character,
        text=incoming.text,
        names=(head.character_name,),
    )


def _turn_of(incoming: Incoming, decision: Decision) -> Turn:
    turn = Turn(
        id=player_turn_id(incoming.message),
        role=Role.PLAYER,
        name=incoming.name,
        swipes=(incoming.text,),
        author=incoming.author,
        messages=(incoming.message,),
        at_ms=incoming.at_ms,
        edited_ms=incoming.edited_ms,
        facts={"decision": decision},
    )
    if incoming.sent is None:
        return turn
    facts = {**turn.facts, ORIGIN: Origin.SENT, DRAFT: str(incoming.sent.draft)}
    return to_be_posted(replace(turn, facts=facts), face=incoming.sent.face)
