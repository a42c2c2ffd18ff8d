from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from bot.adapters.tokenizer_file import TokenizerFile
from bot.core.errors import StartupError

WORDS = ["<unk>", "<s>", "The", "lamp", "schön", "🌊", "."]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A small model's tokenizer: words and marks, with a begin token before every text."""
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(r"[.]"), "isolated")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 1)]
    )
    tokenizer.enable_truncation(3)
    file = tmp_path / "tokenizer.json"
    tokenizer.save(str(file))
    return str(file)


def test_tokens_begin_at_bytes_and_the_begin_token_is_one_of_them(path: str) -> None:
    text = "The schön lamp 🌊 ."

    tokens = TokenizerFile(path).tokenize(text)

    begins = [text.encode()[start:].decode()[:1] for start in tokens.starts]
    assert list(tokens.ids) == [1, 2, 4, 3, 5, 6]
    assert begins == ["T", "T", "s", "l", "🌊", "."]


def test_a_long_text_is_counted_whole_whatever_the_file_says(path: str) -> None:
    assert len(TokenizerFile(path).tokenize("lamp " * 5000)) == 5001


def test_no_text_is_the_begin_token_alone(path: str) -> None:
    assert len(TokenizerFile(path).tokenize("")) == 1


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"version": "1.0"}', "\x00\xff"])
def test_a_file_that_is_no_tokenizer_is_one_sentence(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    if text is not None:
        file.write_text(text, encoding="latin-1")

    with pytest.raises(StartupError) as raised:
        TokenizerFile(str(file))

    assert raised.value.exit_code == 78
    assert str(file) in str(raised.value)
    assert "\n" not in str(raised.value)
