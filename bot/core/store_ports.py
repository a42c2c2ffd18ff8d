"""What the rules and use cases ask of the memory of stories, written by their need."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from bot.core.change import Change, Undo
from bot.core.lengths import Length
from bot.core.personas import Wardrobe
from bot.core.scene import (
    ChannelId,
    GuardLevel,
    GuildId,
    MessageId,
    Scene,
    SceneHead,
    Turn,
    TurnId,
    UserId,
    Work,
)
from bot.core.store_answers import Deleted, Ingested, Saved, Survey, Taken

NOTHING_COUNTED: Mapping[TurnId, str] = MappingProxyType({})
MOST_SWIPES = 10
MOST_SAVES = 20


class SceneStore(Protocol):
    """Scenes and their turns. Every method raises StoreUnavailable or StoreRefusesWrites.

    Each change is one atomic step that may run twice with the effect of once.

    Whoever makes a channel's reply holds its lease, and hands the lease's fence
    to the changes of the reply. They raise LeaseLost and change nothing once
    somebody else was given a newer fence; without one they ask nothing.
    """

    async def start(
        self,
        head: SceneHead,
        opening: Turn | None,
        *,
        told: Sequence[Turn] = (),
        work: Work | None = None,
    ) -> SceneHead:
        """Begin a scene in a channel, replacing a stopped one and its turns.

        Args:
            told: turns with which it begins, behind the opening one, oldest first.
            work: what has to be done then.

        Raises:
            SceneAlreadyLive: another one is live there. The same start again
                (same owner and `started_ms`) returns the scene unchanged.
        """
        ...

    async def head(self, channel: ChannelId) -> SceneHead | None:
        """The channel's scene, live or stopped."""
        ...

    async def read(self, channel: ChannelId) -> Scene | None:
        """The channel's scene with all its turns."""
        ...

    async def live_channels(self) -> Sequence[ChannelId]:
        """Every channel with a live scene."""
        ...

    async def set_live(self, channel: ChannelId, *, live: bool) -> SceneHead | None:
        """Stop or resume; None if the channel has no scene."""
        ...

    async def set_resumed(self, channel: ChannelId, at_ms: int) -> None:
        """Note, before it is live again, that what was said up to now is no part of the scene."""
        ...

    async def set_length(self, channel: ChannelId, step: Length | None) -> None:
        """Choose the scene's length; None gives it back to the character."""
        ...

    async def set_next_length(self, channel: ChannelId, step: Length | None) -> None:
        """Choose the length of the next reply only."""
        ...

    async def survey(self, channels: Sequence[ChannelId]) -> Sequence[Survey]:
        """Look at many scenes, in that order; those that are gone or damaged are left out."""
        ...

    async def ingest(
        self, channel: ChannelId, turn: Turn, *, seen: MessageId | None = None
    ) -> Ingested:
        """Remember a member's line, in the order of turn ids, once.

        A line whose message was deleted before it came is a duplicate. One that was
        written up to the scene's `since_ms`, and was not heard by then, is too old.

        Args:
            seen: raises the head's, whatever becomes of the line.
        """
        ...

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
        """Take the channel as `lease` does, note the reply in the making, and read the scene.

        None while another owner has the channel. A claim for the line that the
        noted reply answers keeps what that one has: its messages, what was
        written (unless *work* brings its own) and the post that may be under way.
        One for another line replaces it, but not while it shows: then nothing is
        claimed. A reply that was deleted can be stored again by a claim made
        after the deletion.

        Args:
            anew: a member asked for a new try: what was written is forgotten.
            unless_answered: nothing is changed and nothing lent if the scene has a
                reply to the line, or to a later one, unless it is noted that *work*
                is to be made of it.
            fence: as for `lease`.
        """
        ...

    async def lease(
        self,
        channel: ChannelId,
        owner: str,
        for_s: float,
        *,
        reply: TurnId | None = None,
        written: str = "",
        tokens: int = 0,
        fence: int | None = None,
    ) -> int | None:
        """Take the channel for *owner*, or keep it, for so many seconds; returns the fence.

        None while another owner has it. Every new owner gets a higher fence;
        one that asks again keeps its own, as long as nobody came in between.

        Args:
            reply: if it is the claimed one, what the model has written of it by
                now is kept: *written*, which is so many *tokens*.
            fence: the channel is kept only, not taken.

        Raises:
            LeaseLost: *owner* has it no more under that fence.
        """
        ...

    async def release(self, channel: ChannelId, owner: str) -> None:
        """Give the channel back, if *owner* has it."""
        ...

    async def intent(
        self, channel: ChannelId, reply: TurnId, mark: str, *, fence: int | None = None
    ) -> None:
        """Note that a part of the claimed reply is about to be posted under *mark*."""
        ...

    async def posted(
        self, channel: ChannelId, reply: TurnId, message: MessageId, *, fence: int | None = None
    ) -> None:
        """Note a message that shows a part of the claimed reply: no post is under way any more."""
        ...

    async def work(self, channel: ChannelId) -> Work | None:
        """The reply in the making, if any."""
        ...

    async def commit(
        self,
        channel: ChannelId,
        turn: Turn,
        *,
        fence: int | None = None,
        release: str | None = None,
        counts: Mapping[TurnId, str] = NOTHING_COUNTED,
        seen: MessageId | None = None,
        cut: TurnId | None = None,
        row: MessageId | None = None,
    ) -> None:
        """Store the finished reply and drop its work.

        What the head has for the next reply only is used up, unless the work is
        of the kind `SHOW`. A turn that is stored already gets the given text and
        facts instead of its current ones, or beside the others if the work is a
        `SWIPE`; of more than `MOST_SWIPES` the oldest go. One that was deleted
        since its claim stays away, and so does what is shown by a message that
        was. The same commit again is known as such, even if somebody else has
        taken the channel meanwhile.

        Args:
            release: an owner who gives the channel back with that, as `release` does.
            counts: token counts of turns; those that are gone are passed over.
            seen: raises the head's.
            cut: the first turn that goes into the prompt from now on.
            row: the message that has the buttons for the newest reply now.
        """
        ...

    async def abandon(
        self,
        channel: ChannelId,
        reply: TurnId,
        *,
        fence: int | None = None,
        release: str | None = None,
    ) -> None:
        """Drop the work without a reply; *release* as for `commit`."""
        ...

    async def set_guard(self, channel: ChannelId, level: GuardLevel) -> None:
        """Choose how closely the scene's replies are watched."""
        ...

    async def set_counts(self, channel: ChannelId, counts: Mapping[TurnId, str]) -> None:
        """Write down the token counts of turns; turns that are gone are passed over.

        Not a change of the story: neither its version nor its expiry moves.
        """
        ...

    async def set_facts(self, channel: ChannelId, turn: TurnId, facts: Mapping[str, str]) -> None:
        """Write down how a stored turn came about; like `set_counts`, no change of the story."""
        ...

    async def edit(self, channel: ChannelId, message: MessageId, text: str, at_ms: int) -> bool:
        """Give what *message* shows of a turn a new text; newest `at_ms` wins.

        Returns whether the message shows a turn, and which part of it. That of a
        reply in the making does not: its text is on its way here.
        """
        ...

    async def delete(self, channel: ChannelId, messages: Sequence[MessageId]) -> Deleted:
        """Forget, for good, what *messages* show; a reply keeps the parts that are left.

        Of a turn whose parts are not known, any message takes all. Messages that
        show nothing yet are remembered for a while, as what they show may still
        come, and owed no more. A reply in the making whose trigger goes answers the newest player's
        line that is left before it, if no reply stands between.
        """
        ...

    async def purge(self, channel: ChannelId) -> None:
        """Forget the channel altogether."""
        ...

    async def channels_of(self, user: UserId) -> Sequence[ChannelId]:
        """Every channel that holds anything of *user*, and maybe some that no longer do."""
        ...

    async def user_length(self, user: UserId) -> Length | None:
        """The length *user* chose for replies to them."""
        ...

    async def set_user_length(self, user: UserId, step: Length | None) -> None:
        """Choose the length of replies to *user*."""
        ...


