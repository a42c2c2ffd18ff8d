"""What holds after every fault, once it is quiet: I1 to I7. I8 stands in `leftovers.py`.

I1  no line of a member, written in a live scene, is missing from memory, but those that
    are marked as taken back, and of these none is there, nor one from before the story
I2  nothing is remembered twice
I3  a turn shows one reply: no part of it stands there twice
I4  each line that asks for an answer has one outcome: a reply, its own or that to a
    later line; a notice that offers another try; or somebody did not want it any more
I5  nobody holds a channel, and no reply is in the making
I6  what is on the screen is what is remembered, all parts, both directions
    under the name of who said it; what a file brought stands there from its last line on
I7  nothing that was sent could ping anybody
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.scene import ChannelId, Role, Scene, Turn, TurnId, message_of, reply_turn_id
from bot.core.split import split
from bot.core.triggers import Decision, is_out_of_character
from bot.core.unposted import ORIGIN
from bot.playground.snowflakes import EPOCH_MS
from bot.services.live_reply import PART_LIMIT
from tests.faults.lab.memory import Kept
from tests.faults.lab.watching import Call, Kind, Post, Seen

_RETRY = "retry:"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Screen and memory at one moment, and what led there.

    Attributes:
        posts: by id, all that the bot ever posted.
        unheard: lines of members that nobody promised to remember: no scene was
            live, or the channel was told that they are lost.
        proxied: messages of another bot, each in place of a line of a member's.
        unwanted: lines whose reply somebody stopped, or took off the screen.
    """

    screen: Mapping[ChannelId, Sequence[Seen]]
    memory: Mapping[ChannelId, Kept]
    posts: Mapping[int, Post] = field(default_factory=dict)
    calls: Sequence[Call] = ()
    unheard: Collection[int] = ()
    unwanted: Collection[int] = ()
    proxied: Collection[int] = ()

    def scenes(self) -> Iterator[tuple[Scene, Sequence[Seen]]]:
        """Every scene with what its channel shows."""
        for channel, kept in self.memory.items():
            if kept.scene is not None:
                yield kept.scene, self.screen.get(channel, ())


def broken(evidence: Evidence) -> list[str]:
    """Every way in which *evidence* is not as it must be; each begins with the rule's name."""
    return [f"{name} {what}" for name, rule in RULES.items() for what in rule(evidence)]


def _forgotten(evidence: Evidence) -> Iterator[str]:
    for scene, shown in evidence.scenes():
        remembered = _shown_by(scene)
        for seen in shown:
            if _belongs_to_the_story(seen, scene, evidence) and seen.id not in remembered:
                yield f"line {seen.id} is not remembered: {seen.text!r}"
            is_line = seen.kind is Kind.MEMBER and seen.id in remembered
            if is_line and not _is_since(seen, scene):
                yield f"line {seen.id} is older than its story: {seen.text!r}"
            if seen.kind is Kind.PROXY and seen.id not in evidence.proxied:
                if seen.id in remembered:
                    yield f"message {seen.id} of another bot is remembered: {seen.text!r}"
            elif seen.is_marked and seen.id in remembered:
                yield f"line {seen.id} is marked as taken back: {seen.text!r}"


def _remembered_twice(evidence: Evidence) -> Iterator[str]:
    for channel, kept in evidence.memory.items():
        for turn, times in Counter(kept.order).items():
            if times > 1:
                yield f"turn {turn} of {channel} is listed {times} times"
        if set(kept.order) != set(kept.records):
            yield f"{channel} lists {sorted(set(kept.order) ^ set(kept.records))} only in one place"
        shown = Counter(message for turn in _turns(kept.scene) for message in turn.messages)
        for message, times in shown.items():
            if times > 1:
                whose = [turn.id for turn in _turns(kept.scene) if message in turn.messages]
                yield f"message {message} of {channel} belongs to {whose}"


def _shown_twice(evidence: Evidence) -> Iterator[str]:
    for channel, shown in evidence.screen.items():
        marks = Counter(_mark(seen, evidence) for seen in shown)
        for mark, times in marks.items():
            if mark and times > 1:
                yield f"part {mark} stands {times} times in {channel}"
        replies: dict[TurnId, set[int]] = {}
        for seen in shown:
            if (reply := _reply(seen, evidence)) is not None:
                replies.setdefault(reply, set()).add(seen.id)
        kept = evidence.memory.get(channel, Kept(None))
        remembered = {turn.id: set(turn.messages) for turn in _turns(kept.scene)}
        for reply, messages in replies.items():
            if reply in remembered and not messages <= remembered[reply]:
                yield f"reply {reply} shows also in {sorted(messages - remembered[reply])}"


def _not_one_outcome(evidence: Evidence) -> Iterator[str]:
    for scene, shown in evidence.scenes():
        standing = _offered(shown)
        replied = {turn.id: turn.messages for turn in scene.turns if turn.role is Role.CHARACTER}
        for at, turn in enumerate(scene.turns):
            if not _asks(turn):
                continue
            if (messages := replied.get(reply_turn_id(turn.id))) is not None:
                # One that is older tells of an earlier try.
                if standing.get(turn.id, 0) > max(messages, default=0):
                    yield f"line {turn.id} has a reply and a notice"
                continue
            is_joined = any(
                later.role is Role.CHARACTER or _asks(later) for later in scene.turns[at + 1 :]
            )
            is_unwanted = not set(turn.messages).isdisjoint(evidence.unwanted)
            if not (is_joined or turn.id in standing or is_unwanted):
                yield f"line {turn.id} has no outcome: {turn.text!r}"


