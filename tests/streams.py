"""How a stream is read, for tests that read many."""

from dataclasses import dataclass

from bot.core.facts import Ending
from bot.core.reply_text import ReplyText
from bot.core.scene import GuardLevel
from tests.profiles import ALPACA, CHATML, EARLY, ZEPHRP

PROFILES = {profile.name: profile for profile in (ZEPHRP, EARLY, ALPACA, CHATML)}
OTHERS = ("Mara", "Tom", "Old Ann", "Lyra (2)")


@dataclass(frozen=True)
class Case:
    """A stream, and how it is read.

    Attributes:
        sentences_from: where in the stream only whole sentences are wanted, if so.
    """

    raw: str
    profile: str
    guard: GuardLevel
    cut: bool
    spoken: str
    sentences_from: int | None

    def read(self, places: list[int]) -> tuple[list[str], Ending | None]:
        """Everything that was shown, in order, and what ended it."""
        reply = ReplyText(
            "Lyra Vane" if len(self.raw) % 5 == 0 else "Lyra",
            OTHERS,
            PROFILES[self.profile],
            guard=self.guard,
            spoken=self.spoken,
        )
        seen = [reply.shown]
        turning = len(self.raw) + 1 if self.sentences_from is None else self.sentences_from
        ends = sorted({*places, turning, len(self.raw)})
        start = 0
        for end in ends:
            reply.feed(self.raw[start:end])
            seen.append(reply.shown)
            start = end
            if end == self.sentences_from:
                reply.whole_sentences()
        seen.append(reply.finish(cut=self.cut))
        assert reply.finish(cut=self.cut) == seen[-1]
        return seen, reply.ended_by


def leaks(case: Case, text: str) -> list[str]:
    """Return what nobody may ever see, of the text behind what was spoken before."""
    profile = PROFILES[case.profile]
    new = text[len(case.spoken.rstrip()) :]
    found = [token for token in profile.special_tokens if token in new]
    lines = new.casefold().split("\n")
    for line in lines[1:] if case.spoken else lines:
        start = line.strip().removeprefix("**").removeprefix("*")
        stops = (profile.header_mark, "mara:", "mara :", "tom:", "old ann:", "lyra (2):")
        found += [stop for stop in stops if start.startswith(stop)]
    return found
