"""`dataset`: conversations to JSON lines that a model is trained on."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from recipe.dataset.conversation import (
    Conversation,
    normalised,
    read_conversation,
    refuse_minors,
)
from recipe.dataset.labels import FEWER_TOKENS_THAN, check_ladder
from recipe.dataset.sources import Sources, find_sources
from recipe.dataset.statistics import summed
from recipe.dataset.tokens import TokenCounter, stand_in_tokenizer
from recipe.dataset.training_text import Making, Sample, samples_of
from recipe.profile_file import load_profile
from recipe.refused import Refused

EXIT_USAGE: Final = 2
USUAL_TOKENS: Final = 8192
LEAST_TOKENS: Final = 128
USUAL_LABELLED: Final = 0.9
USUAL_SEED: Final = 42

Part = tuple[Conversation, Sequence[Sample]]


def main(arguments: Sequence[str]) -> int:
    """Make the data set; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        _make(options)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return EXIT_USAGE
    return 0


def statistics_path(out: Path) -> Path:
    """Where the figures of a data set lie."""
    return out.with_name(f"{out.stem}.statistics.json")


def _make(options: argparse.Namespace) -> None:
    profile = load_profile(options.profile)
    check_ladder(profile)
    tokenizer = options.tokenizer or stand_in_tokenizer()
    making = Making(
        profile=profile,
        counter=TokenCounter(tokenizer),
        most_tokens=options.sequence_length - 1,
        labelled=options.labelled,
        seed=options.seed,
    )
    sources = find_sources(options.source_folder, options.source)
    inputs: dict[str, str] = {}
    parts: list[Part] = []
    for each in sources.files:
        data = each.read()
        inputs[each.file] = sha256(data).hexdigest()
        conversation = normalised(read_conversation(data, each.file, each.source))
        if not each.is_own:
            refuse_minors(conversation)
        parts.append((conversation, list(samples_of(conversation, making))))
    lines = "".join(_row(sample) for _, samples in parts for sample in samples).encode()
    figures = {
        "sha256": sha256(lines).hexdigest(),
        "profile": profile.name,
        "tokenizer_sha256": sha256(tokenizer.read_bytes()).hexdigest(),
        "sequence_length": options.sequence_length,
        "labelled": options.labelled,
        "seed": options.seed,
        **_figures(parts, sources),
        "inputs": inputs,
    }
    _write(options.out, lines)
    _write(statistics_path(options.out), (json.dumps(figures, indent=2) + "\n").encode())
    _say(figures, options.out)


def _row(sample: Sample) -> str:
    row = {
        "text": sample.text,
        "id": sample.id,
        "source": sample.source,
        "labels": list(sample.labels),
        "tokens": sample.tokens,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def _figures(parts: Sequence[Part], sources: Sources) -> Mapping[str, Any]:
    totals = summed(parts)
    return {
        "labels": {
            name: None if bound == float("inf") else bound
            for name, bound in FEWER_TOKENS_THAN.items()
        },
        **totals[""].to_json(),
        "sources": {name: total.to_json() for name, total in totals.items() if name},
        "sources_passed_over": list(sources.passed_over),
    }


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None


def _say(figures: Mapping[str, Any], out: Path) -> None:
    print(
        f"{out}: {figures['samples']} samples of {figures['conversations']} conversations, "
        f"{figures['tokens']:,} tokens, {figures['words']:,} words."
    )
    print(f"Replies by length: {_listed(figures['replies_by_length'])}.")
    if passed_over := figures["sources_passed_over"]:
        print(f"Passed over: {', '.join(map(str, passed_over))}.")


def _listed(lengths: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in lengths.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipe dataset",
        description="Make text to train on of conversations, each reply under its length.",
    )
    add = parser.add_argument
    add("source_folder", metavar="SRC", type=Path, help="the folder of conversations (YAML)")
    add("--out", type=Path, required=True, metavar="FILE.jsonl", help="the file to write")
    add(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="of the model that is trained, its tokenizer.json: lengths are counted with it "
        "(default: the stand-in's, from the file that `python -m bot tgi` has fetched)",
    )
    add("--source", action="append", default=[], metavar="NAME", help="take this folder of SRC")
    add("--profile", default="zephrp", help="what the model reads (default: %(default)s)")
    add(
        "--sequence-length",
        type=_tokens,
        default=USUAL_TOKENS,
        metavar="TOKENS",
        help="of a sample at most; longer conversations are parted (default: %(default)s)",
    )
    add(
        "--labelled",
        type=_share,
        default=USUAL_LABELLED,
        metavar="SHARE",
        help="of replies that are told their length (default: %(default)s)",
    )
    add("--seed", type=int, default=USUAL_SEED, help="of which those are (default: %(default)s)")
    return parser


def _tokens(text: str) -> int:
    number = int(text)
    if number < LEAST_TOKENS:
        raise argparse.ArgumentTypeError(f"is to be {LEAST_TOKENS} or more")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError("is to be from 0 to 1")
    return share
