"""Keeps text from posing as the structure around it."""

from collections.abc import Iterable

from bot.core.profiles import ModelProfile

_WIDE_COLON = "\uff1a"


class Guard:
    """Keeps text from looking like structure, for one set of names.

    A line is *forged* if it begins, after any blanks and in any case, with the
    mark of a header, with a label of the instruction, or with a name and a
    colon. One space more in front does not change that, so what `stuff` adds
    `unstuff` finds again.
    """

    def __init__(self, profile: ModelProfile, names: Iterable[str]) -> None:
        known = dict.fromkeys(names)
        persona = profile.persona_line.partition("{text}")[0].rstrip()
        labels = [persona.replace("{name}", name).casefold() for name in known]
        labels.append(profile.scenario_line.partition("{text}")[0].rstrip().casefold())
        mark = profile.header_mark.casefold()
        self._openings = (mark, *labels)
        self._before_colon = {name.casefold() for name in known}
        self._before_colon.update(label.removesuffix(":").rstrip() for label in labels)
        # A text without any of these has no forged line, and few texts have one.
        hints = {mark[0], *(label[-1] for label in labels)}
        self._hints = (":", _WIDE_COLON, *("" if hint.isalnum() else hint for hint in hints))

    def stuff(self, text: str) -> str:
        """Put a space before each forged line but the first, which has a label."""
        if "\n" not in text or not self._may_forge(text):
            return text
        first, *lines = text.split("\n")
        return "\n".join((first, *map(self._stuffed, lines)))

    def stuff_bare(self, text: str) -> str:
        """Put a space before each forged line of a text that has no label in front."""
        if not self._may_forge(text):
            return text
        return "\n".join(map(self._stuffed, text.split("\n")))

    def unstuff(self, text: str) -> str:
        """Undo `stuff`."""
        first, *lines = text.split("\n")
        return "\n".join((first, *map(self._unstuffed, lines)))

    def unstuff_bare(self, text: str) -> str:
        """Undo `stuff_bare`."""
        return "\n".join(map(self._unstuffed, text.split("\n")))

    def _stuffed(self, line: str) -> str:
        return f" {line}" if self._is_forged(line) else line

    def _unstuffed(self, line: str) -> str:
        return line[1:] if line.startswith(" ") and self._is_forged(line) else line

    def _is_forged(self, line: str) -> bool:
        folded = line.lstrip().casefold()
        if folded.startswith(self._openings):
            return True
        said_by, colon, _ = folded.replace(_WIDE_COLON, ":").partition(":")
        return bool(colon) and said_by.rstrip() in self._before_colon

    def _may_forge(self, text: str) -> bool:
        for hint in self._hints:  # noqa: SIM110  # any() takes three times as long
            if hint in text:
                return True
        return False
