"""A model's own tokenizer from its `tokenizer.json`, where no server can be asked."""

from array import array
from itertools import accumulate

from tokenizers import Tokenizer

from bot.core.errors import StartupError
from bot.core.generation import Tokens

EXIT_CONFIG = 78


class TokenizerFile:
    """Parts text as the model server does that loads the same file.

    Raises:
        StartupError: the file is not there, or is no tokenizer.
    """

    def __init__(self, path: str) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(path)
        except Exception as error:  # noqa: BLE001  # the library raises nothing narrower
            reason = " ".join(str(error).split())
            raise StartupError(
                f"The profile's tokenizer {path} cannot be used: {reason}.", exit_code=EXIT_CONFIG
            ) from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def tokenize(self, text: str) -> Tokens:
        """Part *text*, the begin token included where the file's model has one."""
        encoding = self._tokenizer.encode(text)
        starts = array("l", (start for start, _ in encoding.offsets))
        if not text.isascii():  # the library counts characters, `Tokens` bytes
            at_byte = [0, *accumulate(len(char.encode()) for char in text)]
            starts = array("l", (at_byte[start] for start in starts))
        return Tokens(array("l", encoding.ids), starts)
