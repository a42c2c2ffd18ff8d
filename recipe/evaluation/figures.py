"""Replies to figures: of each length, and of all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.core.lengths import Length
from bot.core.reply_measures import MeasuredReply, distinct_pairs, percentile


@dataclass(frozen=True, slots=True)
class Scored:
    """One reply and what it was asked for.

    Attributes:
        scene: the character's name.
        raw: as the server gave it.
    """

    length: Length
    scene: str
    seed: int
    raw: str
    tokens: int
    reply: MeasuredReply


@dataclass(frozen=True, slots=True)
class Figures:
    """Of some replies. Numbers of replies, but for words and the last two, which are shares.

    Attributes:
        words: of which a fifth, half and four fifths of the replies have no more.
        repeated: the mean share of runs of four words that a reply has said before.
        distinct: distinct-2 over all of them.
    """

    replies: int
    words: tuple[int, int, int]
    kept: int
    impersonated: int
    spoke: int
    narrated: int
    leaked: int
    strayed: int
    cut: int
    empty: int
    repeated: float
    distinct: float

    @property
    def median(self) -> int:
        """Words of the middle one."""
        return self.words[1]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that was found out about a model.

    Attributes:
        lengths: shortest first.
    """

    title: str
    model: str
    profile: str
    lengths: dict[Length, Figures]
    total: Figures
    scored: Sequence[Scored]

    @property
    def rising(self) -> list[tuple[Length, Length]]:
        """Neighbours of which the longer one's median is greater."""
        return [
            (shorter, longer)
            for shorter, longer in pairwise(self.lengths)
            if self.lengths[shorter].median < self.lengths[longer].median
        ]

    @property
    def steps(self) -> int:
        """How many neighbours there are."""
        return max(0, len(self.lengths) - 1)


def figures_of(scored: Iterable[Scored]) -> Figures:
    """Sum up some replies, at least one."""
    replies = [each.reply for each in scored]
    words = sorted(reply.words for reply in replies)
    low, middle, high = (percentile(words, share) for share in (0.2, 0.5, 0.8))
    return Figures(
        replies=len(replies),
        words=(low, middle, high),
        kept=sum(reply.keeps_format for reply in replies),
        impersonated=sum(reply.impersonates for reply in replies),
        spoke=sum(reply.speaks for reply in replies),
        narrated=sum(reply.narrates for reply in replies),
        leaked=sum(reply.leaks for reply in replies),
        strayed=sum(reply.strays for reply in replies),
        cut=sum(reply.cut for reply in replies),
        empty=sum(not reply.words for reply in replies),
        repeated=sum(reply.repeated for reply in replies) / len(replies),
        distinct=distinct_pairs(reply.text for reply in replies),
    )


def evaluation_of(
    scored: Sequence[Scored], *, title: str, model: str, profile: str, lengths: Sequence[Length]
) -> Evaluation:
    """Sum up what was asked for in *lengths*."""
    return Evaluation(
        title=title,
        model=model,
        profile=profile,
        lengths={
            length: figures_of(each for each in scored if each.length == length)
            for length in lengths
        },
        total=figures_of(scored),
        scored=scored,
    )


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """As the JSON file has it, every reply included."""
    return {
        "title": evaluation.title,
        "model": evaluation.model,
        "profile": evaluation.profile,
        "total": _json(evaluation.total),
        "lengths": {name: _json(figures) for name, figures in evaluation.lengths.items()},
        "medians_rising": [list(pair) for pair in evaluation.rising],
        "replies": [
            {
                "length": each.length,
                "scene": each.scene,
                "seed": each.seed,
                "tokens": each.tokens,
                "words": each.reply.words,
                "keeps_format": each.reply.keeps_format,
                "impersonates": each.reply.impersonates,
                "cut": each.reply.cut,
                "raw": each.raw,
            }
            for each in evaluation.scored
        ],
    }


def _json(figures: Figures) -> dict[str, Any]:
    return {
        "replies": figures.replies,
        "words_p20_p50_p80": list(figures.words),
        "format_kept": figures.kept,
        "player_impersonated": figures.impersonated,
        "player_spoken_for": figures.spoke,
        "player_narrated": figures.narrated,
        "markers_leaked": figures.leaked,
        "strayed_from_prose": figures.strayed,
        "cut": figures.cut,
        "empty": figures.empty,
        "repeated_4_grams": round(figures.repeated, 4),
        "distinct_2": round(figures.distinct, 4),
    }
