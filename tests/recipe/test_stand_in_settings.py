from pathlib import Path

import pytest

from recipe.refused import Refused
from recipe.stand_in.settings import USUAL, read_settings
from recipe.stand_in.train_command import main

TOLD = USUAL.read_text(encoding="utf-8")


def changed(folder: Path, old: str, new: str) -> Path:
    assert TOLD.count(old) == 1
    path = folder / "changed.yaml"
    path.write_text(TOLD.replace(old, new), encoding="utf-8")
    return path


def test_the_settings_of_the_stand_in_are_read() -> None:
    settings = read_settings()

    assert (settings.seed, settings.adam_beta1, settings.adam_beta2) == (42, 0.9, 0.999)
    assert all(stage.border > settings.reply > settings.player for stage in settings.stages)
    assert [list(stage.datasets) for stage in settings.stages] == [["drill-a"], ["drill-b", "own"]]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("lora_r: 16", "lora_rank: 16", "nobody reads the key 'lora_rank'."),
        ("seed: 42 # card\n", "", "lacks the key 'seed'."),
        ("lora_dropout: 0.0", "lora_dropout: 0.05", "lora_dropout can only be 0.0 here."),
        ("lora_r: 16", "lora_r: many", "lora_r is to be a number of at least 0."),
        ("adam_epsilon: 0.00000001", "adam_epsilon: 1e-8", "adam_epsilon is to be a number"),
        ("      border: 10.0", "      borders: 10", "nobody reads the key 'borders'."),
        ("adapter: lora\n", "adapter: [lora\n", "cannot be read as YAML."),
    ],
)
def test_what_the_trainer_cannot_do_is_refused(
    old: str, new: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"changed\.yaml") as refused:
        read_settings(changed(tmp_path, old, new))

    assert sentence in str(refused.value)


def test_without_torch_one_sentence_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recipe.stand_in.train_command.find_spec", lambda _: None)

    assert main([]) == 2
    assert capsys.readouterr().err == (
        "torch is not installed here: `make recipe-setup` installs it.\n"
    )
