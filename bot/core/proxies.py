"""Lines that another bot posts for a player, in place of what the player wrote.

PluralKit and Tupperbox post a message by webhook, under the name of whom the
player speaks for, and delete the player's own. What marks the speaker, such as
"L: Hello" or "[Hello]", is left out of it.
"""

MOST_MARKS = 100
"""Characters before and behind the words, as long as such bots allow."""


def stands_for(posted: str, written: str) -> bool:
    """Whether *posted* says what a player has *written*, but for the marks around it."""
    said, had = _folded(posted), _folded(written)
    return bool(said) and said in had and len(had) - len(said) <= MOST_MARKS


def _folded(text: str) -> str:
    return " ".join(text.split())
