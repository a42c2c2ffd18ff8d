"""`python -m recipe train-stand-in`: the adapter of the stand-in, from data to GGUF."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from recipe.dataset.tokens import stand_in_tokenizer
from recipe.refused import Refused
from recipe.stand_in.settings import USUAL, Settings, read_settings

EXIT_USAGE: Final = 2
ADAPTER: Final = Path("bot/tgi_server/stand_in.gguf")
NAME: Final = "ZephRP stand-in"
_Row = tuple[str, int]
"""A text, and how many tokens it has."""
_NEEDED: Final = ("torch", "transformers", "peft", "gguf")


def main(arguments: Sequence[str]) -> int:
    """Train, or go on where training was broken off, and write the adapter."""
    options = _parser().parse_args(arguments)
    try:
        _check_installed()
        settings = read_settings(options.settings)
        data = dict(_data(each) for each in options.data)
        _train(options, settings, data)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return EXIT_USAGE
    return 0


def _check_installed() -> None:
    for name in _NEEDED:
        if find_spec(name) is None:
            raise Refused(f"{name} is not installed here: `make recipe-setup` installs it.")


def _train(options: argparse.Namespace, settings: Settings, data: Mapping[str, Path]) -> None:
    from recipe.stand_in.training import write_gguf  # noqa: PLC0415  # needs torch

    rows = {name: _rows(file) for name, file in data.items()}
    for stage in settings.stages:
        for name in stage.datasets:
            if name not in rows:
                raise Refused(f"The settings want the data set {name}: give it with --data.")
    options.base = options.base or _fetched()
    if not options.base.is_file():
        raise Refused(f"There is no file {options.base}.")
    checkpoint, log = _run_stages(options, settings, rows)
    write_gguf(checkpoint, options.out, settings, name=NAME)
    options.log.write_text("".join(json.dumps(step) + "\n" for step in log), encoding="utf-8")
    manifest = {
        "adapter": _told(options.out),
        "base": _told(options.base),
        "data": {name: _told(file) for name, file in data.items()},
        "settings": asdict(settings),
        "log": {
            **_told(options.log),
            "steps": len(log),
            "tokens": sum(step["tokens"] for step in log),
            "minutes": round(sum(step["seconds"] for step in log) / 60, 1),
        },
        "made_with": {name: version(name) for name in _NEEDED},
    }
    text = json.dumps(manifest, indent=2) + "\n"
    options.out.with_suffix(".json").write_text(text, encoding="utf-8")
    print(f"{options.out}: {options.out.stat().st_size:,} bytes after {len(log)} steps.")


def _run_stages(
    options: argparse.Namespace, settings: Settings, rows: Mapping[str, Sequence[_Row]]
) -> tuple[Path, Sequence[Mapping[str, Any]]]:
    """Train each stage on from the last one; return the last checkpoint and the whole log."""
    from recipe.stand_in.base_model import convert  # noqa: PLC0415  # needs torch
    from recipe.stand_in.training import Trainer  # noqa: PLC0415  # needs torch

    base = convert(options.base, options.work / "base")
    begin: Path | None = None
    log: list[Mapping[str, Any]] = []
    for number, stage in enumerate(settings.stages, 1):
        folder = options.work / f"stage-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        trainer = Trainer(base, settings, stage, folder, begin)
        sets = stage.datasets.items()
        trainer.train(
            [text for name, most in sets for text, tokens in rows[name] if tokens <= most]
        )
        begin = trainer.checkpoint
        lines = trainer.log.read_text(encoding="utf-8").splitlines()
        log += [{"stage": number, **json.loads(line)} for line in lines]
    if begin is None:
        raise Refused("The settings have no stage.")
    return begin, log


def _told(path: Path) -> Mapping[str, str]:
    return {"file": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}


def _fetched() -> Path:
    try:
        return stand_in_tokenizer()  # which lies in the model's file
    except Refused:
        raise Refused("Name the model with --base, or start `python -m bot tgi` once.") from None


def _rows(file: Path) -> Sequence[_Row]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        return [(row["text"], row["tokens"]) for row in map(json.loads, lines)]
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(f"{file} is no data set that `recipe dataset` wrote.") from None


def _data(told: str) -> tuple[str, Path]:
    name, is_given, file = told.partition("=")
    if not is_given:
        raise Refused(f"--data {told}: a name, =, and a file are wanted.")
    return name, Path(file)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recipe train-stand-in", description=main.__doc__
    )
    add = parser.add_argument
    add(
        "--base",
        type=Path,
        metavar="FILE.gguf",
        help="the stand-in's model (default: what `python -m bot tgi` has fetched)",
    )
    add("--data", action="append", default=[], metavar="NAME=FILE.jsonl", help="a data set")
    add("--settings", type=Path, default=USUAL, metavar="FILE.yaml", help="hyper-parameters")
    add("--work", type=Path, default=Path(".recipe"), metavar="DIR", help="for checkpoints")
    add("--out", type=Path, default=ADAPTER, metavar="FILE.gguf", help="the adapter")
    add("--log", type=Path, default=ADAPTER.with_name("stand_in_training.jsonl"), metavar="FILE")
    return parser