class StoryStore(Protocol):
    """What members do to a story as a whole. Raises like SceneStore."""

    async def apply(self, channel: ChannelId, change: Change, *, version: int) -> bool:
        """Make *change* happen, if the scene still has that *version*; returns whether it does.

        It does not either where a message that is to stay has left the screen.
        The same change for the same version again is known as such.
        """
        ...

    async def paid(self, channel: ChannelId, messages: Sequence[MessageId]) -> None:
        """Note that these messages have left the screen."""
        ...

    async def owed(self, channel: ChannelId) -> Sequence[MessageId]:
        """The messages that have to."""
        ...

    async def undo(self, channel: ChannelId) -> Undo | None:
        """What takes the last change back, if that is kept still."""
        ...

    async def save(self, channel: ChannelId, name: str, scene: Scene, at_ms: int) -> bool:
        """Put a copy of *scene* aside under *name*, in place of an earlier one of that name.

        Returns False, and does nothing, where `MOST_SAVES` others are kept already.
        """
        ...

    async def saved(self, channel: ChannelId, name: str) -> Scene | None:
        """The copy of that name."""
        ...

    async def saves(self, channel: ChannelId) -> Sequence[Saved]:
        """All copies, newest first."""
        ...

    async def drop_save(self, channel: ChannelId, name: str) -> bool:
        """Forget the copy of that name; returns whether there was one."""
        ...


