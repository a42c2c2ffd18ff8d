"""Members' lines on their way into the store: what is part of a story, what asks for a reply."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.cast import SPEAKER
from bot.core.change import Change
from bot.core.metrics import Event
from bot.core.personas import PERSONA, told_apart
from bot.core.phrases import phrase, template
from bot.core.ports import Metrics, SceneMemory
from bot.core.quotes import answered_by, quote
from bot.core.scene import (
    NO_CHARACTER,
    NO_TURN,
    ChannelId,
    CharacterKey,
    GuildId,
    MessageId,
    Place,
    ReplyMode,
    Role,
    Scene,
    SceneHead,
    Turn,
    UserId,
    player_turn_id,
)
from bot.core.store_answers import IngestStatus
from bot.core.triggers import Decision, all_have_written, decide, is_out_of_character
from bot.core.unposted import DRAFT, ORIGIN, Origin, to_be_posted
from bot.core.why import DECISION, MODE
from bot.services.casting import Casting
from bot.services.heard import Heard
from bot.services.incoming import Incoming, Proxied
from bot.services.lane import Trigger
from bot.services.limits import MANY_LINES
from bot.services.newcomers import Newcomer
from bot.services.notices import Notices
from bot.services.recent import Recent

LIVE_KEPT = 20_000
"""Heads of live scenes, as they were last: to decide by, and while the store is away."""

ROUND = 2
ROUND_BEGINS = template(
    "Several of you play now, so {name} answers when you say the name, mention me, or reply to "
    "one of {name}'s messages. Everything else is heard and remembered."
)


Hears = Callable[[Incoming], Awaitable[bool]]
"""Whether a line is part of the story at all, whoever it is from."""


MayAsk = Callable[[UserId, GuildId | None], bool]
"""Whether another line of that member's gets a reply."""


Reads = Callable[[Place, UserId, str], Awaitable[str | None]]
"""What of a member's words goes into the story; None if nothing does."""
NOT_READ = phrase(
    "The filter of whoever hosts me does not let that line into the story: nobody answers it."
)


async def as_written(_place: Place, _user: UserId, text: str) -> str | None:
    """All of them do."""
    return text


async def everybody(_incoming: Incoming) -> bool:
    """All lines are."""
    return True


def without_end(_user: UserId, _guild: GuildId | None) -> bool:
    """All get one."""
    return True


@dataclass(frozen=True, slots=True)
class Ears:
    """What is heard of members' lines, and what is answered."""

    hears: Hears = everybody
    may_ask: MayAsk = without_end
    reads: Reads = as_written


ALL_EARS = Ears()
REPLACE_TRIES = 8
"""A scene may go on between reading and changing it; each time is a line or an edit."""


