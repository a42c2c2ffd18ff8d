"""S33: a host's filter, also one that hangs."""

import asyncio

import pytest

from bot.core.content_filter import Direction
from bot.core.errors import TextBlocked
from bot.core.scene import ChannelId, GuildId, Place, UserId
from bot.services.content_guard import Fails
from tests.services.word_filter import WordFilter, guarded

HARBOUR = Place(ChannelId(5), GuildId(7), ChannelId(5))
MARA = UserId(1)


async def test_s33_without_a_filter_all_is_allowed() -> None:
    guard = guarded(None)

    assert await guard.show(HARBOUR, "a bad text") == "a bad text"
    assert await guard.read(HARBOUR, MARA, "a bad text") == "a bad text"


async def test_s33_both_ways_a_text_is_allowed_redacted_or_blocked() -> None:
    guard = guarded(judge := WordFilter())

    assert await guard.show(HARBOUR, "fine") == "fine"
    assert await guard.show(HARBOUR, "a rude text") == "a ---- text"
    with pytest.raises(TextBlocked):
        await guard.show(HARBOUR, "a bad text")
    assert await guard.read(HARBOUR, MARA, "a rude line") == "a ---- line"
    assert await guard.read(HARBOUR, MARA, "a bad line") is None

    directions = [direction for direction, _, _ in judge.asked]
    assert directions == [Direction.OUTGOING] * 3 + [Direction.INCOMING] * 2
    assert [context.user for _, _, context in judge.asked] == [None] * 3 + [MARA] * 2


async def test_s33_a_text_that_was_judged_is_not_asked_about_again() -> None:
    guard = guarded(judge := WordFilter())

    for _ in range(3):
        await guard.show(HARBOUR, "fine")

    assert len(judge.asked) == 1


@pytest.mark.parametrize("how", ["hangs", "fails"])
@pytest.mark.parametrize(
    ("fails", "is_adult", "is_let_through"),
    [
        (Fails.BY_AGE, False, True),
        (Fails.BY_AGE, True, False),
        (Fails.BY_AGE, None, False),  # nobody knows
        (Fails.OPEN, True, True),
        (Fails.CLOSED, False, False),
    ],
)
async def test_s33_without_an_answer_in_time_the_setting_decides(
    how: str, fails: Fails, *, is_adult: bool | None, is_let_through: bool
) -> None:
    judge = WordFilter()
    setattr(judge, how, True)
    guard = guarded(judge, fails, is_adult=is_adult)

    async with asyncio.timeout(1.0):
        assert (await guard.read(HARBOUR, MARA, "fine") is not None) is is_let_through
        if is_let_through:
            assert await guard.show(HARBOUR, "fine") == "fine"
        else:
            with pytest.raises(TextBlocked):
                await guard.show(HARBOUR, "fine")
