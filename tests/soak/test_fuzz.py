"""A quarter of an hour of inputs that nobody would think of."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cards import CARDS, IMPORTABLE

SECONDS = 100  # each of the targets, but
SECONDS_OF = {"card": 600}  # which anybody may hand us
PATIENCE_S = 60  # an input may take 10, and the process has to start
ROOT = Path(__file__).parents[2]

# What mutation alone would take long to spell.
WORDS = (
    *("### Response:", "### Input:", "###", "<|im_start|>", "<|im_end|>", "</s>", "[INST]"),
    *("(length = medium)", "(length", "Lyra:", "**Lyra:**", "Mara:", "Mara nods", "Mara's", "Mara"),
    *("Tom:", "Old Ann:", "Lyra (2):", "Lyra Vane", "\n\n", "\r\n", "\u2028", "```", "```q\n"),
    *(
        "||",
        "~~",
        "**",
        "*",
        "_",
        '"',
        "\u201c",
        "\u201d",
        "\u2019",
        "\u2018",
        ". ",
        "Mr. ",
        "\x1d",
    ),
    *("https://a.example/b", "<@123456789012345678>", "[a](https://a.example)", "\uff1a", "\u200b"),
    *("Lyra's Persona: ", "Scenario: ", "\U0001f44d\U0001f3fd", "\U0001f1eb\U0001f1f7", "\\*"),
    *('"data"', '"extensions"', '"character_book"', '"entries"', "chara\0", "tEXt", "IEND"),
    *("\u3002", "\u300d", " and ", ", ", "Play the role of Lyra."),
)
SEEDS = (
    ' *She waves.* "Come in." Mara nods.\n### Input:\nMara: hi',
    "Lyra\x1dMara\x1dA keeper.\n\nScenario: x\x1dHello.\nMara: no\x1d### Response:\nLyra: yes",
    "word " * 30 + "*soft* [a link](https://a.example) ```q\nx = 1\n``` ||secret||",
)

YAML_SEED = (
    b"name: Lyra\npersona: >-\n  A keeper.\ngreetings:\n- Hm.\nexamples:\n- player: Hi.\n"
    b"lore:\n- keys: bell, /b.ll/\n  text: It rings.\n  also: [old]\n  depth: 2\n"
)
LARGEST = {"card": 3000}  # a picture with a card in it has some 700 bytes
USUAL_LARGEST = 600

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(max(SECONDS_OF.values()) + 2 * PATIENCE_S),
    pytest.mark.skipif(
        find_spec("atheris") is None, reason="atheris has no wheel for this platform"
    ),
]


@pytest.mark.parametrize("target", ["stream", "split", "prompt", "card"])
def test_fuzzing_finds_nothing(target: str, tmp_path: Path) -> None:
    corpus, words = tmp_path / "corpus", tmp_path / "words.txt"
    corpus.mkdir()
    for number, seed in enumerate(_seeds(target)):
        (corpus / str(number)).write_bytes(seed)
    words.write_text("".join(f'"{spelled(word)}"\n' for word in WORDS), encoding="ascii")
    largest = f"-max_len={LARGEST.get(target, USUAL_LARGEST)}"
    seconds = SECONDS_OF.get(target, SECONDS)
    limits = (f"-max_total_time={seconds}", "-timeout=10", largest, "-len_control=0")

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tests.soak.fuzz_core", target, *limits, f"-dict={words}"),
            *(f"-artifact_prefix={tmp_path}/", str(corpus)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds + PATIENCE_S,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-6000:]
    runs = re.search(r"Done (\d+) runs", ended.stderr)
    assert runs is not None
    assert int(runs[1]) > 10 * seconds


def _seeds(target: str) -> list[bytes]:
    if target == "card":
        return [*((CARDS / name).read_bytes() for name in IMPORTABLE), YAML_SEED]
    return [bytes(8) + seed.encode() for seed in SEEDS]


def spelled(word: str) -> str:
    """Write *word* as libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())
