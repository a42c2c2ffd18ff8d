"""Macros in the texts of cards: `{{char}}`, `{{random::a::b}}` and the like.

One pass from left to right: what a macro becomes is not looked at again, so that
no name can bring in a macro. Never used on what players write. Chance and time
are those of the scene: a text becomes the same with every reply.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.chance import Chance, seeded

MOST_DEPTH = 8
"""Macros within macros; what is deeper stays as it is."""
MOST_DICE = 100
MOST_SIDES = 10_000
_TOKEN = re.compile(r"\{\{(?!\{)|\}\}|<(?:user|bot|char|group|charifnotgroup)>", re.IGNORECASE)
_TRIM = "\0"
_TRIMMED = re.compile(r"\n*\0\n*")
_ROLL = re.compile(r"(?:(\d{0,3})d)?(\d{1,5})([+-]\d{1,5})?", re.IGNORECASE)
_COMMA = re.compile(r"(?<!\\),")
_MOMENT = re.compile(
    r"\[([^\]]*)\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|m|ss|s|A|a|LT|LL|L"
)
_MOMENTS: Mapping[str, Callable[[datetime], str]] = {
    "YYYY": lambda at: f"{at:%Y}",
    "YY": lambda at: f"{at:%y}",
    "MMMM": lambda at: f"{at:%B}",
    "MMM": lambda at: f"{at:%b}",
    "MM": lambda at: f"{at:%m}",
    "M": lambda at: str(at.month),
    "DD": lambda at: f"{at:%d}",
    "D": lambda at: str(at.day),
    "dddd": lambda at: f"{at:%A}",
    "ddd": lambda at: f"{at:%a}",
    "HH": lambda at: f"{at:%H}",
    "H": lambda at: str(at.hour),
    "hh": lambda at: f"{at:%I}",
    "h": lambda at: str(at.hour % 12 or 12),
    "mm": lambda at: f"{at:%M}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at:%S}",
    "s": lambda at: str(at.second),
    "A": lambda at: f"{at:%p}",
    "a": lambda at: f"{at:%p}".lower(),
    "LT": lambda at: f"{at.hour % 12 or 12}:{at:%M %p}",
    "LL": lambda at: f"{at:%B} {at.day}, {at.year}",
    "L": lambda at: f"{at:%m/%d/%Y}",
}
_TIMES = {
    "time": "LT",
    "date": "LL",
    "weekday": "dddd",
    "isotime": "HH:mm",
    "isodate": "YYYY-MM-DD",
}
_SILENT = {"noop": "", "newline": "\n", "trim": _TRIM}
_HIDDEN = ("hidden_key:", "comment:", "banned ")


@dataclass(frozen=True, slots=True)
class Macros:
    """What macros stand for in one scene.

    Attributes:
        group: everybody that plays there, the character among them.
        original: what a card's text stands in for; None where it stands in for nothing.
        texts: further macros by their names in lower case, as they are to stand there.
        at: when the scene began.
        chance: the scene's own.
    """

    char: str
    user: str
    group: tuple[str, ...] = ()
    original: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict, hash=False)
    at: datetime | None = None
    chance: Chance = field(default_factory=seeded)

    def __call__(self, text: str) -> str:
        """Return *text* with its macros filled in; those that nobody knows stay."""
        if "{{" not in text and "<" not in text:
            return text
        return _Pass(self, text).result()


class _Pass:
    """One text on its way from left to right."""

    def __init__(self, macros: Macros, text: str) -> None:
        self._macros = macros
        self._text = text.replace(_TRIM, "")
        self._original = macros.original

    def result(self) -> str:
        open_at: list[list[str]] = [[]]
        end = 0
        for found in _TOKEN.finditer(self._text):
            open_at[-1].append(self._text[end : found.start()])
            sign, end = found[0], found.end()
            if sign == "{{" and len(open_at) <= MOST_DEPTH:
                open_at.append([])
            elif sign == "}}" and len(open_at) > 1:
                body = "".join(open_at.pop())
                said = self._said(body, found.start())
                open_at[-1].append(f"{{{{{body}}}}}" if said is None else said)
            else:
                open_at[-1].append(self._marked(sign) if sign[0] == "<" else sign)
        open_at[-1].append(self._text[end:])
        whole = "{{".join("".join(parts) for parts in open_at)
        return _TRIMMED.sub("", whole)

    def _marked(self, sign: str) -> str:
        """What `<BOT>` and its like become."""
        name = sign[1:-1].lower()
        if name == "user":
            return self._macros.user
        if name in ("bot", "char") or (name == "charifnotgroup" and not self._macros.group):
            return self._macros.char
        return self._group()

    def _group(self) -> str:
        return ", ".join(self._macros.group) or self._macros.char

    def _said(self, body: str, place: int) -> str | None:
        """What `{{body}}` becomes; None if nobody knows it."""
        bare = body.strip()
        name = bare.lower()
        macros = self._macros
        known = {"char": macros.char, "user": macros.user, "group": self._group(), **_SILENT}
        if name in known:
            return known[name]
        if name in macros.texts:
            return macros.texts[name]
        if name == "original" and macros.original is not None:
            told, self._original = self._original or "", ""
            return told
        if name.startswith("//") or name.startswith(_HIDDEN):
            return ""
        if name.startswith("reverse:"):
            return bare[len("reverse:") :].lstrip(":")[::-1]
        of_chance = self._of_chance(bare, place)
        return _of_time(bare, macros.at) if of_chance is None else of_chance

    def _of_chance(self, body: str, place: int) -> str | None:
        kind = re.match(r"(random|pick|roll)(::|:|\s)", body, re.IGNORECASE)
        if kind is None:
            return None
        rest, what = body[kind.end() :], f"{kind[1].lower()} {place} {body}"
        if kind[1].lower() == "roll":
            return _rolled(rest.strip(), what, self._macros.chance)
        if kind[2] == "::":
            offers = rest.split("::")
        else:
            offers = [each.replace("\\,", ",").strip() for each in _COMMA.split(rest)]
        if offers == [""]:
            return None
        return offers[self._macros.chance(what, len(offers))]


def _rolled(formula: str, what: str, chance: Chance) -> str:
    """The sum of a throw such as `2d6+3`; empty if that is no throw."""
    found = _ROLL.fullmatch(formula.replace(" ", ""))
    count = int(found[1] or 1) if found else 0
    sides = int(found[2]) if found else 0
    if found is None or not 0 < count <= MOST_DICE or not 0 < sides <= MOST_SIDES:
        return ""
    dice = (chance(f"{what} {number}", sides) + 1 for number in range(count))
    return str(sum(dice) + int(found[3] or 0))


def _of_time(body: str, at: datetime | None) -> str | None:
    if at is None:
        return None
    name, _, wanted = body.partition(" ")
    pattern = wanted.strip() if name.lower() == "datetimeformat" else _TIMES.get(body.lower(), "")
    return _MOMENT.sub(lambda found: _moment(found, at), pattern) if pattern else None


def _moment(found: re.Match[str], at: datetime) -> str:
    return _MOMENTS[found[0]](at) if found[0] in _MOMENTS else found[1]
