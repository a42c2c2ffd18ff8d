"""Memory and screen are compared, and memory takes over what the screen shows.

The scene is read before the screen. So whatever happens meanwhile is newer than
what was remembered: a message that is remembered and does not stand there was
deleted, and an edit that we hear of while we look is not undone by what we saw.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.errors import NoLiveScene, ScreenError, UserError
from bot.core.phrases import phrase
from bot.core.ports import SceneStore
from bot.core.scene import ChannelId, MessageId, Place, Role, Scene, Turn, TurnId, Work
from bot.core.triggers import is_out_of_character
from bot.services import read_proxies
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.screen import PAGE, Screen, Shown

log = logging.getLogger(__name__)

BEGINNING = MessageId(0)
COMPARED_BY_COMMAND = 50
"""Messages that `/scene verify` looks at."""


class Memory(Protocol):
    """What of the turn pipeline changes a story so that it is as the screen shows it."""

    def is_writing(self, channel: ChannelId) -> bool: ...

    async def receive_missed(self, lines: Sequence[Incoming]) -> int:
        """Store lines of one channel, oldest first; returns how many were not known yet."""
        ...

    async def replaced(self, line: Incoming, posted: Proxied) -> None:
        """Another bot has posted a message in place of a member's, which is deleted."""
        ...

    async def edited(
        self, channel: ChannelId, message: MessageId, text: str, at_ms: int
    ) -> bool: ...

    async def deleted(self, channel: ChannelId, messages: Sequence[MessageId]) -> None: ...

    async def offered(self, place: Place, line: TurnId, notice: MessageId) -> None:
        """*notice* stands there until *line* has its reply."""
        ...


