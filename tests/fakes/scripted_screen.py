"""A `Screen` that is told what stands in its channels.

Held to the truth by tests/contract/test_screen.py, which runs on this and on
discord.py in a local Discord.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from bot.core.errors import ChannelGone, ScreenError, ScreenRefused
from bot.core.scene import ChannelId, GuildId, MessageId, Place, TurnId, UserId
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.screen import PAGE, Shown


class ScriptedScreen:
    """What members see. Ids are times: the message 10 was written in the millisecond 10.

    Attributes:
        failures: each meets the next question.
        blind: channels that may not be read, which Discord shows as empty.
        untold: channels of which Discord does not tell the newest message.
        missing: channels that are gone.
        out_of_order: guilds that cannot be read just now.
        on_page: awaited with the channel while a page is on its way.
    """

    def __init__(self) -> None:
        self.channels: dict[ChannelId, dict[MessageId, Shown]] = {}
        self.ever: dict[ChannelId, MessageId] = {}
        self.asked: list[ChannelId] = []
        self.failures: deque[ScreenError] = deque()
        self.blind: set[ChannelId] = set()
        self.untold: set[ChannelId] = set()
        self.missing: set[ChannelId] = set()
        self.out_of_order: set[GuildId] = set()
        self.on_page: Callable[[ChannelId], Awaitable[None]] | None = None
        self._edits = 1_000_000

    # What people do

    def write(
        self, place: Place, number: int, text: str, *, author: int = 11, name: str = "Mara"
    ) -> Incoming:
        """A member writes; returns what the event of it says."""
        line = Incoming(
            place=place,
            message=MessageId(number),
            author=UserId(author),
            name=name,
            text=text,
            mentions_bot=False,
            replies_to_character=False,
            at_ms=number,
        )
        is_literal = "@" not in text
        shown = Shown(line.message, text, number, line=line, is_literal=is_literal)
        self._put(place.channel, shown)
        return line

    def show(
        self,
        place: Place,
        number: int,
        text: str,
        *,
        is_ours: bool = True,
        offers: TurnId | None = None,
    ) -> MessageId:
        """A message of ours stands there, or of another bot."""
        message = MessageId(number)
        self._put(place.channel, Shown(message, text, number, is_ours=is_ours, offers=offers))
        return message

    def post(self, place: Place, number: int, text: str, *, name: str = "Lyra") -> Proxied:
        """Somebody else's webhook posts; returns what the event of it says."""
        posted = Proxied(place, MessageId(number), name, text)
        self._put(place.channel, Shown(posted.message, text, number, posted=posted))
        return posted

    def edit(self, place: Place, message: int, text: str) -> Edit:
        """Somebody edits a message; returns what the event of it says."""
        self._edits += 1
        known = self.channels[place.channel][MessageId(message)]
        line = known.line and replace(known.line, text=text, edited_ms=self._edits)
        changed = replace(known, text=text, edited_ms=self._edits, line=line)
        self.channels[place.channel][known.message] = changed
        return Edit(known.message, text, self._edits, is_ours=known.is_ours)

    def delete(self, place: Place, *messages: int) -> list[MessageId]:
        """Somebody takes messages away."""
        return [self.channels[place.channel].pop(MessageId(each)).message for each in messages]

    def _put(self, channel: ChannelId, shown: Shown) -> None:
        self.channels.setdefault(channel, {})[shown.message] = shown
        self.ever[channel] = max(shown.message, self.ever.get(channel, shown.message))

    # What is seen of it

    def guilds(self) -> Collection[GuildId]:
        return {GuildId(1), *self.out_of_order}

    def is_in_reach(self, place: Place) -> bool:
        return place.guild not in self.out_of_order

    def newest(self, place: Place) -> MessageId | None:
        return None if place.channel in self.untold else self.ever.get(place.channel)

    async def page(
        self,
        place: Place,
        *,
        before: MessageId | None = None,
        most: int = PAGE,
        known: Collection[MessageId] = (),
    ) -> Sequence[Shown]:
        _ = known
        await self._ask(place)
        if place.channel in self.blind:
            return []
        standing = sorted(self.channels.get(place.channel, {}).items())
        found = [shown for message, shown in standing if before is None or message < before]
        if self.on_page is not None:
            await self.on_page(place.channel)
        return found[-most:]

    async def shows(self, place: Place, message: MessageId) -> bool:
        await self._ask(place)
        if place.channel in self.blind:
            raise ScreenRefused("You may not look.")
        return message in self.channels.get(place.channel, {})

    async def _ask(self, place: Place) -> None:
        self.asked.append(place.channel)
        await asyncio.sleep(0)
        if place.channel in self.missing:
            raise ChannelGone("There is no such channel.")
        if self.failures:
            raise self.failures.popleft()
