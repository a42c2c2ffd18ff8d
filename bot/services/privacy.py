"""What members may ask of their own data."""

from dataclasses import dataclass

from bot.core.privacy import Forgotten, Reach, Refusal
from bot.core.scene import GuildId, Place, UserId
from bot.services.disclosure import Disclosure, ExportFile, Overview
from bot.services.forgetting import Forgetting
from bot.services.refusals import Refusals
from bot.services.retention import Retention


@dataclass(frozen=True, slots=True)
class Privacy:
    """The services behind `/privacy`. Every method may raise what a store raises."""

    disclosure: Disclosure
    forgetting: Forgetting
    retention: Retention
    refusals: Refusals

    async def overview(self, user: UserId) -> Overview:
        """Count what is stored of *user*."""
        return await self.disclosure.overview(user)

    async def export(self, user: UserId, *, most_bytes: int) -> ExportFile:
        """All that *user* has written, as a file."""
        return await self.disclosure.export(user, most_bytes=most_bytes)

    async def forget(self, user: UserId, reach: Reach, place: Place) -> Forgotten:
        """Forget what is stored of *user* within *reach* of *place*."""
        return await self.forgetting.forget(user, reach, place)

    async def opt_out(self, user: UserId, guild: GuildId | None, *, at_ms: int) -> None:
        """Store nothing of *user* from now on, in one server or with None anywhere."""
        await self.refusals.put(Refusal(user, guild), at_ms)
        await self.forgetting.hide(user)

    async def opt_in(self, user: UserId) -> bool:
        """Store *user* again; returns whether they were not to be."""
        return await self.refusals.drop(user)
