"""Who a character is for, guessed from what its card says; and the one rule without a switch.

A guess may be wrong towards `adult`: such a character only plays in fewer places.
A character who states an age under 18, or is described as a child, is never
adult; a card that is both is never taken.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from bot.core.characters import Rating

ADULT_FROM = 18

_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
)
_NUMBER = (
    rf"(?<![\w.,-])(?<!\d\s)(?P<age>\d{{1,6}}|{'|'.join(_NUMBER_WORDS[1:])})"
    r"(?:[.,]\d{1,2}(?!\d))?(?!\d|[.,]\d)(?!\s{0,3}(?:hundred|thousand|million|billion|centur|millenni|[ae]?eons?|k\b))"
)
_YEARS_OLD = (
    r"(?:[\s-]{0,3}(?:years?|yrs?)[\s-]{0,3}(?:old|of\s+age)|\s?y/?o\b|\s?(?:歳|才|岁|歲|살|세)|"
    r"\s{1,3}(?:jahre\s+alt|ans\b|años|anos\s+de\s+idade|anni\b|лет\b))"
)
_ABOUT = r"(?:to\sbe\s|like\s|about\s|around\s|an?\s){0,3}"
_AGES = tuple(
    re.compile(pattern)
    for pattern in (
        # "Age: 16", "Age(16)", 'age = "sixteen"'; the sign is what tells it from "the age of 9".
        rf"\bage['\"]?\s{{0,3}}[:=(\[+]\s{{0,3}}['\"(\[]{{0,2}}{_NUMBER}",
        rf"\baged?\s{{1,3}}(?:is\s)?{_NUMBER}\b(?!\s{{0,3}}(?:and\s+(?:up|over)|\+))",
        rf"{_NUMBER}{_YEARS_OLD}",
        rf"\b(?:looks?|appears?|seems?)\s{_ABOUT}{_NUMBER}(?=\s{{0,3}}(?:$|[.,;:)\]\n]|y))",
    )
)
# "When she was 12 years old": somebody who is older now.
_LONG_AGO = re.compile(
    r"\b(?:when|since|until|before|after|while)\s(?:\S{1,32}\s){1,3}"
    r"(?:was|were|turned|had\s+been)\s(?:only\s|just\s|about\s|around\s|an?\s){0,2}$"
)
_AT_THE_AGE = re.compile(r"\b(?:at|from|by|since|before|after|until)\s+(?:the\s+)?$")
_LARGER = re.compile(
    r"\b(?:hundred|thousand|(?:twen|thir|for|fif|six|seven|eigh|nine)ty)[\s-](?:and\s)?$"
)
_BEFORE = 90
_THINGS = re.compile(
    r"[\s-]{0,2}(?:scotch|whiske?y|wine|bottle|car|truck|ship|boat|house|building|tradition)s?\b"
)

_ALWAYS = r"pre-?teen(?:ager)?|underaged?|under\s?18|loli|lolita|shota"
_CHILDREN = (
    r"toddler|infant|schoolgirl|schoolboy|school\s?kid|kindergartner|teenager|"
    r"(?:elementary|primary|middle|high)[\s-]school(?:er|\s(?:student|girl|boy|pupil))|"
    r"(?:little|young|small)\s(?:girl|boy|child|kid)|teen(?:age)?\s(?:girl|boy|student)|"
    r"(?:child|kid)(?!\s*(?:of|psycholog|therap|care|support|prodig|at\s+heart))|minor(?!\s+\w)"
)
_WORDS = r"(?:(?!(?:of|to|with|for|who|whose|and|that|in|from|by)\b)[\w-]{1,32},?\s{1,3}){0,3}?"
_IS_A = r"(?:is|are|am|be|remains)\s{1,3}(?:still\s|just\s|only\s|but\s)?an?\s{1,3}"
_DESCRIBED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:{_ALWAYS})\b",
        rf"\b{_IS_A}{_WORDS}(?:{_CHILDREN})\b(?!'s)",
        rf"(?:^|[.,;:!(\[{{+\"'\n]\s{{0,3}})(?:an?\s{{1,3}}){_WORDS}(?:{_CHILDREN})\b(?!'s)",
        rf"(?:^|[:(\[{{+\"'\n]\s{{0,3}})(?:{_CHILDREN})\b(?!'s)",
        r"\bage['\"]?\s{0,3}[:=(\[+]\s{0,3}['\"(\[]{0,2}(?:early\s|mid\s|late\s)?(?:teens?|child|minor|kid)\b",
    )
)
_MINOR_TAGS = re.compile(rf"(?:{_ALWAYS}|{_CHILDREN}|child(?:ren)?|kids?|minors?|teens?)")

_ADULT_WORDS = (
    r"nsfw|nsfl|18\s?\+|\+18|r-?18g?|adults?[\s-]?only|x-?rated|xxx|"
    r"erotica?|smut|lewd|hentai|porn\w*"
)
_ADULT_TAGS = re.compile(
    rf"(?:{_ADULT_WORDS}|adult|mature|explicit|sexual|sex|fetish|kink\w*)(?:\s.*)?"
)
_ADULT_TEXT = re.compile(
    rf"(?<![\w+])(?:{_ADULT_WORDS}|sexual(?:ly)?(?!\s(?:orientation|identity|preference|harass))|"
    r"explicit\s(?:content|scenes?|language)|adult\s(?:content|themes?|scenes?))(?![\w+])"
)
_NOT = re.compile(
    r"\b(?:no|not|non|never|without|avoid|nothing|isn't|free\sof)[\s-]{1,2}(?:\w+\s)?$"
)
_NOT_LENGTH = 30
_RATINGS = frozenset(
    ("rating", "content_rating", "contentrating", "maturity", "nsfw", "is_nsfw", "isnsfw", "adult")
)
_AGE_FIELDS = frozenset(("age", "character_age", "characterage", "apparent_age"))
_YES = frozenset(("true", "yes", "1", "18", "r", "x", "m", "ma", "restricted"))
_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of who a character is for."""

    rating: Rating
    is_minor: bool

    @property
    def is_refused(self) -> bool:
        """Whether it is never taken, edited into this, or played as this."""
        return self.is_minor and self.rating is Rating.ADULT