class Intake:
    """Borrows all it is given. In a live scene a plain line costs one step of the store.

    More is read where more is asked: whom its author plays, who was not heard of
    late; what a line replies to, whose turn it is, and whether everybody has written.
    """

    def __init__(
        self,
        store: SceneMemory,
        notices: Notices,
        casting: Casting,
        heard: Heard,
        *,
        metrics: Metrics,
        ears: Ears,
    ) -> None:
        self._metrics = metrics
        self._ears = ears
        self._store = store
        self._notices = notices
        self._casting = casting
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
        place, before = incoming.place, await self._scene_of(incoming)
        heard = await self._as_heard(incoming) if before is not None else None
        if before is None or heard is None:
            return None, None
        incoming = heard
        if not incoming.text.strip() or is_out_of_character(incoming.text):
            self._metrics.count(Event.INGESTED, "remark")
            await self._notices.mark_as_remark(place, incoming.message)
            return self._decision(before, incoming), None
        incoming = await self._as_played(before, incoming)
        turn = await self._turn_of(before, incoming)
        seen: MessageId | None = None
        if incoming.sent is None:  # else no message stands there by which it was heard
            seen = self._heard.sure(place.channel, incoming.message)
        ingested = await self._store.ingest(place.channel, turn, seen=seen)
        self._note(ingested.status, is_late=is_late)
        self.note_live(ingested.head, place.channel)
        if ingested.status is not IngestStatus.STORED or ingested.head is None:
            return None, None
        is_new = incoming.author not in before.players
        if is_new and not is_late and incoming.author != before.owner:
            self._notices.joined(Newcomer(place, incoming.author, turn.name))
        known, turn = turn.facts, await self._known_now(before, ingested.head, incoming, turn)
        decision = await self._settle(ingested.head, incoming, turn, known, is_late=is_late)
        if decision is Decision.TOO_FAST:
            await self._notices.say_once(place, MANY_LINES)
        if decision is Decision.ANSWER:
            return decision, await self._trigger_of(ingested.head, turn)
        is_second = len(ingested.head.players) == ROUND and is_new
        if is_second and not is_late and ingested.head.reply_mode is ReplyMode.AUTO:
            # From here on the first player is not answered every time either.
            name = ingested.head.character_name
            await self._notices.say(place, phrase(ROUND_BEGINS, name=name))
        return decision, None

    async def _trigger_of(self, head: SceneHead, turn: Turn) -> Trigger:
        """What is answered: of a round its newest line, which may have been stored first."""
        if head.reply_mode is ReplyMode.TURNS:
            scene = await self._store.read(head.place.channel)
            lines = [each for each in scene.turns if each.role is Role.PLAYER] if scene else []
            turn = lines[-1] if lines else turn
        return Trigger(turn.id, turn.author, speaker=_speaker(turn))

    async def _scene_of(self, incoming: Incoming) -> SceneHead | None:
        """The live scene that a line may be of."""
        channel = incoming.place.channel
        head = self._live.get(channel)
        if head is None:
            # What is said where nobody plays is not even sent to the store.
            head = await self._store.head(channel)
            self.note_live(head, channel)
        if head is None or not head.live or incoming.at_ms <= head.since_ms:
            return None
        return head

    def _note(self, status: IngestStatus, *, is_late: bool) -> None:
        known = {
            IngestStatus.STORED: "ok",
            IngestStatus.DUPLICATE: "known",
            IngestStatus.TOO_OLD: "old",
        }
        if status in known:
            self._metrics.count(Event.INGESTED, known[status])
        if is_late and status is IngestStatus.STORED:
            self._metrics.count(Event.CAUGHT_UP)

    async def replace(self, line: Incoming, posted: Proxied) -> Trigger | None:
        """Have *posted* stand for *line*, in its place; returns what is to be answered then.

        The turn stays the same one, so its reply does, whether it is in the
        making, still to come, or was given up when the line was deleted.

        Raises:
            StoreUnavailable, StoreRefusesWrites.
        """
        channel = line.place.channel
        heard = await self._as_heard(replace(line, text=posted.text))
        if heard is None:  # it may have been heard before, and is gone now
            await self._store.delete(channel, [line.message])
            return None
        said = replace(
            line,
            name=posted.name,
            text=heard.text,
            mentions_bot=line.mentions_bot or posted.mentions_bot,
            edited_ms=0,
            is_proxied=True,
        )
        seen = self._heard.sure(channel, posted.message)
        for _ in range(REPLACE_TRIES):
            scene = await self._store.read(channel)
            if scene is None or not _may_be_of(scene, line):
                return None
            known = {message: turn for turn in scene.turns for message in turn.messages}
            if posted.message in known and known[posted.message].id != player_turn_id(line.message):
                # It was found in the channel first, and taken for a line of its own.
                if await self._is_dropped(scene, known.get(line.message)):
                    return None
                continue
            written = await self._turn_of(scene.head, said, scene=scene)
            before = known.get(line.message)
            quoted = written.quoted or (before.quoted if before is not None else "")
            turn = replace(written, messages=(posted.message,), quoted=quoted)
            # Whoever has not played yet is let in by that.
            ingested = await self._store.ingest(channel, turn, seen=seen)
            is_new = ingested.status is IngestStatus.STORED
            change = Change(put=(turn,))
            if not is_new and not await self._store.apply(
                channel, change, version=scene.head.version
            ):
                continue
            self.note_live(ingested.head, channel)
            decision = await self._settle(ingested.head or scene.head, said, turn, turn.facts)
            if decision is not Decision.ANSWER:
                return None
            return Trigger(turn.id, line.author, speaker=_speaker(turn))
        return None

    async def _is_dropped(self, scene: Scene, line: Turn | None) -> bool:
        """Forget *line*, if the scene is as it was read."""
        if line is None:
            return True
        head, change = scene.head, Change(drop=(line.id,))
        return await self._store.apply(head.place.channel, change, version=head.version)

    async def _as_heard(self, incoming: Incoming) -> Incoming | None:
        """The line with the words that go into the story; None if it is no part of it."""
        if not await self._ears.hears(incoming):
            return None
        if is_out_of_character(incoming.text):
            return incoming
        text = await self._ears.reads(incoming.place, incoming.author, incoming.text)
        if text is None:
            await self._notices.say_once(incoming.place, NOT_READ)
            return None
        return replace(incoming, text=text)

    async def _as_played(self, head: SceneHead, incoming: Incoming) -> Incoming:
        """The line as said by the persona that its author plays there."""
        if incoming.sent is not None or incoming.is_proxied:
            return incoming  # it was written as whom they played then
        worn = (await self._store.wardrobe(incoming.author)).worn(incoming.place)
        if worn is None:
            return incoming
        name = told_apart(worn[0].name, head.others(incoming.author))
        return replace(incoming, name=name, persona=worn[0].text)

    async def _turn_of(
        self, head: SceneHead, incoming: Incoming, *, scene: Scene | None = None
    ) -> Turn:
        """The line as it is stored, as far as it can be known before."""
        is_round = head.reply_mode is ReplyMode.TURNS
        if scene is None and (incoming.replies_to is not None or head.cast or is_round):
            scene = await self._store.read(incoming.place.channel)
        named = player_turn_id(incoming.message)
        before = tuple(turn for turn in scene.turns if turn.id < named) if scene is not None else ()
        line = Turn(
            id=named,
            role=Role.PLAYER,
            name=incoming.name,
            swipes=(incoming.text,),
            author=incoming.author,
            messages=(incoming.message,),
            at_ms=incoming.at_ms,
            edited_ms=incoming.edited_ms,
        )
        quoted, replied_to = "", ""
        if incoming.replies_to is not None and before:
            quoted = quote(before, incoming.replies_to)
            answered = answered_by(before, incoming.replies_to)
            replied_to = answered.name if answered is not None else ""
        facts = {DECISION: str(self._decision(head, incoming))}
        if incoming.is_proxied:
            facts[ORIGIN] = Origin.PROXIED
        if incoming.persona:
            facts[PERSONA] = incoming.persona
        if head.reply_mode is not ReplyMode.AUTO:
            facts[MODE] = head.reply_mode
        speaker = self._casting.who_answers(head, (*before, line), replied_to=replied_to)
        if speaker:
            facts[SPEAKER] = speaker
        if incoming.sent is None:
            return replace(line, quoted=quoted, facts=facts)
        facts |= {ORIGIN: Origin.SENT, DRAFT: str(incoming.sent.draft)}
        return to_be_posted(replace(line, facts=facts), face=incoming.sent.face)

    async def _known_now(
        self, before: SceneHead, head: SceneHead, incoming: Incoming, turn: Turn
    ) -> Turn:
        """The line, of a scene that may be played otherwise than we knew."""
        was = (before.reply_mode, before.character, before.cast)
        is_same = was == (head.reply_mode, head.character, head.cast)
        return turn if is_same else await self._turn_of(head, incoming)

    async def _settle(
        self,
        head: SceneHead,
        incoming: Incoming,
        turn: Turn,
        known: Mapping[str, str],
        *,
        is_late: bool = False,
    ) -> Decision:
        """Decide about a stored line; what was decided before it was stored may not hold.

        Args:
            known: the facts that are stored with it.
        """
        decision = self._decision(head, incoming)
        if head.reply_mode is ReplyMode.TURNS:
            # Others may have written at the same time: whoever looks last sees all lines.
            is_over = await self._is_round_over(head)
            decision = self._decision(head, incoming, is_round_over=is_over)
        # Late lines get one reply together; what a proxy posts was a line of theirs before.
        counts = decision is Decision.ANSWER and not (is_late or incoming.is_proxied)
        if counts and not self._ears.may_ask(incoming.author, head.place.guild):
            decision = Decision.TOO_FAST
        facts: Mapping[str, str] = {**turn.facts, DECISION: decision}
        if facts != known:  # another process has let somebody in, or it is another mode now
            await self._store.set_facts(head.place.channel, turn.id, facts)
        return decision

    async def _is_round_over(self, head: SceneHead) -> bool:
        channel = head.place.channel
        scene, work = await self._store.read(channel), await self._store.work(channel)
        turns: Sequence[Turn] = scene.turns if scene is not None else ()
        return all_have_written(turns, answered=work.reply if work is not None else NO_TURN)

    def _decision(
        self, head: SceneHead, incoming: Incoming, *, is_round_over: bool = False
    ) -> Decision:
        return decide(
            players=len({*head.players, incoming.author}),
            mentioned=incoming.mentions_bot,
            replied_to_character=incoming.replies_to_character,
            text=incoming.text,
            names=self._casting.names(head),
            mode=head.reply_mode,
            is_round_over=is_round_over,
        )


def _may_be_of(scene: Scene, line: Incoming) -> bool:
    """Whether *line* is part of a live story, or was written late enough to be."""
    named = player_turn_id(line.message)
    is_known = any(turn.id == named for turn in scene.turns)
    return scene.head.live and (is_known or line.at_ms > scene.head.since_ms)


def _speaker(turn: Turn) -> CharacterKey:
    return CharacterKey(turn.facts.get(SPEAKER, NO_CHARACTER))
