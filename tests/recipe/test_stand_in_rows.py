from random import Random

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from bot.core.lengths import Length
from recipe.stand_in.rows import END, Weights, drawn, row, unlabelled

WEIGHTS = Weights(border=10.0, reply=1.0, player=0.3)
TEXT = (
    "### Instruction:\nPlay the role of Mira.\n\n"
    "### Input:\nTom: Hello? I am here.\n\n"
    "### Response: (length = micro)\nMira: Come in.\n\n"
    "### Input:\nTom: Why?\n\n"
    '### Response: (length = tiny)\nMira: She laughed. "Why not?"'
)


@pytest.fixture
def letters() -> Tokenizer:
    """Each character is a token."""
    found = {letter: number for number, letter in enumerate(sorted({*TEXT, *END}))}
    tokenizer = Tokenizer(models.WordLevel(found, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return tokenizer


def weighed(text: str, tokenizer: Tokenizer) -> list[tuple[str, float]]:
    """Stretches of the same weight."""
    whole = text + END
    made: list[tuple[str, float]] = []
    for letter, weight in zip(whole, row(text, tokenizer, WEIGHTS).weights, strict=True):
        if made and made[-1][1] == weight:
            made[-1] = (made[-1][0] + letter, weight)
        else:
            made.append((letter, weight))
    return made


def test_the_loss_counts_most_where_a_sentence_of_a_reply_has_ended(letters: Tokenizer) -> None:
    made = weighed(TEXT, letters)

    assert made[0] == ("### Instruction:\nPlay the role of Mira.\n\n", 0.0)
    borders = "".join(text for text, weight in made if weight == 10.0)
    replies = "".join(text for text, weight in made if weight == 1.0)
    assert borders == ' \n#  "\n#'
    assert replies == 'Come in.\n##She laughed."Why not?\n##'


def test_what_the_player_says_counts_little(letters: Tokenizer) -> None:
    said = [text for text, weight in weighed(TEXT, letters) if weight == 0.3]

    assert said[-1] == " Input:\n"
    assert " Input:\nTom: Why?\n\n### Response: (length = tiny)\nMira:" in said


def test_a_reply_without_a_label_has_no_borders(letters: Tokenizer) -> None:
    made = weighed(unlabelled(TEXT, 2), letters)

    assert 10.0 not in [weight for _, weight in made]


def test_labels_go_from_the_front_and_the_last_one_stays() -> None:
    chance = Random(1)
    seen = {drawn(TEXT, chance) for _ in range(20)}

    assert seen == {TEXT, unlabelled(TEXT, 1)}
    assert unlabelled(TEXT, 1).count("(length = ") == 1
    assert Length("tiny") in unlabelled(TEXT, 1)


def test_a_reply_ends_with_the_header_that_the_bot_takes_as_a_stop() -> None:
    from bot.core.prompt import stop_strings  # noqa: PLC0415
    from bot.core.script import Persona, Script  # noqa: PLC0415
    from tests.profiles import ZEPHRP  # noqa: PLC0415

    stop, *_ = stop_strings(Script(Persona("Mira")), ZEPHRP)

    assert stop in END
