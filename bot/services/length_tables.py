"""What was measured about lengths, for whoever wants to tell members."""

import asyncio

from bot.core.errors import GenerationError, StoreRefusesWrites, StoreUnavailable
from bot.core.length_table import LengthTable, note_name
from bot.core.ports import NoteStore, TextGenerator
from bot.core.profiles import ModelProfile
from bot.core.token_counts import fingerprint

LOOK_AGAIN_S = 60.0
WAIT_AT_MOST_S = 2.0
"""Discord voids an interaction after three seconds."""


class LengthTables:
    """Finds the table of the model that is served now. Borrows notes and generator."""

    def __init__(self, notes: NoteStore, generator: TextGenerator, profile: ModelProfile) -> None:
        self._notes = notes
        self._generator = generator
        self._profile = profile
        self._found: LengthTable | None = None
        self._look_at: float | None = None

    async def current(self) -> LengthTable | None:
        """The table, at most a minute old; None if there is none, or nobody says in time."""
        now = asyncio.get_running_loop().time()
        if self._look_at is None or now >= self._look_at:
            self._found = await self._look()
            self._look_at = now + LOOK_AGAIN_S
        return self._found

    async def _look(self) -> LengthTable | None:
        try:
            async with asyncio.timeout(WAIT_AT_MOST_S):
                limits = await self._generator.limits()
                name = note_name(fingerprint(limits, self._profile))
                note = await self._notes.get_note(name)
        except (GenerationError, StoreUnavailable, StoreRefusesWrites, TimeoutError):
            return None
        return None if note is None else LengthTable.from_json(note)
