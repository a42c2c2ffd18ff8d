"""How many cells of a bar each amount gets."""

from collections.abc import Sequence


def cells(amounts: Sequence[int], width: int) -> tuple[int, ...]:
    """Part *width* cells in proportion to *amounts*; what is there at all gets one.

    *width* is at least the number of amounts; none of them is negative.
    """
    total = sum(amounts)
    if total == 0:
        return (0,) * len(amounts)
    exact = [amount * width / total for amount in amounts]
    given = [max(int(share), 1) if share else 0 for share in exact]
    while sum(given) < width:
        short = max(range(len(given)), key=lambda at: exact[at] - given[at])
        given[short] += 1
    while sum(given) > width:
        rich = [at for at, count in enumerate(given) if count > 1]
        given[max(rich, key=lambda at: given[at] - exact[at])] -= 1
    return tuple(given)
