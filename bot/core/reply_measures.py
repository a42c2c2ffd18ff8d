"""What a model's raw replies are like, before anything of ours cuts them.

`calibrate` measures lengths, the recipe's `evaluate` all of it: both ask for the
same scenes (`measuring_scenes`) in the same way.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.core.facts import Ending
from bot.core.generation import FinishReason, GenerationRequest
from bot.core.lengths import LengthStep
from bot.core.profiles import ModelProfile
from bot.core.prompt import render, speakers, stop_strings
from bot.core.reply_text import ReplyText
from bot.core.scene import GuardLevel
from bot.core.script import Script

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# A heading, or a label of up to three words. No reply of a thousand in our own data has either.
_LABEL = r"[^\W\da-z_][\w'\u2019.-]*(?: [^\Wa-z_][\w'\u2019.-]*){0,2}"
_NO_PROSE = re.compile(rf"^[^\S\n]*[*_>]*(?:#+\s|{_LABEL}[*_]*:(?:[\s*_\"]|$))", re.MULTILINE)
_REPEATED_WORDS = 4
"""So many words that stand in a reply a second time are a repetition."""


@dataclass(frozen=True, slots=True)
class MeasuredReply:
    """One reply.

    Attributes:
        text: as members would see it.
        cut: the token cap ended it.
        ended: the model ended it, by its end token or the next header.
        speaks: it goes on with a line of a player's.
        narrates: it tells what a player does.
        leaks: signs of the format, or of the tokenizer, stand in its text.
        strays: a line of it begins like a heading, or with anybody's label.
        repeated: the share of its runs of four words that it has said before.
    """

    text: str
    cut: bool
    ended: bool
    speaks: bool
    narrates: bool
    leaks: bool
    strays: bool
    repeated: float

    @property
    def words(self) -> int:
        """How many words members would see."""
        return len(self.text.split())

    @property
    def impersonates(self) -> bool:
        """Whether it takes a player's part, in their words or their deeds."""
        return self.speaks or self.narrates

    @property
    def keeps_format(self) -> bool:
        """Whether it is a reply, only one, and ends by itself."""
        return bool(self.words) and self.ended and not (self.leaks or self.speaks or self.strays)


def request_for(
    script: Script, step: LengthStep, seed: int, profile: ModelProfile
) -> GenerationRequest:
    """Ask for a reply of that length as the bot does."""
    script = replace(script, length=step.name)
    return GenerationRequest(
        prompt=render(script, profile),
        stop=stop_strings(script, profile),
        max_new_tokens=step.max_new_tokens,
        seed=seed,
        sampling=profile.sampling,
        affinity=f"{script.character.name} {seed}",  # spreads them over several servers
    )


def raw_request_for(
    script: Script, step: LengthStep, seed: int, profile: ModelProfile
) -> GenerationRequest:
    """Ask without the players' names as stops, so that it shows what the model would go on with."""
    stop = tuple(dict.fromkeys((profile.header_stop, *profile.stops)))
    return replace(request_for(script, step, seed, profile), stop=stop)


def shown(script: Script, profile: ModelProfile, *, guard: GuardLevel) -> ReplyText:
    """A reply in that scene as members see it grow."""
    return ReplyText(
        script.character.name,
        speakers(script, profile),
        profile,
        guard=guard,
        players=_played(script),
    )


def measured(
    raw: str, finish: FinishReason | None, script: Script, profile: ModelProfile
) -> MeasuredReply:
    """Measure the *raw* text that a server gave, stop strings included."""
    header = re.search(rf"^[ \t]*{re.escape(profile.header_mark)}", raw, re.MULTILINE)
    said = raw[: header.start()] if header else raw
    cut = header is None and finish is FinishReason.LENGTH
    reply = shown(script, profile, guard=GuardLevel.NORMAL)
    reply.feed(raw)
    text = reply.finish(cut=cut)
    own = re.escape(script.character.name)
    own_label = re.compile(rf"^\W*{own}\W*:", re.MULTILINE | re.IGNORECASE)
    return MeasuredReply(
        text=text,
        cut=cut,
        ended=header is not None or finish in {FinishReason.END, FinishReason.STOP},
        speaks=ended_by(said, script, profile, guard=GuardLevel.NORMAL) is Ending.NAME,
        narrates=ended_by(said, script, profile, guard=GuardLevel.STRICT) is Ending.PLAYER,
        leaks=_leaks(said, script, profile),
        strays=_NO_PROSE.search(said) is not None or own_label.search(said) is not None,
        repeated=repeated_share(text),
    )


def ended_by(
    text: str, script: Script, profile: ModelProfile, *, guard: GuardLevel
) -> Ending | None:
    """What would end a reply of that *text* before it is over; None if nothing does."""
    reply = shown(script, profile, guard=guard)
    reply.feed(text)
    reply.finish(cut=False)
    return reply.ended_by


def percentile(numbers: Sequence[int], share: float) -> int:
    """The number that about *share* of the sorted *numbers* do not exceed."""
    return numbers[round(share * (len(numbers) - 1))]


def repeated_share(text: str) -> float:
    """The share of runs of four words in *text* that stand in it before."""
    runs = list(runs_of_words(text, _REPEATED_WORDS))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def distinct_pairs(texts: Iterable[str]) -> float:
    """Distinct-2: how many of the neighbouring words of all *texts* are different pairs."""
    pairs = Counter(pair for text in texts for pair in runs_of_words(text, 2))
    return len(pairs) / pairs.total() if pairs else 0.0


def runs_of_words(text: str, length: int) -> Iterator[tuple[str, ...]]:
    """Every run of so many words, whatever stands between them."""
    words = [word.casefold().replace("\u2019", "'") for word in _WORD.findall(text)]
    return zip(*(words[start:] for start in range(length)), strict=False)


def _leaks(text: str, script: Script, profile: ModelProfile) -> bool:
    names = (script.character.name, *_played(script))
    labels = [profile.persona_line.partition("{text}")[0].replace("{name}", each) for each in names]
    signs = (profile.header_mark, *profile.special_tokens, *labels)
    before, _, after = profile.modifier.partition("{length}")
    words = "|".join(re.escape(step.name) for step in profile.lengths.steps)
    modifier = f"{re.escape(before.strip())}\\s*(?:{words})\\s*{re.escape(after)}"
    return any(sign in text for sign in signs) or bool(
        profile.modifier and re.search(modifier, text)
    )


def _played(script: Script) -> list[str]:
    return [player.name for player in script.players]
