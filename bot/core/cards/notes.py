"""What was mended on the way, for whoever gave the file."""

from collections import Counter

from bot.core.phrases import counted, phrase

MOST_NOTES = 30


class Notes:
    """Collects sentences; the same one is said once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}
        self._entries: Counter[str] = Counter()
        self._further = 0

    def add(self, sentence: str) -> None:
        """Say *sentence*."""
        if len(self._said) < MOST_NOTES or sentence in self._said:
            self._said[sentence] = None
        else:
            self._further += 1

    def in_entry(self, what: str) -> None:
        """Say *what* once, with the number of lore entries it is true of."""
        self._entries[what] += 1

    def all(self) -> tuple[str, ...]:
        """Everything that was said."""
        told = [
            counted(
                count,
                phrase("In 1 lore entry {what}.", what=what),
                phrase("In {count:,} lore entries {what}.", count=count, what=what),
            )
            for what, count in self._entries.items()
        ]
        more = (
            [phrase("There are {further:,} more such warnings.", further=self._further)]
            if self._further
            else []
        )
        return (*self._said, *told, *more)
