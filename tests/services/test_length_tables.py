import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import pytest

from bot.core.errors import GenerationUnreachable, StoreUnavailable
from bot.core.generation import Delta, GenerationRequest, ModelLimits, Tokens
from bot.core.length_table import LengthTable, MeasuredStep, note_name
from bot.core.lengths import Length
from bot.core.token_counts import fingerprint
from bot.services import length_tables
from bot.services.length_tables import LengthTables
from tests.profiles import ALPACA, ZEPHRP

LIMITS = ModelLimits("zephrp-m7b", 4095, 4096, 4)
TABLE = LengthTable("zephrp-m7b", "zephrp", "2026-11-24", {Length("long"): MeasuredStep(1, 2, 3)})
NOTE = note_name(fingerprint(LIMITS, ZEPHRP))


class Server:
    """A model server of which only the limits are asked."""

    def __init__(self, *, lost: bool = False, hangs: bool = False) -> None:
        self.lost, self.hangs, self.asked = lost, hangs, 0

    async def limits(self) -> ModelLimits:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.lost:
            raise GenerationUnreachable("nothing answered")
        return LIMITS

    async def tokenize(self, text: str) -> Tokens:
        raise AssertionError(text)

    def stream(
        self, request: GenerationRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Delta]]:
        raise AssertionError(request)


class Notes:
    """A store of notes that may be down."""

    def __init__(self, **notes: str) -> None:
        self.notes, self.down = notes, False

    async def get_note(self, name: str) -> str | None:
        if self.down:
            raise StoreUnavailable
        return self.notes.get(name)

    async def put_note(self, name: str, text: str) -> None:
        self.notes[name] = text


async def test_the_table_of_the_served_model_is_found() -> None:
    tables = LengthTables(Notes(**{NOTE: TABLE.to_json()}), Server(), ZEPHRP)

    assert await tables.current() == TABLE


async def test_a_table_of_another_profile_is_not_taken() -> None:
    tables = LengthTables(Notes(**{NOTE: TABLE.to_json()}), Server(), ALPACA)

    assert await tables.current() is None


@pytest.mark.parametrize("note", [None, "", "{", "[]"])
async def test_no_table_or_a_damaged_one_is_none(note: str | None) -> None:
    notes = Notes() if note is None else Notes(**{NOTE: note})

    assert await LengthTables(notes, Server(), ZEPHRP).current() is None


async def test_a_lost_server_is_no_table() -> None:
    tables = LengthTables(Notes(**{NOTE: TABLE.to_json()}), Server(lost=True), ZEPHRP)

    assert await tables.current() is None


async def test_a_memory_that_is_down_is_no_table() -> None:
    notes = Notes()
    notes.down = True

    assert await LengthTables(notes, Server(), ZEPHRP).current() is None


async def test_nobody_waits_for_a_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(length_tables, "WAIT_AT_MOST_S", 0.02)
    tables = LengthTables(Notes(**{NOTE: TABLE.to_json()}), Server(hangs=True), ZEPHRP)

    async with asyncio.timeout(5):
        assert await tables.current() is None


async def test_the_answer_is_kept_for_a_while() -> None:
    notes, server = Notes(), Server()
    tables = LengthTables(notes, server, ZEPHRP)
    await tables.current()
    await notes.put_note(NOTE, TABLE.to_json())

    kept = await tables.current()

    assert (kept, server.asked) == (None, 1)


async def test_after_a_while_it_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(length_tables, "LOOK_AGAIN_S", 0.0)
    notes = Notes()
    tables = LengthTables(notes, Server(), ZEPHRP)
    await tables.current()
    await notes.put_note(NOTE, TABLE.to_json())

    found = await tables.current()

    assert found == TABLE
