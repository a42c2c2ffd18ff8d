from bot.core.token_bucket import Bucket, Rate, filled, taken, wait_s

RATE = Rate(10, 30.0)


def test_s28_ten_at_once_and_one_more_every_three_seconds() -> None:
    bucket = filled(None, RATE, now_s=100.0)
    for _ in range(10):
        assert wait_s(bucket, RATE) == 0
        bucket = taken(bucket)

    assert wait_s(bucket, RATE) == 3.0
    assert wait_s(filled(bucket, RATE, now_s=102.0), RATE) == 1.0
    assert wait_s(filled(bucket, RATE, now_s=103.0), RATE) == 0


def test_s28_a_bucket_holds_no_more_than_it_began_with() -> None:
    assert filled(Bucket(3.0, at_s=0.0), RATE, now_s=1e9).left == 10


def test_s28_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    assert filled(Bucket(3.0, at_s=50.0), RATE, now_s=10.0).left == 3.0
