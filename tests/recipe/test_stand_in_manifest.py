"""The adapter in the repository is the one that its manifest and its log tell of."""

import json
from hashlib import sha256
from pathlib import Path

from bot.tgi_server.model_file import BUILT_IN
from bot.tgi_server.stand_in import ADAPTER
from recipe.stand_in.settings import read_settings

MANIFEST = json.loads(ADAPTER.with_suffix(".json").read_text(encoding="utf-8"))


def hash_of(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_the_adapter_is_the_one_that_was_made_and_small() -> None:
    assert MANIFEST["adapter"] == {"file": ADAPTER.name, "sha256": hash_of(ADAPTER)}
    assert ADAPTER.stat().st_size < 10_000_000


def test_it_was_made_for_the_model_that_is_fetched() -> None:
    assert MANIFEST["base"] == {"file": BUILT_IN.file_name, "sha256": BUILT_IN.member_sha256}


def test_it_was_made_by_the_settings_in_the_repository() -> None:
    told = MANIFEST["settings"]
    settings = read_settings()

    assert told["lora_r"] == settings.lora_r
    assert [stage["datasets"] for stage in told["stages"]] == [
        dict(stage.datasets) for stage in settings.stages
    ]
    assert [(stage["border"], stage["max_steps"]) for stage in told["stages"]] == [
        (stage.border, stage.max_steps) for stage in settings.stages
    ]


def test_the_log_tells_every_step() -> None:
    path = ADAPTER.with_name(MANIFEST["log"]["file"])
    log = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert hash_of(path) == MANIFEST["log"]["sha256"]
    assert len(log) == MANIFEST["log"]["steps"]
    for stage, told in enumerate(MANIFEST["settings"]["stages"], 1):
        steps = [step["step"] for step in log if step["stage"] == stage]
        assert steps == list(range(1, told["max_steps"] + 1))
