"""Counts tokens as the model does that is trained: with its own tokenizer."""

from pathlib import Path
from typing import Final

from tokenizers import Tokenizer

from recipe.dataset.gguf_vocabulary import tokenizer_of
from recipe.refused import Refused

STAND_IN: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
_CACHES: Final = (Path(".cache"), Path("Library", "Caches"), Path("AppData", "Local"))


def stand_in_tokenizer() -> Path:
    """Where the stand-in's tokenizer lies, once the bot has fetched the model.

    Raises:
        Refused: it has not.
    """
    for cache in _CACHES:
        file = Path.home() / cache / "zephrp" / STAND_IN
        if file.is_file():
            return file
    raise Refused(
        "Name the tokenizer of the model with --tokenizer: the stand-in's is not here, as "
        "`python -m bot tgi` has not fetched it."
    )


class TokenCounter:
    """Counts with a `tokenizer.json`, or with the tokenizer in a GGUF file.

    Raises:
        Refused: the file is not there, or is no tokenizer.
    """

    def __init__(self, path: Path) -> None:
        self._tokenizer = tokenizer_of(path) if path.suffix == ".gguf" else _from_json(path)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def of_sample(self, text: str) -> int:
        """How many tokens *text* has, the begin token included where the model has one."""
        return len(self._tokenizer.encode(text).ids)

    def of_reply(self, name: str, text: str) -> int:
        """How many tokens a reply has behind `Name:`.

        Counted where it stands: some tokenizers put a blank before every text.
        """
        return self._bare(f"{name}: {text}") - self._bare(f"{name}:")

    def _bare(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)


def _from_json(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001  # the library raises nothing narrower
        reason = " ".join(str(error).split())
        raise Refused(f"The tokenizer {path} cannot be used: {reason}.") from None
