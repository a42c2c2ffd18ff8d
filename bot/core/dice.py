"""Dice as players write them: `1d20+3`, `2d20kh1`, `d6`.

Chance comes from outside; what a formula may ask for is bounded here.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.core.errors import UserError
from bot.core.phrases import phrase

MOST_DICE = 100
MOST_SIDES = 1_000
MOST_ADDED = 10_000
MOST_TERMS = 10
DICE_SHOWN = 20
"""Of more at once only the sum is told."""

Die = Callable[[int], int]
"""Throws one die of so many sides; from 1 to that number."""

_TERM = re.compile(
    r"(?P<sign>[+-])(?:(?P<count>\d*)d(?P<sides>\d+)(?:(?P<rule>k[hl]?|d[hl])(?P<kept>\d*))?"
    r"|(?P<number>\d+))",
    re.ASCII,
)
_LONGEST = 100
_UNREADABLE = phrase("I cannot read these dice. Write them like 1d20+3, 4d6 or 2d20kh1.")


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a formula: dice, or a number where `sides` is 0.

    Attributes:
        sign: 1 or -1.
        count: how many dice, or the number.
        kept: how many of the dice count.
        keeps_low: whether those are the lowest; else the highest.
    """

    sign: int
    count: int
    sides: int = 0
    kept: int = 0
    keeps_low: bool = False


@dataclass(frozen=True, slots=True)
class Roll:
    """A formula as it was thrown."""

    formula: str
    terms: tuple[Term, ...]
    thrown: tuple[tuple[int, ...], ...]

    @property
    def total(self) -> int:
        """What it comes to."""
        pairs = zip(self.terms, self.thrown, strict=True)
        return sum(term.sign * _worth(term, dice) for term, dice in pairs)

    def told(self) -> str:
        """The sum as players read it: `14 + 3 = 17`; of a single die only what it shows."""
        pairs = zip(self.terms, self.thrown, strict=True)
        (sign, first), *others = [
            (term.sign, shown) for term, dice in pairs for shown in _shown(term, dice)
        ]
        said = ("-" if sign < 0 else "") + first
        said += "".join(f" {'-' if sign < 0 else '+'} {shown}" for sign, shown in others)
        return said if said == str(self.total) else f"{said} = {self.total}"


def parse(text: str) -> tuple[str, tuple[Term, ...]]:
    """Read a formula; returns it as it is usually written, and its terms.

    Raises:
        UserError: it is none, or asks for too much; says what is allowed.
    """
    formula = re.sub(r"\s+", "", text).casefold().replace("\N{MINUS SIGN}", "-")
    if not formula or len(formula) > _LONGEST:
        raise UserError(_UNREADABLE)
    terms = tuple(_terms(formula))
    if not any(term.sides for term in terms):
        raise UserError(_UNREADABLE)
    if len(terms) > MOST_TERMS:
        raise UserError(phrase("A roll has at most {most_terms} parts.", most_terms=MOST_TERMS))
    if sum(term.count for term in terms if term.sides) > MOST_DICE:
        raise UserError(phrase("I throw at most {most_dice} dice at once.", most_dice=MOST_DICE))
    return formula, terms


def roll(text: str, die: Die) -> Roll:
    """Throw the dice of a formula.

    Raises:
        UserError: it is none, or asks for too much; says what is allowed.
    """
    formula, terms = parse(text)
    thrown = tuple(
        tuple(die(term.sides) for _ in range(term.count)) if term.sides else () for term in terms
    )
    return Roll(formula, terms, thrown)


def _terms(formula: str) -> Iterator[Term]:
    signed = formula if formula[0] in "+-" else f"+{formula}"
    at = 0
    while at < len(signed):
        found = _TERM.match(signed, at)
        if found is None:
            raise UserError(_UNREADABLE)
        yield _term(found)
        at = found.end()


def _term(found: re.Match[str]) -> Term:
    sign = -1 if found["sign"] == "-" else 1
    if found["number"] is not None:
        return Term(sign, _bounded(found["number"], MOST_ADDED, phrase("A number to add")))
    count = _bounded(found["count"] or "1", MOST_DICE, phrase("The number of dice"), least=1)
    sides = _bounded(found["sides"], MOST_SIDES, phrase("The number of sides"), least=2)
    rule = found["rule"]
    if rule is None:
        return Term(sign, count, sides, kept=count)
    picked = _bounded(
        found["kept"] or "1", count, phrase("How many dice are kept or dropped"), least=1
    )
    kept = count - picked if rule.startswith("d") else picked
    if not kept:
        raise UserError(phrase("One of the dice has to count."))
    # To drop the highest is to keep the lowest.
    return Term(sign, count, sides, kept=kept, keeps_low=rule in ("kl", "dh"))


def _bounded(digits: str, most: int, what: str, *, least: int = 0) -> int:
    # Of a number of any length only its size matters beyond the limit.
    number = int(digits) if len(digits.lstrip("0")) <= len(str(most)) else most + 1
    if not least <= number <= most:
        raise UserError(
            phrase("{what} is from {least} to {most:,}.", what=what, least=least, most=most)
        )
    return number


def _counted(term: Term, dice: Sequence[int]) -> frozenset[int]:
    """Which of the dice count, by their places."""
    order = sorted(range(len(dice)), key=lambda at: dice[at], reverse=not term.keeps_low)
    return frozenset(order[: term.kept])


def _worth(term: Term, dice: Sequence[int]) -> int:
    if not term.sides:
        return term.count
    counted = _counted(term, dice)
    return sum(die for at, die in enumerate(dice) if at in counted)


def _shown(term: Term, dice: Sequence[int]) -> Iterator[str]:
    """What is told of a term: its dice one by one, as far as they are few."""
    if not term.sides or len(dice) > DICE_SHOWN:
        yield str(_worth(term, dice))
        return
    counted = _counted(term, dice)
    kept = [str(die) for at, die in enumerate(dice) if at in counted]
    lost = [str(die) for at, die in enumerate(dice) if at not in counted]
    if lost:
        kept[-1] += f" (not {', '.join(lost)})"
    yield from kept
