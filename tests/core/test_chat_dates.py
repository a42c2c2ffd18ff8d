from typing import Any

import pytest

from bot.core.chat_dates import humanized_date, iso_date, read_date, spelled_day

OCTOBER = 1_729_267_740_000  # 2024-10-18 16:09:00 UTC


@pytest.mark.parametrize(
    ("written", "at_ms"),
    [
        ("October 18, 2024 4:09pm", OCTOBER),
        ("October 18, 2024 4:09 PM", OCTOBER),
        ("Oct 18, 2024 16:09:00", OCTOBER),
        ("June 19, 2023 12:20am", 1_687_134_000_000),
        ("June 19, 2023 12:20pm", 1_687_177_200_000),
        ("2024-10-18@16h09m00s", OCTOBER),
        ("2024-10-18 @16h 9m 0s 7ms", OCTOBER + 7),
        ("2024-10-18T16:09:00.000Z", OCTOBER),
        ("2024-10-18T18:09:00+02:00", OCTOBER),
        ("2024-10-18 16:09:00", OCTOBER),
        (OCTOBER, OCTOBER),
        (OCTOBER / 1000, OCTOBER),
        (str(OCTOBER), OCTOBER),
        (f" {OCTOBER} ", OCTOBER),
        ("garbage", None),
        ("", None),
        ("Foo 18, 2024 4:09pm", None),
        ("October 48, 2024 4:09pm", None),
        ("October 18, 2024 44:09", None),
        ("2024-13-18@16h09m00s", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1" * 5000, None),
        ("٣" * 10, None),
        (True, None),
        (None, None),
        ([], None),
        (0, None),
        (-5, None),
        (1e300, None),
        (10**30, None),
        (253_402_300_800_000, None),
    ],
)
def test_a_date_is_read_however_it_is_written(written: Any, at_ms: int | None) -> None:
    assert read_date(written) == at_ms


@pytest.mark.parametrize("at_ms", [1, 999, OCTOBER + 7, 253_402_300_799_999])
def test_a_date_that_is_written_is_read_again(at_ms: int) -> None:
    assert read_date(iso_date(at_ms)) == at_ms
    assert read_date(humanized_date(at_ms)) in {at_ms // 1000 * 1000, None}


def test_a_day_is_spelled_for_people() -> None:
    assert spelled_day(OCTOBER) == "18 October 2024"
    assert spelled_day(-1) == "1 January 1970"
