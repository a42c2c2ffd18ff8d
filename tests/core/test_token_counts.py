from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.generation import ModelLimits
from bot.core.token_counts import estimate, fingerprint, known, noted
from tests.profiles import CHATML, ZEPHRP

LIMITS = ModelLimits("zephrp-m7b", 4095, 4096, 4)
TOKENIZER = fingerprint(LIMITS, ZEPHRP)
TEXTS = st.text(max_size=60)


@given(TEXTS, st.integers(0, 100_000))
def test_a_count_that_was_noted_is_known_again(text: str, tokens: int) -> None:
    assert known(noted(tokens, text, TOKENIZER), text, TOKENIZER) == tokens


@given(TEXTS, TEXTS, st.integers(0, 100_000))
def test_the_count_of_another_text_is_not_taken(text: str, other: str, tokens: int) -> None:
    note = noted(tokens, text, TOKENIZER)

    assert (known(note, other, TOKENIZER) is None) == (text != other)


def test_a_count_by_another_tokenizer_or_for_another_format_is_not_taken() -> None:
    note = noted(7, "The lamp turns.", TOKENIZER)
    another_model = fingerprint(replace(LIMITS, model="another"), ZEPHRP)
    another_format = fingerprint(LIMITS, CHATML)

    assert known(note, "The lamp turns.", another_model) is None
    assert known(note, "The lamp turns.", another_format) is None


def test_what_the_server_takes_at_most_does_not_change_its_tokenizer() -> None:
    assert fingerprint(replace(LIMITS, max_total_tokens=8192), ZEPHRP) == TOKENIZER


@pytest.mark.parametrize("note", ["", "7", ":", "a:b:c", f"{TOKENIZER}:", "½"])
def test_a_note_that_nobody_wrote_says_nothing(note: str) -> None:
    assert known(note, "The lamp turns.", TOKENIZER) is None


@pytest.mark.parametrize("damage", ["-7", "seven", "", "7.0", " 7", "²"])
def test_a_damaged_number_says_nothing(damage: str) -> None:
    note = noted(7, "The lamp turns.", TOKENIZER).rpartition(":")[0]

    assert known(f"{note}:{damage}", "The lamp turns.", TOKENIZER) is None


def test_half_a_surrogate_pair_is_counted_like_any_text() -> None:
    broken = "\ud83d lamp"

    assert known(noted(5, broken, TOKENIZER), broken, TOKENIZER) == 5
    assert estimate(broken) >= 4


# Counted by the tokenizer of SmolLM2-135M (49,152 entries), begin token included.
COUNTED = [
    (
        (
            "*She sets the lantern down, glances at the harbour and sighs.* \"You shouldn't have "
            'come back, not after what happened at the lighthouse," she whispers; the rope creaks.'
            "\n\nShe doesn't look up."
        ),
        49,
    ),
    ("WHAT ARE YOU DOING HERE?! GET AWAY FROM THE LIGHTHOUSE, YOU ABSOLUTE SCOUNDREL!", 28),
    (
        (
            "Die Verantwortung liegt beim alten Kapitän, sagte er und setzte sich auf die "
            "verwitterte Holzbank am Hafen."
        ),
        42,
    ),
    ("Majakanvartija katseli merelle ja mietti, tulisiko laiva koskaan takaisin satamaan.", 36),
    ("Strażnik latarni patrzył na morze i zastanawiał się, czy statek wróci do portu.", 36),
    ("Xhyzor met Qyndrel of Kzrathnyx beside Ysgwyddfryn; Nnylvyrkh chanted Iqqalu-zhaqqoth.", 41),
    ("Смотритель маяка посмотрел на море и зажёг лампу.", 38),
    ("灯台守は海を見て、ランプに火をともした。", 36),
    ("nwlrbbmqbhcdarzowkkyhiddqscdxrjmowfrxsjybldbefsarcbynecdyggxxpklorellnmpapqf", 46),
    ("zzzzzzzzzzzzzzzz hmmmmmm aaaaaaargh", 18),
    ("1234567890 + 3.14159 = ?", 22),
    ("😀❤️👩‍👩‍👧‍👦🏳️‍🌈", 35),
    ("a        b\t\tc\n\n\n\nd", 10),
    ("https://example.org/kjhasd/XhQz81?utm_source=abc&ref=zzkqj", 32),
]


@pytest.mark.parametrize(("text", "tokens"), COUNTED)
def test_an_estimate_is_not_below_what_a_tokenizer_counts(text: str, tokens: int) -> None:
    assert estimate(text) >= tokens


@given(st.text(max_size=200))
def test_an_estimate_is_never_more_than_one_per_byte_and_the_begin_token(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")

    assert estimate(text) <= len(data) + 1
    assert estimate(text) * 3 >= len(data.strip(b" "))  # two letters and a blank are one


def test_english_is_not_estimated_beyond_all_measure() -> None:
    text, tokens = COUNTED[0]

    assert estimate(text) <= 2.2 * tokens
