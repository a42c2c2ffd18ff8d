"""Which word a reply's length is trained under."""

from hashlib import sha256
from types import MappingProxyType
from typing import Final

from bot.core.lengths import AUTO, Length
from bot.core.profiles import ModelProfile
from recipe.refused import Refused

FEWER_TOKENS_THAN: Final = MappingProxyType[Length, float](
    {
        Length("micro"): 16,
        Length("tiny"): 32,
        Length("short"): 64,
        Length("medium"): 128,
        Length("long"): 192,
        Length("massive"): 256,
        Length("huge"): 384,
        Length("enormous"): 512,
        Length("humongous"): 768,
        Length("unlimited"): float("inf"),
    }
)
"""Our own bounds, shortest first: LimaRP's were only ever published as a picture.

A reply has the first label whose bound its tokens stay below.
"""
_SHARES: Final = 2**64


def label_of(tokens: int) -> Length:
    """The label of a reply of so many *tokens*."""
    return next(name for name, bound in FEWER_TOKENS_THAN.items() if tokens < bound)


def is_labelled(seed: int, file: str, turn: int, share: float) -> bool:
    """Whether that turn of that file is told its length, which *share* of all turns are.

    Drawn from what the turn is, not from the order: a file more or less changes
    no other file's labels.
    """
    drawn = sha256(f"{seed}\0{file}\0{turn}".encode()).digest()
    return int.from_bytes(drawn[:8], "big") < share * _SHARES


def check_ladder(profile: ModelProfile) -> None:
    """Refuse a profile whose lengths the bounds do not know.

    Raises:
        Refused: it tells the model lengths, and other ones.
    """
    names = [step.name for step in profile.lengths.steps if step.name != AUTO]
    if profile.modifier and names != list(FEWER_TOKENS_THAN):
        raise Refused(
            f"The profile {profile.name} has lengths for which there are no bounds: "
            f"there are some for {', '.join(FEWER_TOKENS_THAN)}."
        )
