"""Rows of a data set as what a tiny model is to learn from them: tokens and their weights.

Two things differ from training a 7B. The loss counts ten times where a reply begins
and where a sentence of it has just ended, for there it is long or short, goes on or
stops; and half of all conversations
lose the labels of their first replies, because the bot tells a length on the last
header only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tokenizers import Tokenizer

END: Final = "\n\n### Input:\n"
"""What follows a reply: the next player's turn. A reply ends where it begins."""
_BLOCK: Final = re.compile(r"\n\n(?=### )")
_REPLY: Final = re.compile(r"### Response:(?P<label> \(length = \w+\))?\n[^\n:]+:")
_LABEL: Final = re.compile(r"(?<=### Response:) \(length = \w+\)(?=\n)")
_SENTENCE_END: Final = re.compile(r"""[.!?]["')]?\Z|\n\n\Z""")


@dataclass(frozen=True, slots=True)
class Weights:
    """What a token counts in the loss, by what it belongs to; 0 is not computed at all."""

    border: float
    reply: float
    player: float


@dataclass(frozen=True, slots=True)
class Row:
    """The tokens of a conversation, and what predicting each of them counts."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


def unlabelled(text: str, replies: int) -> str:
    """*text* without the labels of its first *replies* replies."""
    return _LABEL.sub("", text, count=replies) if replies else text


def drawn(text: str, chance: Random) -> str:
    """*text* as it is, or, half of the time, with some of its first labels gone."""
    labels = len(_LABEL.findall(text))
    if labels < 2 or chance.random() < 1 / 2:  # noqa: PLR2004  # one label is the last one
        return text
    return unlabelled(text, chance.randrange(1, labels))


def row(text: str, tokenizer: Tokenizer, weights: Weights) -> Row:
    """Weigh every token of *text* and of the end that is put behind it."""
    whole = text.rstrip("\n") + END
    encoding = tokenizer.encode(whole, add_special_tokens=False)
    spans = list(_spans(whole, weights))
    counted: list[float] = []
    at = 0
    for start, _ in encoding.offsets:
        while start >= spans[at].stop:
            at += 1
        span = spans[at]
        is_border = start == span.begin or _SENTENCE_END.search(whole, span.begin, start)
        counted.append(weights.border if span.is_labelled and is_border else span.weight)
    return Row(tuple(encoding.ids), tuple(counted))


@dataclass(frozen=True, slots=True)
class _Span:
    begin: int  # of the reply's text
    stop: int
    weight: float
    is_labelled: bool = False


def _spans(whole: str, weights: Weights) -> Iterator[_Span]:
    """Stretches of *whole* with one weight each.

    The gap and the header's mark behind a reply belong to it: they are its end.
    """
    starts = [found.end() for found in _BLOCK.finditer(whole)]
    yield _Span(0, starts[0], 0.0)
    ends: Sequence[int] = [*starts[1:], len(whole)]
    for start, end in zip(starts, ends, strict=True):
        reply = _REPLY.match(whole, start)
        mark = start + len("###")
        if reply is None:
            yield _Span(mark, end, weights.player)
            continue
        yield _Span(mark, reply.end(), weights.player)
        yield _Span(
            reply.end(), min(end + len("###"), len(whole)), weights.reply, bool(reply["label"])
        )
