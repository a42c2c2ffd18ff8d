"""The one table of what a length's name means in tokens, and who must agree with it."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from recipe.dataset.checks import LEAST_REPLIES
from recipe.dataset.labels import FEWER_TOKENS_THAN, label_of
from tests.profiles import ZEPHRP

DOCS = Path(__file__).parents[2] / "docs" / "recipe.md"


@pytest.mark.parametrize(
    ("tokens", "label"),
    [
        *((0, "micro"), (15, "micro"), (16, "tiny"), (31, "tiny"), (32, "short"), (63, "short")),
        *((64, "medium"), (127, "medium"), (128, "long"), (191, "long"), (192, "massive")),
        *((255, "massive"), (256, "huge"), (383, "huge"), (384, "enormous"), (511, "enormous")),
        *((512, "humongous"), (767, "humongous"), (768, "unlimited"), (10**6, "unlimited")),
    ],
)
def test_a_reply_has_the_first_label_whose_bound_it_stays_below(tokens: int, label: str) -> None:
    assert label_of(tokens) == label


def test_the_model_knows_these_lengths_and_may_write_as_much() -> None:
    steps = ZEPHRP.lengths.steps
    bounds = list(FEWER_TOKENS_THAN.values())

    assert [step.name for step in steps] == list(FEWER_TOKENS_THAN) == list(LEAST_REPLIES)
    assert all(shorter < longer for shorter, longer in pairwise(bounds))
    for step in steps[:-1]:
        assert step.max_new_tokens > FEWER_TOKENS_THAN[step.name]


def test_the_docs_have_the_table() -> None:
    names, _, bounds = (
        re.split(r"\s*\|\s*", line.strip("| "))
        for line in re.findall(
            r"^\| (?:label .*|--- .*|fewer tokens than .*)$", DOCS.read_text(), re.MULTILINE
        )[:3]
    )

    told = {name: float(bound or "inf") for name, bound in zip(names[1:], bounds[1:], strict=False)}
    assert {**told, names[-1]: float("inf")} == FEWER_TOKENS_THAN