def judge(
    texts: Sequence[str], tags: Sequence[str], fields: Iterable[Mapping[str, object]] = ()
) -> Judgement:
    """Judge a character by how it is described.

    Args:
        texts: what describes it: description, personality, notes and the like.
        tags: as its author gave them.
        fields: objects that may hold an age or a rating as fields of their own.
    """
    described = [_folded(text) for text in texts]
    tagged = [_folded(tag).strip().lstrip("#").replace("_", " ") for tag in tags]
    said = [pair for each in fields for pair in _pairs(each, _LEVELS)]
    is_adult = (
        any(_ADULT_TAGS.fullmatch(tag) for tag in tagged)
        or any(_is_adult_field(name, value) for name, value in said)
        or any(_mentions(_ADULT_TEXT, text) for text in described)
    )
    is_minor = (
        any(_MINOR_TAGS.fullmatch(tag) for tag in tagged)
        or any(_is_minors_age(name, value) for name, value in said)
        or any(describes_minor(text) for text in (*described, *tagged))
    )
    return Judgement(Rating.ADULT if is_adult else Rating.EVERYONE, is_minor)


def describes_minor(text: str) -> bool:
    """Whether *text* states an age under 18, or describes a child."""
    text = _folded(text)
    return any(_stated(text)) or any(_mentions(pattern, text) for pattern in _DESCRIBED)


def _stated(text: str) -> Iterator[bool]:
    for pattern in _AGES:
        for found in pattern.finditer(text):
            before = text[max(0, found.start() - _BEFORE) : found.start()]
            is_other = any(each.search(before) for each in (_LONG_AGO, _AT_THE_AGE, _LARGER))
            if not is_other and not _THINGS.match(text, found.end()):
                yield _years(found["age"]) < ADULT_FROM


def _years(digits: str) -> int:
    return _NUMBER_WORDS.index(digits) if digits in _NUMBER_WORDS else int(digits)


def _mentions(pattern: re.Pattern[str], text: str) -> bool:
    return any(
        not _NOT.search(text[max(0, found.start() - _NOT_LENGTH) : found.start()])
        for found in pattern.finditer(text)
    )


def _is_adult_field(name: str, value: object) -> bool:
    if name not in _RATINGS or value is None or isinstance(value, (list, Mapping)):
        return False
    said = _folded(str(value)).strip()
    if name == "rating" and isinstance(value, (int, float)):  # of stars, as hubs count them
        return value == ADULT_FROM
    return said in _YES or _ADULT_TAGS.fullmatch(said) is not None


def _is_minors_age(name: str, value: object) -> bool:
    if name not in _AGE_FIELDS or isinstance(value, bool):
        return False
    found = re.match(rf"\D{{0,20}}{_NUMBER}\b", _folded(str(value)))
    return found is not None and _years(found["age"]) < ADULT_FROM


def _pairs(fields: Mapping[str, object], levels: int) -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        yield str(name).strip().lower().replace(" ", "_").replace("-", "_"), value
        if levels and isinstance(value, Mapping):
            yield from _pairs(value, levels - 1)


_MARKS = (("_", " "), ("*", ""), ("\u2019", "'"), ("`", ""))


def _folded(text: str) -> str:
    """Return *text* as it reads, whatever letters it is spelled with."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        plain = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return reduce(lambda said, pair: said.replace(*pair), _MARKS, plain)
