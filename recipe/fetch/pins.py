"""What the merge is made of, by the commit: a branch can move, a commit cannot."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pin:
    """A repository of the hub at one commit."""

    repository: str
    revision: str
    licence: str

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}"


BASE: Final = Pin(
    "HuggingFaceH4/zephyr-7b-alpha", "2ce2d025864af849b3e5029e2ec9d568eeda892d", "MIT"
)
"""After 13 October 2023, when the licence became MIT and the end of texts was mended."""
ADAPTER: Final = Pin(
    "lemonilia/LimaRP-Mistral-7B-v0.1", "7a839c74c2322e22f14ffd08c9753815f6301455", "Apache-2.0"
)
"""By the author of the LimaRP data; the adapter inside ZephRP was never published by itself."""
