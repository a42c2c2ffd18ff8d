"""A scene to measure with: plain roleplay text, the same on every machine."""

import random
import re
from collections.abc import Sequence

from bot.core.scene import Role
from bot.core.script import Line

HERO = "Clover"
PLAYERS = ("Mara", "Tom", "Ann Lee", "Old Bram", "Iris", "Jonas")
PERSONA = (
    "Clover keeps the lighthouse at the end of the pier. She counts ships, mends nets and "
    "remembers every storm by name. She is patient with strangers and short with the sea."
)
SCENARIO = "An evening in autumn. The last ferry is late, and the fog comes in."

_SENTENCES = (
    "*She sets the lantern on the sill and wipes the glass with her sleeve.*",
    '"You came down the cliff path in this weather?"',
    "The kettle begins to sing, and somewhere below a loose shutter answers it.",
    '"Sit. The chair by the stove is the dry one."',
    "She pours two cups without asking, and pushes the chipped one to her own side.",
    "*For a moment she only listens to the bell out on the reef.*",
    '"There was a ship at noon, three masts, no flag. It has not moved since."',
    "Her finger follows the coast on the old chart and stops at the narrows.",
    '"Tell me what you saw, and begin with the light."',
    "The fog leans on the window like a crowd that wants to come in.",
    "She laughs, quietly, as if the joke belonged to somebody else.",
    '"Not tonight. Tonight we keep the lamp burning, and that is all."',
)
_TOKEN = re.compile(r" ?\w{1,5}|\n+| ?[^\w\s]|\s")
_CHARACTERS_PER_TOKEN = 4


def text(least: int, seed: int) -> str:
    """Write *least* tokens and what is left of the sentence, in paragraphs."""
    chance = random.Random(seed)  # noqa: S311  # material, not a secret
    written = ""
    while tokens(written) <= least:
        gap = "\n\n" if chance.random() < 1 / 4 else " "
        written += (gap if written else "") + chance.choice(_SENTENCES)
    return written


def tokens(written: str) -> int:
    """Count as a tokenizer would that makes a token of four characters."""
    return len(written) // _CHARACTERS_PER_TOKEN + 1


def line(number: int) -> Line:
    """The line of that number: a greeting first, then turn about; no two are equal."""
    if number % 2:
        name = PLAYERS[number // 2 % len(PLAYERS)]
        return Line(Role.PLAYER, name, f"{text(100, number)} {number}.")
    return Line(Role.CHARACTER, HERO, f"{text(200, number)} {number}.")


def pieces_of(written: str) -> Sequence[str]:
    """Cut a text as a stream brings it: words, or parts of long ones, and marks."""
    return _TOKEN.findall(written)