def _left_over(evidence: Evidence) -> Iterator[str]:
    for channel, kept in evidence.memory.items():
        offered = _offered(evidence.screen.get(channel, ()))
        if kept.work is not None and kept.work.trigger not in offered:
            yield f"reply {kept.work.reply} of {channel} is in the making"
        if kept.leased_ms:
            yield f"channel {channel} is lent for {kept.leased_ms} ms yet"


def _unlike(evidence: Evidence) -> Iterator[str]:
    for scene, shown in evidence.scenes():
        texts = {seen.id: _text(seen) for seen in shown}
        for turn in scene.turns:
            if turn.role is Role.CHARACTER and not turn.messages and not _is_copy(turn, scene):
                yield f"turn {turn.id} shows nowhere"
            yield from _turn_unlike(turn, texts)
            yield from _spoken_by_others(turn, shown)
        yield from _disorder(scene)
        kept = evidence.memory[scene.head.place.channel]
        known = _shown_by(scene) | set(kept.work.messages if kept.work else ())
        known |= {seen.id for seen in shown if seen.is_orphan and seen.id in kept.owed}
        for seen in shown:
            speaks = seen.kind is Kind.CHARACTER or _reply(seen, evidence) is not None
            if speaks and _is_since(seen, scene) and seen.id not in known:
                yield f"message {seen.id} is nobody's: {seen.text[:80]!r}"


def _turn_unlike(turn: Turn, texts: Mapping[int, str]) -> Iterator[str]:
    gone = [message for message in turn.messages if message not in texts]
    if gone:
        yield f"turn {turn.id} shows in {gone}, which are gone"
        return
    shown = [texts[message] for message in turn.messages]
    if shown and shown not in _as_messages(turn):
        yield f"turn {turn.id} is remembered as {turn.text!r} and reads {shown!r}"


def _spoken_by_others(turn: Turn, shown: Sequence[Seen]) -> Iterator[str]:
    """What a webhook shows stands under the name of whoever said it."""
    speaks = (Kind.CHARACTER, Kind.PROXY)
    for seen in shown:
        if seen.id in turn.messages and seen.kind in speaks and seen.name != turn.name:
            yield f"turn {turn.id} of {turn.name} shows under the name {seen.name}"


def _is_copy(turn: Turn, scene: Scene) -> bool:
    """Whether it came from a file, which was told before the scene began and elsewhere."""
    told_ms = (message_of(turn.id) >> 22) + EPOCH_MS
    return told_ms <= scene.head.started_ms and ORIGIN not in turn.facts


def _disorder(scene: Scene) -> Iterator[str]:
    for role in (Role.PLAYER, Role.CHARACTER):
        messages = [m for turn in scene.turns if turn.role is role for m in turn.messages]
        if messages != sorted(messages):
            yield f"turns of the {role} in {scene.head.place.channel} stand in another order"


def _may_ping(evidence: Evidence) -> Iterator[str]:
    """S08, in every run of the lab."""
    for call in evidence.calls:
        if not _allows_none(call.allowed_mentions):
            yield f"{call.route} allows {call.allowed_mentions!r}"
    for shown in evidence.screen.values():
        for seen in shown:
            if seen.kind is not Kind.MEMBER and seen.pings:
                yield f"message {seen.id} pings"


RULES: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    "I1": _forgotten,
    "I2": _remembered_twice,
    "I3": _shown_twice,
    "I4": _not_one_outcome,
    "I5": _left_over,
    "I6": _unlike,
    "I7": _may_ping,
}


def _allows_none(allowed: object) -> bool:
    if not isinstance(allowed, Mapping) or allowed.get("parse") != []:
        return False
    return not any(allowed.get(name) for name in ("users", "roles", "replied_user"))


def _turns(scene: Scene | None) -> Sequence[Turn]:
    return scene.turns if scene is not None else ()


def _shown_by(scene: Scene) -> set[int]:
    return {int(message) for turn in scene.turns for message in turn.messages}


def _is_since(seen: Seen, scene: Scene) -> bool:
    """Whether a message is younger than the scene. Ids hold their time in ms."""
    return (seen.id >> 22) + EPOCH_MS >= scene.head.started_ms


def _belongs_to_the_story(seen: Seen, scene: Scene, evidence: Evidence) -> bool:
    return (
        (seen.kind is Kind.MEMBER or seen.id in evidence.proxied)
        and _is_since(seen, scene)
        and seen.id not in evidence.unheard
        and not seen.is_marked
        and bool(seen.text.strip())
        and not is_out_of_character(seen.text)
    )


def _mark(seen: Seen, evidence: Evidence) -> str:
    post = evidence.posts.get(seen.id)
    return "" if post is None else post.mark


def _reply(seen: Seen, evidence: Evidence) -> TurnId | None:
    post = evidence.posts.get(seen.id)
    return None if post is None else post.reply


def _asks(turn: Turn) -> bool:
    decided = turn.facts.get("decision", Decision.ANSWER)
    return turn.role is Role.PLAYER and decided == Decision.ANSWER


def _offered(shown: Sequence[Seen]) -> Mapping[str, int]:
    """Lines for which a notice offers another try, each with the newest one."""
    return {
        button.removeprefix(_RETRY): seen.id
        for seen in shown
        for button in seen.buttons
        if button.startswith(_RETRY)
    }


def _text(seen: Seen) -> str:
    if seen.kind is Kind.BOT and seen.text.startswith("**"):
        return seen.text.partition("**\n")[2] or seen.text
    return seen.text


def _as_messages(turn: Turn) -> Collection[list[str]]:
    """The ways in which a turn may stand there."""
    if turn.parts:
        return ([part.strip() for part in turn.parts],)
    if turn.role is not Role.CHARACTER:
        return ([turn.text.strip()],)
    return (split(turn.text), split(turn.text, PART_LIMIT))
