"""Conversations that tests of the recipe read, and a tokenizer that counts words."""

import json
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers

FIRST, SECOND = "<FIRST>", "<SECOND>"
USUAL = (
    (SECOND, '"Is anybody there?"'),
    (FIRST, '"Come in," said <FIRST>, and put the kettle on for <SECOND>.'),
    (SECOND, '"Thank you. It is late."'),
    (FIRST, '"It is. Sit down where the lamp is, and tell me who is after you."'),
)


def written(
    turns: Sequence[tuple[str, str]] = USUAL,
    *,
    names: tuple[str, str] = ("Odalys", "Bram"),
    personas: tuple[str, str] = ("<FIRST> keeps a lamp.", "<SECOND> is a courier."),
    scenario: str = "A storm has closed the harbour.",
) -> str:
    """A conversation's file; JSON is YAML, too."""
    return json.dumps(
        {
            "names": dict(zip((FIRST, SECOND), names, strict=True)),
            "personas": dict(zip((FIRST, SECOND), personas, strict=True)),
            "scenario": scenario,
            "conversation": [{"name": name, "text": text} for name, text in turns],
        },
        ensure_ascii=False,
        indent=1,
    )


def put(folder: Path, name: str, text: str) -> Path:
    """Write a file below *folder*."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def word_tokenizer(folder: Path) -> Path:
    """A tokenizer's file that makes a token of every word and of every mark."""
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"[^\w\s]"), "isolated")]
    )
    path = folder / "tokenizer.json"
    tokenizer.save(str(path))
    return path
