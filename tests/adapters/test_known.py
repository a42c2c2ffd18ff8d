"""What a process remembers of what it has read from Redis."""

from bot.adapters.redis_store.known import KNOWN_FOR_S, Known


def test_what_was_read_is_known_for_a_while() -> None:
    now = 0.0
    known: Known[str, str] = Known(3, monotonic=lambda: now)

    known.note("ann", "Ash", known.mark())
    assert known.get("ann") == "Ash"
    assert known.get("bob") is None

    now = KNOWN_FOR_S
    assert known.get("ann") is None


def test_what_was_read_first_goes_where_there_is_no_room() -> None:
    known: Known[int, str] = Known(10, len)
    for key in range(4):
        known.note(key, "four", known.mark())

    assert [known.get(key) for key in range(4)] == [None, None, "four", "four"]
    known.note(9, "longer than all that fits", known.mark())
    assert [known.get(key) for key in (2, 3, 9)] == [None, None, None]


def test_what_changed_while_it_was_read_is_read_again() -> None:
    known: Known[str, str] = Known(3)
    mark = known.mark()
    known.forget("ann")

    known.note("ann", "as it was before", mark)

    assert known.get("ann") is None
