"""Which entries of lorebooks a reply is told, and why.

The rules are SillyTavern's, of which most books were written for: keys in the
last few lines, secondary keys, chance, a budget that higher entries use first,
texts that call further entries. Beside it an entry that was told stays for some
replies, so that the beginning of the prompt does not change with every line; that
follows from the lines alone, so nothing is stored and nothing outlives an undo.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.lore_keys import KeySearch
from bot.core.lore_pass import Pass
from bot.core.lore_rules import Moment, Rules, Told, candidates_of
from bot.core.lorebook import Book

STAYS_FOR_REPLIES = 4
OF_CONTEXT = 0.25
"""The most that lore may take of what the model reads."""


@dataclass(frozen=True, slots=True)
class Lore:
    """What a reply is told.

    Attributes:
        told: in the order of the prompt.
        missed: entries whose keys were found and that are not told.
        too_slow: keys that took too long to look for.
        refused: keys that look like patterns and were looked for as plain text.
    """

    told: tuple[Told, ...] = ()
    missed: tuple[Told, ...] = ()
    too_slow: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def lore_of(books: Sequence[Book], moments: Sequence[Moment], rules: Rules) -> Lore:
    """Choose what a reply is told.

    Args:
        books: those that come first have the budget first.
        moments: of this reply, and of those before it from which entries may
            stay, newest first.
    """
    search = KeySearch(rules.patterns)
    candidates = candidates_of(books, rules)
    passes = []
    for moment in moments:
        one = Pass(books, candidates, moment, rules, search)
        one.run()
        passes.append(one)
    if not passes:
        return Lore()
    now, *before = passes
    for earlier in before:
        now.keep(earlier)
    return Lore(
        told=tuple(sorted(now.told().values(), key=_place)),
        missed=now.missed(),
        too_slow=tuple(search.too_slow),
        refused=tuple(search.refused),
    )


def _place(one: Told) -> tuple[int, int, int]:
    """Higher entries nearer to the end; of equals, the later one in the book first."""
    return one.order, -one.book, -one.index
