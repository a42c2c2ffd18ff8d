"""`PersonaStore` in memory: the part of `MemorySceneStore` that knows whom players play."""

from dataclasses import replace

from bot.core.personas import Wardrobe
from bot.core.scene import UserId


class MemoryPersonas:
    """As `PersonaStore`."""

    def __init__(self) -> None:
        self._wardrobes: dict[UserId, Wardrobe] = {}
        self._kept: dict[UserId, Wardrobe] = {}

    async def wardrobe(self, user: UserId) -> Wardrobe:
        return self._wardrobes.get(user, Wardrobe())

    async def keep_wardrobe(self, user: UserId, wardrobe: Wardrobe) -> bool:
        if self._kept.get(user) == wardrobe:
            return True
        if (await self.wardrobe(user)).version != wardrobe.version:
            return False
        self._kept[user] = wardrobe
        self._wardrobes[user] = replace(wardrobe, version=wardrobe.version + 1)
        return True

    async def forget_wardrobe(self, user: UserId) -> None:
        self._wardrobes.pop(user, None)
        self._kept.pop(user, None)
