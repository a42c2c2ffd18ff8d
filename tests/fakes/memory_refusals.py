"""A `RefusalStore` that lives as long as the process."""

from bot.core.privacy import Refusal


class MemoryRefusals:
    """As forgetful as the process; everything else is as in Redis."""

    def __init__(self) -> None:
        self._known: frozenset[Refusal] = frozenset()
        self._version = 0

    async def version(self) -> str:
        return str(self._version)

    async def refusals(self) -> tuple[str, frozenset[Refusal]]:
        return await self.version(), self._known

    async def put(self, refusal: Refusal, at_ms: int) -> None:
        assert at_ms > 0
        self._known |= {refusal}
        self._version += 1

    async def drop(self, refusal: Refusal) -> None:
        self._known -= {refusal}
        self._version += 1