class PersonaStore(Protocol):
    """Whom players play. Raises like SceneStore."""

    async def wardrobe(self, user: UserId) -> Wardrobe:
        """All personas of *user*; none at first."""
        ...

    async def keep_wardrobe(self, user: UserId, wardrobe: Wardrobe) -> bool:
        """Keep *wardrobe*, if it was made from what is kept; returns whether it is kept.

        The same one for the same version again is known as such.
        """
        ...

    async def forget_wardrobe(self, user: UserId) -> None:
        """Forget all personas of *user*, for good."""
        ...


class SceneMemory(SceneStore, StoryStore, PersonaStore, Protocol):
    """All that is remembered of stories and of who plays in them."""


class GuildStore(Protocol):
    """In which guilds scenes play, and which of those were left. Raises like SceneStore."""

    async def channels_in(self, guild: GuildId) -> Sequence[ChannelId]:
        """Every channel of *guild* with a scene, live or stopped."""
        ...

    async def guilds(self) -> Sequence[GuildId]:
        """Every guild with such a channel, and maybe some that have none any more."""
        ...

    async def leave(self, guild: GuildId, due_ms: int) -> None:
        """Note that we are no longer in *guild*, and when what it has is to be forgotten.

        The time of the first note stands until `rejoin`.
        """
        ...

    async def left(self) -> Sequence[GuildId]:
        """The guilds of which that is noted."""
        ...

    async def due(self, now_ms: int) -> Sequence[GuildId]:
        """Those of them whose time has come."""
        ...

    async def rejoin(self, guild: GuildId) -> None:
        """Take the note back: we are in *guild*, or what it had is forgotten."""
        ...


class Keyring(Protocol):
    """The keys under which texts are encrypted, if they are. Raises like SceneStore."""

    async def drop_guild_key(self, guild: GuildId) -> None:
        """Make unreadable what is still kept of *guild* anywhere."""
        ...

    async def drop_user_key(self, user: UserId) -> None:
        """Make unreadable what is still kept of *user*'s own anywhere."""
        ...


class NoteStore(Protocol):
    """Small facts that must outlive the process, by name. Raises like SceneStore."""

    async def get_note(self, name: str) -> str | None:
        """The note's text, if it is there."""
        ...

    async def put_note(self, name: str, text: str) -> None:
        """Write the note."""
        ...
