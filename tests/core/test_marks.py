import pytest

from bot.core.marks import mark_in, part_of, turn_of
from bot.core.scene import MessageId, TurnId, mark_of, message_of, player_turn_id, reply_turn_id

LINE = player_turn_id(MessageId(1_234_567_890_123_456_789))
REPLY = reply_turn_id(LINE)
ANSWER_TO_IT = reply_turn_id(REPLY)
"""What another character says to the reply."""


@pytest.mark.parametrize("turn", [LINE, REPLY, ANSWER_TO_IT, reply_turn_id(ANSWER_TO_IT)])
@pytest.mark.parametrize("part", [0, 7, 42])
@pytest.mark.parametrize("before", ["stop:7", "post", "stop:123456789012345678"])
def test_a_mark_is_read_back_from_the_end_of_a_buttons_id(
    turn: TurnId, part: int, before: str
) -> None:
    mark = mark_of(turn, part)

    assert mark_in(f"{before}:{mark}") == mark
    assert (turn_of(mark), part_of(mark)) == (turn, part)
    assert len(f"{before}:{mark}") <= 100


@pytest.mark.parametrize(
    "custom_id",
    [
        "",
        "stop:7",
        f"retry:{LINE}",
        f"continue:{REPLY}",
        f"{REPLY}.0",
        f"stop:7:{REPLY}.x",
        "a:1.0",
    ],
)
def test_an_id_without_a_mark_has_none(custom_id: str) -> None:
    assert mark_in(custom_id) is None


@pytest.mark.parametrize("turn", [LINE, REPLY])
def test_a_turn_is_named_after_a_message(turn: str) -> None:
    assert message_of(REPLY if turn == REPLY else LINE) == 1_234_567_890_123_456_789
