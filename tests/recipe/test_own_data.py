"""The project's own conversations, as they lie in the repository."""

import json
import os
from pathlib import Path

import pytest

from bot.core.generation import FinishReason
from bot.core.reply_measures import measured
from bot.core.script import Script
from bot.tgi_server.model_file import default_cache_dir, ensure_model
from recipe.__main__ import main
from recipe.dataset.check_command import replies_by_length
from recipe.dataset.checks import problems_of, problems_of_set, problems_of_size
from recipe.dataset.conversation import Conversation, read_conversation
from recipe.dataset.sources import OWN, find_sources
from recipe.dataset.tokens import TokenCounter
from tests.profiles import ZEPHRP
from tests.recipe.conversations import word_tokenizer
from tests.recipe.served import assert_is_served

DATA = OWN[0]


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    files = find_sources(DATA, []).files
    return [read_conversation(each.read(), each.file, each.source) for each in files]


def test_no_conversation_has_a_problem_of_its_own(conversations: list[Conversation]) -> None:
    assert [found for each in conversations for found in problems_of(each, ZEPHRP)] == []


def test_no_two_conversations_say_the_same(conversations: list[Conversation]) -> None:
    assert list(problems_of_set(conversations)) == []


def test_what_models_are_measured_by_finds_nothing_in_any_reply(
    conversations: list[Conversation],
) -> None:
    """So that what it finds in a model's is the model's fault."""
    for each in conversations:
        script = Script(each.character, (each.player,))
        for turn in each.turns:
            if turn.is_character:
                reply = measured(turn.text, FinishReason.END, script, ZEPHRP)
                assert (reply.keeps_format, reply.impersonates) == (True, False), each.file


@pytest.mark.model
def test_there_is_enough_of_every_length(conversations: list[Conversation]) -> None:
    """By the stand-in's own tokens, which lie in its model's file."""
    counter = TokenCounter(ensure_model(default_cache_dir(os.environ), print))

    assert list(problems_of_size(conversations, replies_by_length(conversations, counter))) == []


@pytest.mark.parametrize(
    ("part", "every"), [("s-z", 3), pytest.param("", 1, marks=pytest.mark.soak)]
)
def test_all_of_it_becomes_text_as_the_bot_asks_for_it_and_twice_the_same(
    tmp_path: Path, part: str, every: int
) -> None:
    outs = [tmp_path / "once.jsonl", tmp_path / "again.jsonl"]
    for out in outs:
        tokenizer = str(word_tokenizer(tmp_path))
        assert main(["dataset", str(DATA / part), "--out", str(out), "--tokenizer", tokenizer]) == 0

    once, again = (out.read_bytes() for out in outs)
    assert once == again
    rows = [json.loads(line) for line in once.decode().splitlines()]
    assert len(rows) >= len(list((DATA / part).rglob("*.yaml")))
    for row in rows[::every]:
        assert_is_served(row, DATA / part / row["id"].partition("#")[0])