@dataclass(frozen=True, slots=True)
class Differences:
    """What the screen has otherwise than memory.

    Attributes:
        replaced: lines that are gone, and what another bot has posted in their place.
    """

    replaced: tuple[read_proxies.Pair, ...] = ()
    missing: tuple[Incoming, ...] = ()
    changed: tuple[Edit, ...] = ()
    gone: tuple[MessageId, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """What stands in a channel from the message *begins* on, oldest first."""

    shown: tuple[Shown, ...]
    begins: MessageId = BEGINNING


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found and set right: counts of messages, never their text."""

    looked_at: int = 0
    missing: int = 0
    changed: int = 0
    gone: int = 0


def differences(scene: Scene, work: Work | None, window: Window) -> Differences:
    """Compare a scene with what was shown right after it was read.

    The reply in the making is left out: its text is on its way to memory.
    """
    making = set(work.messages) if work is not None else set()
    remembered = {
        message: (turn, number)
        for turn in scene.turns
        if work is None or turn.id != work.reply
        for number, message in enumerate(turn.messages)
        if message not in making
    }
    stored = {message for turn in scene.turns for message in turn.messages} | making
    standing = {shown.message for shown in window.shown}
    gone = {
        message for message in remembered if message >= window.begins and message not in standing
    }
    new = [
        shown for shown in window.shown if shown.message not in stored and _belongs(shown, scene)
    ]
    replaced = read_proxies.replaced(scene, gone, new)
    taken = {posted.message for _, posted in replaced}
    proxied = read_proxies.unheard(scene, window.shown)
    lines = {
        **{shown.message: shown.line for shown in new if shown.line is not None},
        **{line.message: line for line in proxied},
    }
    return Differences(
        replaced=replaced,
        missing=tuple(
            lines[shown.message]
            for shown in new
            if shown.message in lines and shown.message not in taken
        ),
        changed=tuple(
            edit
            for shown in window.shown
            if (found := remembered.get(shown.message)) is not None
            and (edit := _edit_of(shown, *found)) is not None
        ),
        gone=tuple(sorted(gone - {line.message for line, _ in replaced})),
    )


def _belongs(shown: Shown, scene: Scene) -> bool:
    said = shown.text.strip()
    return bool(said) and shown.at_ms > scene.head.since_ms and not is_out_of_character(said)


def _edit_of(shown: Shown, turn: Turn, number: int) -> Edit | None:
    text = _part(turn, number)
    if text is None or shown.text.strip() == text.strip():
        return None
    if not (shown.is_literal or shown.edited_ms > turn.edited_ms):
        return None
    # The turn's time is that of the latest change of any of its messages.
    at_ms = max(shown.edited_ms, turn.edited_ms)
    return Edit(shown.message, shown.text, at_ms, is_ours=turn.role is Role.CHARACTER)


def _part(turn: Turn, number: int) -> str | None:
    """What a message of *turn* shows; None if nobody noted it."""
    if number < len(turn.parts):
        return turn.parts[number]
    return turn.text if len(turn.messages) == 1 else None


class Verifier:
    """Compares channels with what is remembered of them. Borrows all it is given.

    Every method may raise ScreenError, StoreUnavailable or StoreRefusesWrites.
    """

    def __init__(self, *, store: SceneStore, screen: Screen, memory: Memory) -> None:
        self._store = store
        self._screen = screen
        self._memory = memory

    async def verify(self, channel: ChannelId) -> Repair:
        """Compare the channel's last messages with the story, and repair it.

        Raises:
            UserError: no scene is live there, or a reply is being written.
        """
        work = await self._store.work(channel)
        if self._memory.is_writing(channel) or work is not None:
            raise UserError(
                phrase("A reply is being written here. Please try again when it is done.")
            )
        repair = await self.repair(channel, pages=1, page=COMPARED_BY_COMMAND)
        if repair is None:
            raise NoLiveScene(phrase("No scene is live here. Start one with /roleplay start."))
        return repair

    async def repair(
        self,
        channel: ChannelId,
        *,
        since: MessageId | None = None,
        pages: int,
        page: int = PAGE,
    ) -> Repair | None:
        """Make memory as the screen is; None if no scene is live.

        Args:
            since: read back to this message, or to the oldest one that memory
                is not sure to have had, whichever is older.
            pages: read at most so many, newest first; what is older is left.
        """
        scene = await self._store.read(channel)
        if scene is None or not scene.head.live:
            return None
        work = await self._store.work(channel)
        window = await self._read(scene, _sure_until(scene, since), pages=pages, page=page)
        for shown in window.shown:
            if shown.offers is not None:
                await self._memory.offered(scene.head.place, shown.offers, shown.message)
        found = differences(scene, work, window)
        if gone := [*found.gone, *(line.message for line, _ in found.replaced)]:
            await self._make_sure(scene, window, sorted(gone))
        return await self._take_over(channel, window, found)

    async def _read(
        self, scene: Scene, until: MessageId | None, *, pages: int, page: int
    ) -> Window:
        place = scene.head.place
        known = frozenset(message for turn in scene.turns for message in turn.messages)
        shown: tuple[Shown, ...] = ()
        before: MessageId | None = None
        for _ in range(pages):
            read = await self._screen.page(place, before=before, most=page, known=known)
            shown = (*read, *shown)
            if len(read) < page:
                return Window(shown)
            before, oldest_ms = read[0].message, read[0].at_ms
            if (until is not None and before <= until) or oldest_ms <= scene.head.started_ms:
                break
        else:
            if until is not None and pages > 1:
                facts = {"channel": place.channel, "read": len(shown)}
                log.warning("what is older stays unread", extra=facts)
        return Window(shown, before or BEGINNING)

    async def _make_sure(self, scene: Scene, window: Window, gone: Sequence[MessageId]) -> None:
        """Raise unless *gone* are gone: to one who may not read, any channel looks empty."""
        stands = {message for turn in scene.turns for message in turn.messages}
        if any(shown.message in stands for shown in window.shown):
            return
        if await self._screen.shows(scene.head.place, gone[-1]):
            raise ScreenError("Discord has not shown all that stands in the channel.")

    async def _take_over(self, channel: ChannelId, window: Window, found: Differences) -> Repair:
        # What is gone first and what is new last: a new line may be answered at
        # once, and the answer shall know no more and no less than the screen.
        for line, posted in found.replaced:
            await self._memory.replaced(line, posted)
        if found.gone:
            await self._memory.deleted(channel, found.gone)
        changed = [
            await self._memory.edited(channel, edit.message, edit.text, edit.at_ms)
            for edit in found.changed
        ]
        missing = await self._memory.receive_missed(found.missing) if found.missing else 0
        repair = Repair(
            len(window.shown), missing, sum(changed) + len(found.replaced), len(found.gone)
        )
        if repair.missing or repair.changed or repair.gone:
            facts = {"missing": missing, "changed": repair.changed, "gone": repair.gone}
            log.info("memory was made as the screen is", extra={"channel": channel, **facts})
        return repair


def _sure_until(scene: Scene, since: MessageId | None) -> MessageId | None:
    """Up to which message nothing can have been missed; None if that is not known."""
    seen = scene.head.seen
    if seen is None:
        known = [message for turn in scene.turns for message in turn.messages]
        seen = max(known, default=None)
    if since is None or seen is None:
        return since if seen is None else seen
    return min(since, seen)
