"""How much somebody may ask for at once, and how soon more."""

from dataclasses import dataclass

ROUNDED = 6
"""Places of a second: sums of parts of one token would never make a whole."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once; what was used comes back evenly within so many seconds."""

    most: int
    in_s: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at a time, in seconds of any steady clock."""

    left: float
    at_s: float


def filled(bucket: Bucket | None, rate: Rate, now_s: float) -> Bucket:
    """The bucket as it is now; one that nobody has used is full."""
    if bucket is None:
        return Bucket(rate.most, now_s)
    back = max(now_s - bucket.at_s, 0.0) * rate.most / rate.in_s
    return Bucket(min(bucket.left + back, rate.most), now_s)


def wait_s(bucket: Bucket, rate: Rate) -> float:
    """After how many seconds there is one to take; 0 if there is."""
    lacking_s = (1.0 - bucket.left) * rate.in_s / rate.most
    return max(round(lacking_s, ROUNDED), 0.0)


def taken(bucket: Bucket) -> Bucket:
    """The bucket with one less."""
    return Bucket(bucket.left - 1.0, bucket.at_s)
