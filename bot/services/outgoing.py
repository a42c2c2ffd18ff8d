"""What becomes of words before others see them."""

from collections.abc import Awaitable, Callable

from bot.core.defang import defanged
from bot.core.scene import GuildId, Place

Fit = Callable[[Place, str], Awaitable[str]]
"""Makes a text fit to be shown in a place, in a character's or a player's name."""
KeepsLinks = Callable[[GuildId | None], Awaitable[bool]]
"""Whether links are left as they are in a server, or in direct messages."""


async def as_it_is(_place: Place, text: str) -> str:
    """Every text is fit as it is."""
    return text


async def always(_guild: GuildId | None) -> bool:
    """They are everywhere."""
    return True


class Outgoing:
    """Borrows all it is given."""

    def __init__(self, keeps_links: KeepsLinks = always, show: Fit = as_it_is) -> None:
        """Borrow both.

        Args:
            show: what the host's filter makes of a text; raises TextBlocked.
        """
        self._keeps_links = keeps_links
        self._show = show

    async def keeps_links(self, place: Place) -> bool:
        """Whether links are left as they are there."""
        return await self._keeps_links(place.guild)

    async def fit(self, place: Place, text: str) -> str:
        """*text* as it may stand there; the same text where nothing is to be changed.

        Raises:
            TextBlocked: it may not stand there at all.
        """
        fit = text if await self.keeps_links(place) else defanged(text)
        return await self._show(place, fit)
