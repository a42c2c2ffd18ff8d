"""What stands in a channel, as far as we may read it.

Discord is the log of what members wrote: whatever we missed can be read there.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.core.scene import GuildId, MessageId, Place, TurnId
from bot.services.incoming import Incoming, Proxied

PAGE = 100
"""Messages that Discord hands out at once."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that stands in a channel. Times are Unix time in milliseconds.

    Attributes:
        text: as the event of its creation or its last edit has it; of a message
            of ours without the name above it.
        edited_ms: Discord's time of its last edit; 0 if it has had none.
        line: what a member wrote; None for bots, webhooks and Discord itself.
        posted: what somebody else's webhook has posted, maybe for a member.
        is_ours: whether it shows what a character, or the bot, said.
        is_literal: whether it mentions nobody. Of whom a text mentions the name
            is shown, which may be another one by now.
        offers: the line that a notice of ours offers to answer once more.
    """

    message: MessageId
    text: str
    at_ms: int
    edited_ms: int = 0
    line: Incoming | None = None
    posted: Proxied | None = None
    is_ours: bool = False
    is_literal: bool = True
    offers: TurnId | None = None


class Screen(Protocol):
    """Reads what members see. All that waits raises ScreenError."""

    def guilds(self) -> Collection[GuildId]:
        """Every guild that we are in, those included that are out of order just now."""
        ...

    def is_in_reach(self, place: Place) -> bool:
        """Whether Discord has told us of the place's guild, and we may read there, as it seems."""
        ...

    def newest(self, place: Place) -> MessageId | None:
        """The newest message there was, as Discord tells without being asked.

        None where it does not: of direct messages, and of threads that are archived.
        """
        ...

    async def page(
        self,
        place: Place,
        *,
        before: MessageId | None = None,
        most: int = PAGE,
        known: Collection[MessageId] = (),
    ) -> Sequence[Shown]:
        """Read the newest *most* messages, or those right before one; oldest first.

        Fewer are there only if nothing stands before them, or if we may not read:
        Discord shows an empty channel then. Who wrote one of *known* is not
        looked up again.

        Raises:
            ScreenRefused: we may not look.
            ChannelGone: there is no such channel (any more).
        """
        ...

    async def shows(self, place: Place, message: MessageId) -> bool:
        """Whether the message is there: where we may not look, this raises as `page` does."""
        ...
