"""Fuzzes the core's text work, guided by coverage: `python -m tests.soak.fuzz_core TARGET`.

Ends with an exit code other than 0, and the input on disk, at the first input
that breaks a rule. Options behind the target are libFuzzer's.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import atheris  # type: ignore[import-untyped]  # it has none

with atheris.instrument_imports(include=["bot.core", "bot.adapters"]):
    from bot.adapters.card_reader import read_card_file
    from bot.core.cards.card import CardFileError
    from bot.core.cards.reading import read_card
    from bot.core.cards.writing import Container, write_card
    from bot.core.guard import Guard
    from bot.core.plain_text import utf16_units
    from bot.core.prompt import clean, parse, render
    from bot.core.scene import GuardLevel, Role
    from bot.core.script import Line, Persona, Script
    from bot.core.split import split
    from tests.profiles import ALPACA, EARLY, ZEPHRP
    from tests.streams import PROFILES, Case, leaks

SPOKEN = ("", "", "She nods.", '*She says, "Mara', "A line:\n")
PROMPT_PROFILES = (ZEPHRP, EARLY, ALPACA)
ROLES = tuple(Role)


@dataclass
class Dice:
    """The first bytes of an input: choices, most of them small numbers."""

    left: bytes

    def below(self, bound: int) -> int:
        first, self.left = self.left[:1] or b"\0", self.left[1:]
        return first[0] % bound

    def text(self) -> str:
        """All that is left; halves of characters stand for broken bytes."""
        return self.left.decode("utf-8", "surrogateescape")


def fuzz_stream(data: bytes) -> None:
    """Any chunking gives the same text, nothing is taken back, nothing leaks."""
    dice = Dice(data)
    case = Case(
        profile=sorted(PROFILES)[dice.below(len(PROFILES))],
        guard=tuple(GuardLevel)[dice.below(2)],
        cut=bool(dice.below(2)),
        spoken=SPOKEN[dice.below(len(SPOKEN))],
        sentences_from=turning if (turning := dice.below(100)) < 60 else None,
        raw="",
    )
    places = sorted(dice.below(128) for _ in range(3))
    case = Case(**{**vars(case), "raw": dice.text()})
    seen, ending = case.read(places)
    seen_by_letters, ending_by_letters = case.read(list(range(len(case.raw))))
    assert seen[-1] == seen_by_letters[-1]
    assert ending is ending_by_letters
    for shown in (seen, seen_by_letters):
        assert all(after.startswith(before) for before, after in pairwise(shown))
    assert set(seen) <= set(seen_by_letters)
    assert not any(leaks(case, text) for text in set(seen_by_letters))


def fuzz_split(data: bytes) -> None:
    """Every part fits, nothing is lost, and what is settled stays while a text grows."""
    dice = Dice(data)
    limit = 100 + dice.below(60)
    times = 1 + dice.below(8)
    text = dice.left.decode("utf-8", "replace") * times
    parts = split(text, limit)
    assert all(part.strip() and utf16_units(part) <= limit for part in parts)
    before, after = _letters(text), _letters("".join(parts))
    if "```" in text:  # the language of a fence is written again with each part
        rest = iter(after)
        assert all(letter in rest for letter in before)
    else:
        assert before == after
    settled = split(text[: len(text) // 2], limit)[:-1]
    assert parts[: len(settled)] == settled


def fuzz_prompt(data: bytes) -> None:
    """What a prompt says is read back, whatever anybody's text poses as."""
    dice = Dice(data)
    profile = PROMPT_PROFILES[dice.below(len(PROMPT_PROFILES))]
    roles = [ROLES[dice.below(len(ROLES))] for _ in range(4)]
    length = profile.lengths.choices[dice.below(len(profile.lengths.choices))].name
    hero, name, persona, *texts = (*dice.text().split("\x1d"), "", "", "")
    lines = tuple(
        Line(roles[n % len(roles)], hero if n % 3 else name, text) for n, text in enumerate(texts)
    )
    script = Script(
        character=Persona(hero, persona),
        players=(Persona(name, persona),),
        scenario=texts[0] if texts else "",
        lines=lines,
        length=length,
    )
    cleaned = clean(script, profile)
    assert clean(cleaned, profile) == cleaned
    prompt = render(script, profile)
    assert parse(prompt, profile) == cleaned
    assert not any(token in prompt for token in profile.special_tokens)
    guard = Guard(profile, [cleaned.character.name, *(who.name for who in cleaned.players)])
    for text in texts:
        assert guard.unstuff(guard.stuff(text)) == text


def fuzz_card(data: bytes) -> None:
    """No bytes raise anything but a sentence, and what is read of them can be written."""
    try:
        card = read_card_file(data)
    except CardFileError:
        return
    for container in Container:
        assert read_card(write_card(card, container)) == card


def _letters(marked: str) -> str:
    return re.sub(r"[*_~|`\s]", "", marked)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "stream": fuzz_stream,
    "split": fuzz_split,
    "prompt": fuzz_prompt,
    "card": fuzz_card,
}


def main() -> None:
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
