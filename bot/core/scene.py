"""The values of a story: who plays where, and what was said.

A *scene* is one story in one channel or thread. It is made of *turns*; a turn
has an author, a role, one or more *swipes* (alternative texts), the current
one, and the ids of the Discord messages that show it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from bot.core.lengths import Length

GuildId = NewType("GuildId", int)
ChannelId = NewType("ChannelId", int)
UserId = NewType("UserId", int)
MessageId = NewType("MessageId", int)
TurnId = NewType("TurnId", str)
CharacterKey = NewType("CharacterKey", str)

NO_TURN = TurnId("")
NO_CHARACTER = CharacterKey("")


NOTE_DEPTH = 4
"""Where an author's note usually stands: so many lines before the end."""


class Role(StrEnum):
    """Who speaks in a turn, as the prompt sees it."""

    CHARACTER = "character"
    PLAYER = "player"
    NARRATOR = "narrator"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scene plays, as much as posting there needs.

    Attributes:
        channel: the channel or thread in which members write.
        parent: the channel that owns the webhooks: of a thread its parent,
            else the channel itself; None where there are none (a DM).
    """

    channel: ChannelId
    guild: GuildId | None
    parent: ChannelId | None

    @property
    def is_thread(self) -> bool:
        """Whether posts need a `thread_id` beside the parent's webhook."""
        return self.parent is not None and self.parent != self.channel


def player_turn_id(message: MessageId) -> TurnId:
    """Name the turn of a member's message: 20 digits, so text order is age."""
    return TurnId(f"{message:020d}")


def message_of(turn: TurnId) -> MessageId:
    """The message that a member's turn, or the line that a reply answers, was named after."""
    return MessageId(int(turn.rstrip("r")))


def reply_turn_id(trigger: TurnId) -> TurnId:
    """Name the reply to *trigger*.

    It sorts behind the trigger and before every later message, and naming it
    twice gives the same id: a reply that is committed twice is stored once.
    A reply can be answered itself, by another character or by the same.
    """
    return TurnId(f"{trigger}r")


class WorkKind(StrEnum):
    """What is being made of a turn; the values are those that the store keeps.

    `REPLY` is a new turn, `CONTINUE` more of a stored one, `SWIPE` another text
    beside those it has. `SHOW` asks no model: memory has the text, and the
    screen has to follow.
    """

    REPLY = ""
    CONTINUE = "1"
    SWIPE = "swipe"
    SHOW = "show"


class ReplyMode(StrEnum):
    """Which lines of players are answered.

    `AUTO` answers the only player always, and of several whoever calls the
    character: by a mention, a reply to its message, or its name. `MENTION` takes
    the first two of these, from anybody; `NAME` all three. `TURNS` waits until
    everybody who plays has written.
    """

    AUTO = "auto"
    ALWAYS = "always"
    MENTION = "mention"
    NAME = "name"
    TURNS = "turns"


class GuardLevel(StrEnum):
    """How closely a reply is watched for the players' parts.

    `NORMAL` ends it at a player's name and colon at the start of a line,
    `STRICT` also where a sentence begins to tell what a player does.
    """

    NORMAL = "normal"
    STRICT = "strict"


def mark_of(reply: TurnId, part: int) -> str:
    """Name the post that shows the part of *reply* with that number, from 0.

    It stands at the end of a button's id under the message, so that a post of
    which nobody knows whether it arrived can be recognised.
    """
    return f"{reply}.{part}"


def trigger_of(reply: TurnId) -> TurnId | None:
    """Undo `reply_turn_id`; None for a turn that is no reply."""
    return TurnId(reply[:-1]) if reply.endswith("r") else None


