"""`python -m recipe dataset`, from files to text that a model is trained on."""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from recipe.__main__ import main
from tests.recipe.conversations import FIRST, SECOND, USUAL, put, word_tokenizer, written
from tests.recipe.served import assert_is_served


@dataclass(frozen=True)
class Made:
    """What the command has written."""

    rows: list[dict[str, Any]]
    figures: dict[str, Any]
    data: bytes


def make(tmp_path: Path, source: Path, *arguments: str) -> Made:
    out = tmp_path / "data.jsonl"
    code = main(
        [
            *("dataset", str(source), "--out", str(out)),
            *("--tokenizer", str(word_tokenizer(tmp_path)), *arguments),
        ]
    )
    assert code == 0
    data = out.read_bytes()
    return Made(
        [json.loads(line) for line in data.decode().splitlines()],
        json.loads((tmp_path / "data.statistics.json").read_text()),
        data,
    )


@pytest.fixture
def inn(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    put(folder, "inn/01-the-lamp.yaml", written())
    put(folder, "inn/02-the-door.yaml", written(names=("Itziar", "Knut")))
    return folder


def test_a_conversation_becomes_the_bots_own_prompt_with_a_length_over_each_reply(
    tmp_path: Path, inn: Path
) -> None:
    made = make(tmp_path, inn, "--source", "inn", "--labelled", "1")

    row = made.rows[0]
    assert row["text"] == (
        "### Instruction:\n"
        "Odalys's Persona: Odalys keeps a lamp.\n\n"
        "Bram's Persona: Bram is a courier.\n\n"
        "Scenario: A storm has closed the harbour.\n\n"
        "Play the role of Odalys. You must engage in a roleplaying chat with Bram below this "
        "line. Do not write dialogues and narration for Bram.\n\n"
        '### Input:\nBram: "Is anybody there?"\n\n'
        "### Response: (length = tiny)\n"
        'Odalys: "Come in," said Odalys, and put the kettle on for Bram.\n\n'
        '### Input:\nBram: "Thank you. It is late."\n\n'
        "### Response: (length = tiny)\n"
        'Odalys: "It is. Sit down where the lamp is, and tell me who is after you."'
    )
    assert row["id"] == "inn/01-the-lamp.yaml#0"
    assert (row["source"], row["labels"]) == ("inn", ["tiny", "tiny"])
    assert row["tokens"] == len(re.findall(r"\w+|[^\w\s]", row["text"]))


def test_every_reply_is_asked_for_in_the_words_of_the_bots_prompt(
    tmp_path: Path, inn: Path
) -> None:
    """The one test that ties training to serving."""
    for row in make(tmp_path, inn, "--source", "inn").rows:
        assert_is_served(row, inn / row["id"].partition("#")[0])


def test_two_runs_write_the_same_bytes(tmp_path: Path, inn: Path) -> None:
    first, again = (make(tmp_path, inn, "--source", "inn") for _ in range(2))

    assert first.data == again.data
    assert first.figures == again.figures
    assert first.figures["sha256"] == sha256(first.data).hexdigest()


def test_one_in_ten_replies_is_told_no_length_and_another_file_changes_none_of_them(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "texts"
    for number in range(150):
        put(folder, f"inn/{number:03}.yaml", written())
    before = make(tmp_path, folder, "--source", "inn")
    put(folder, "inn/000-a.yaml", written())

    after = make(tmp_path, folder, "--source", "inn")

    untold = [label == "auto" for row in before.rows for label in row["labels"]]
    assert 15 <= sum(untold) <= 45
    assert before.figures["replies_told_no_length"] == sum(untold)
    assert [row for row in after.rows if "000-a" not in row["id"]] == before.rows
    other = make(tmp_path, folder, "--source", "inn", "--seed", "7")
    assert [row["labels"] for row in other.rows] != [row["labels"] for row in after.rows]


def test_some_turns_of_one_conversation_are_told_a_length_and_some_are_not(tmp_path: Path) -> None:
    put(tmp_path, "texts/inn/01.yaml", written(USUAL * 20))

    row = make(tmp_path, tmp_path / "texts", "--source", "inn", "--labelled", "0.5").rows[0]

    assert 8 <= row["labels"].count("auto") <= 32
    assert len(row["labels"]) == 40


def test_a_long_conversation_is_parted_where_a_reply_ends_with_the_instruction_before_each_part(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "texts"
    turns = [(SECOND, "Go on. " * 20), (FIRST, "The sea went out. " * 20)] * 6
    put(folder, "inn/01.yaml", written([*turns, (SECOND, "Good night.")]))

    made = make(tmp_path, folder, "--source", "inn", "--sequence-length", "400")

    assert len(made.rows) > 2
    assert all(row["tokens"] < 400 for row in made.rows)
    head = made.rows[0]["text"].partition("### Input:")[0]
    assert all(row["text"].startswith(f"{head}### Input:\nBram: Go on.") for row in made.rows)
    assert [row["id"][-2:] for row in made.rows] == [f"#{n}" for n in range(len(made.rows))]
    assert sum(len(row["labels"]) for row in made.rows) == 6
    assert made.rows[-1]["text"].endswith("Bram: Good night.")
    whole = make(tmp_path, folder, "--source", "inn")
    parted = [label for row in made.rows for label in row["labels"]]
    assert whole.rows[0]["labels"] == parted, "where it is parted changes no label"


def test_an_exchange_that_does_not_fit_is_refused_by_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "texts/inn/01.yaml", written([*USUAL, (SECOND, "And?"), (FIRST, "x " * 200)]))

    said = refused(tmp_path, capsys, "--source", "inn", "--sequence-length", "200")

    assert said == (
        "inn/01.yaml: conversation[5] does not fit into 199 tokens beside the personas.\n"
    )


def test_what_one_side_says_twice_in_a_row_is_one_turn(tmp_path: Path) -> None:
    turns = [(SECOND, "Hello."), (FIRST, "Come in."), (FIRST, "Sit down."), (SECOND, "Thanks.")]
    put(tmp_path, "texts/inn/01.yaml", written(turns))

    made = make(tmp_path, tmp_path / "texts", "--source", "inn", "--labelled", "1")

    assert "(length = micro)\nOdalys: Come in.\n\nSit down.\n\n### Input:" in made.rows[0]["text"]


def test_punctuation_is_written_in_one_way(tmp_path: Path) -> None:
    turns = [(SECOND, "\u201cWhat\u2026 is it ?\u201d"), (FIRST, "It\u2019s  late --- go.....")]
    put(tmp_path, "texts/inn/01.yaml", written(turns))

    text = make(tmp_path, tmp_path / "texts", "--source", "inn").rows[0]["text"]

    assert 'Bram: "What... is it?"' in text
    assert text.endswith("Odalys: It's late\u2014go...")


def test_figures_say_what_went_in(tmp_path: Path, inn: Path) -> None:
    put(inn, "well/01.yaml", written())
    put(inn, "README.md", "# Texts\n\nWritten by hand.\n")

    figures = make(tmp_path, inn, "--source", "inn").figures

    files = ["inn/01-the-lamp.yaml", "inn/02-the-door.yaml"]
    assert figures["inputs"] == {
        name: sha256((inn / name).read_bytes()).hexdigest() for name in files
    }
    assert figures["sources_passed_over"] == ["well"]
    assert list(figures["sources"]) == ["inn"]
    assert (figures["conversations"], figures["samples"], figures["turns"]) == (2, 2, 8)
    assert figures["replies_by_length"]["tiny"] == 4
    assert sum(figures["replies_by_length"].values()) == figures["replies"] == 4
    assert str(tmp_path) not in json.dumps(figures)


def test_a_model_without_length_control_is_told_none(tmp_path: Path, inn: Path) -> None:
    made = make(tmp_path, inn, "--source", "inn", "--profile", "chatml")

    assert made.rows[0]["text"].startswith("<|im_start|>system\nOdalys's Persona:")
    assert made.rows[0]["labels"] == ["auto", "auto"]


@pytest.mark.usefixtures("inn")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "limarp-v3-early"], "The profile limarp-v3-early has lengths"),
        (["--profile", "nowhere.toml"], "The profile nowhere.toml cannot be read"),
        (["--source", "cellar"], "has no source cellar."),
        ([], "No source of"),
    ],
)
def test_what_cannot_be_made_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refused(tmp_path, capsys, *arguments)

    assert words in said
    assert said.count("\n") == 1


def test_no_tokenizer_is_one_sentence(
    tmp_path: Path,
    inn: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)

    code = main(["dataset", str(inn), "--source", "inn", "--out", str(tmp_path / "x.jsonl")])

    assert code == 2
    assert "Name the tokenizer of the model with --tokenizer" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "{", "[]"])
@pytest.mark.parametrize("name", ["broken.json", "broken.gguf"])
def test_a_broken_tokenizer_is_one_sentence(
    name: str,
    content: str | None,
    tmp_path: Path,
    inn: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)

    code = main(
        [
            *("dataset", str(inn), "--source", "inn"),
            *("--out", str(tmp_path / "x.jsonl"), "--tokenizer", str(path)),
        ]
    )

    said = capsys.readouterr().err
    assert code == 2
    assert str(path) in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.jsonl").exists()


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said when nothing is made."""
    out = tmp_path / "data.jsonl"
    capsys.readouterr()
    code = main(
        [
            *("dataset", str(tmp_path / "texts"), "--out", str(out)),
            *("--tokenizer", str(word_tokenizer(tmp_path)), *arguments),
        ]
    )
    assert code == 2
    assert not out.exists()
    return capsys.readouterr().err
