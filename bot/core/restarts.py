"""How long to wait before a start when those before it ended soon."""

FIRST_S = 2.0
AT_MOST_S = 300.0
"""At this pace a day has 288 starts; Discord allows a thousand."""


def pause_after(
    short_runs: int, *, first_s: float = FIRST_S, at_most_s: float = AT_MOST_S
) -> float:
    """Seconds from one start to the next, after so many in a row that ended soon."""
    if short_runs < 1:
        return 0.0
    doublings = min(short_runs - 1, 32)  # beyond that the number says nothing any more
    return min(first_s * 2.0**doublings, at_most_s)