@dataclass(frozen=True, slots=True)
class Turn:
    """One contribution to the story. `at_ms` is Unix time in milliseconds.

    Attributes:
        pinned: stays in the prompt when its neighbours leave.
        count: how many tokens the current text has, as `core.token_counts`
            writes it down; empty or outdated if nobody has counted.
        facts: how it came about, as `core.facts` writes it down.
        parts: the text of each of several messages that show it; empty for one.
        edited_ms: Discord's time of the last change on the screen; an event
            that is older tells nothing new. 0 if nobody knows.
        hidden: stays on the screen, but the model does not read it.
        quoted: what it replies to, as the model is told it.
    """

    id: TurnId
    role: Role
    name: str
    swipes: tuple[str, ...]
    current: int = 0
    author: UserId | None = None
    messages: tuple[MessageId, ...] = ()
    at_ms: int = 0
    pinned: bool = False
    count: str = ""
    facts: Mapping[str, str] = field(default_factory=dict, hash=False)
    parts: tuple[str, ...] = ()
    edited_ms: int = 0
    hidden: bool = False
    quoted: str = ""

    @property
    def text(self) -> str:
        """The swipe that is on the screen."""
        return self.swipes[self.current]


@dataclass(frozen=True, slots=True)
class SceneHead:
    """What a scene is, without its turns.

    Attributes:
        live: False once stopped; a stopped scene keeps its turns.
        length: the scene's own choice; None leaves it to the character.
        next_length: for the next reply only, then forgotten.
        players: who has written, with the name they had last.
        cut: the first turn that goes into the prompt as a matter of course;
            None for all, and the examples too.
        guard: how closely replies are watched for the players' parts.
        resumed_ms: when it was last gone on with after a stop; 0 if it was not.
        seen: up to this message of the channel all was taken notice of; what is
            newer may have been missed.
        note: the author's note, `note_depth` lines before the end.
        note_once: whether the next reply uses the note up.
        instruction: what a player asks of the next reply, beside the story;
            used up by it.
        reply_mode: which lines are answered.
        cast: who plays beside `character`.
        banter: how many replies characters give each other in a row.
        row: the message that has the buttons for the newest reply.
        old_row: the one that had them before, and may have them still.
        boundaries: its lines and veils, as `core.boundaries` writes them down.
        unnamed: names that the model must not read; never stored.
        version: grows with every change of the scene.
    """

    place: Place
    owner: UserId
    character: CharacterKey
    character_name: str
    live: bool = True
    scenario: str = ""
    length: Length | None = None
    next_length: Length | None = None
    players: Mapping[UserId, str] = field(default_factory=dict)
    cut: TurnId | None = None
    guard: GuardLevel = GuardLevel.NORMAL
    started_ms: int = 0
    resumed_ms: int = 0
    seen: MessageId | None = None
    note: str = ""
    note_depth: int = NOTE_DEPTH
    note_once: bool = False
    instruction: str = ""
    reply_mode: ReplyMode = ReplyMode.AUTO
    cast: tuple[CharacterKey, ...] = ()
    banter: int = 0
    row: MessageId | None = None
    old_row: MessageId | None = None
    boundaries: tuple[str, ...] = ()
    unnamed: frozenset[str] = frozenset()
    version: int = 0

    @property
    def since_ms(self) -> int:
        """What was said up to then is no part of the scene, unless it was heard."""
        return max(self.started_ms, self.resumed_ms)

    def others(self, user: UserId) -> tuple[str, ...]:
        """Names of the players but *user*."""
        return tuple(name for player, name in self.players.items() if player != user)


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene with its turns, oldest first."""

    head: SceneHead
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """A reply that is being made, as it is kept for the case of a crash.

    Attributes:
        reply: id of the turn that is being written.
        trigger: id of the newest turn it answers.
        messages: Discord messages that already show a part of it.
        kind: what is made of the turn.
        speaker: which character it is; empty for the scene's own.
        written: what the model had written by the last checkpoint, as it came.
        tokens: how many tokens that is.
        posting: mark of the post that may be under way, or may have arrived
            without anybody knowing; empty if there is none.
    """

    reply: TurnId
    trigger: TurnId
    messages: tuple[MessageId, ...] = ()
    at_ms: int = 0
    kind: WorkKind = WorkKind.REPLY
    written: str = ""
    tokens: int = 0
    posting: str = ""
    speaker: CharacterKey = NO_CHARACTER

    @property
    def continues(self) -> bool:
        """Whether a reply that is stored goes on, rather than anew."""
        return self.kind is WorkKind.CONTINUE

    @property
    def shows(self) -> bool:
        """Whether a part of it is, or may be, on the screen."""
        return bool(self.messages or self.posting)
