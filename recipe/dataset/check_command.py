"""`check`: whether conversations are fit to be the project's own data set."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from recipe.dataset.checks import problems_of, problems_of_set, problems_of_size
from recipe.dataset.conversation import Conversation, normalised, read_conversation
from recipe.dataset.labels import FEWER_TOKENS_THAN, label_of
from recipe.dataset.sources import SourceFile, find_sources
from recipe.dataset.tokens import TokenCounter, stand_in_tokenizer
from recipe.profile_file import load_profile
from recipe.refused import Refused

EXIT_PROBLEMS: Final = 1
EXIT_USAGE: Final = 2
_MAIN_PROFILE: Final = "zephrp"


def main(arguments: Sequence[str]) -> int:
    """Print a sentence for each problem, and the figures; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        counter = TokenCounter(options.tokenizer or stand_in_tokenizer())
        sources = find_sources(options.source_folder, options.source)
        problems = _check(sources.files, counter, is_whole=not options.part)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return EXIT_USAGE
    return EXIT_PROBLEMS if problems else 0


def replies_by_length(conversations: Sequence[Conversation], counter: TokenCounter) -> Counter[str]:
    """How many replies have which length."""
    return Counter(
        label_of(counter.of_reply(each.character.name, turn.text))
        for each in map(normalised, conversations)
        for turn in each.turns
        if turn.is_character
    )


def _check(files: Sequence[SourceFile], counter: TokenCounter, *, is_whole: bool) -> int:
    profile = load_profile(_MAIN_PROFILE)
    conversations, problems = [], []
    for each in files:
        try:
            conversation = read_conversation(each.read(), each.file, each.source)
        except Refused as refused:  # told with the others: whoever mends one wants to see all
            problems.append(str(refused))
            continue
        conversations.append(conversation)
        problems += problems_of(conversation, profile)
    problems += problems_of_set(conversations)
    replies = replies_by_length(conversations, counter)
    if is_whole:
        problems += problems_of_size(conversations, replies)
    for problem in problems:
        print(problem)
    words = sum(len(turn.text.split()) for each in conversations for turn in each.turns)
    listed = ", ".join(f"{name} {replies[name]}" for name in FEWER_TOKENS_THAN)
    print(f"{len(conversations)} conversations, {words:,} words in turns; replies: {listed}.")
    print(f"{len(problems)} problems.")
    return len(problems)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipe check",
        description="Say what keeps conversations from being the project's own data set.",
    )
    add = parser.add_argument
    add("source_folder", metavar="SRC", type=Path, help="the folder of conversations (YAML)")
    add("--tokenizer", type=Path, metavar="FILE", help="as for `dataset`")
    add("--source", action="append", default=[], metavar="NAME", help="take this folder of SRC")
    add("--part", action="store_true", help="do not ask for the size of the whole set")
    return parser
