from typing import Any

import pytest

from bot.tgi_server.requests import (
    Parameters,
    Request,
    Unreadable,
    check_tokens,
    check_values,
    read_request,
)
from bot.tgi_server.wire import Refused

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"best_of": 2}, "you must use sampling when `best_of` is > 1"),
    ({"best_of": 3, "do_sample": True}, "`best_of` must be > 0 and <= 1. Given: 3"),
    ({"best_of": 0}, "`best_of` must be > 0 and <= 1. Given: 0"),
    ({"temperature": 0.0}, "`temperature` must be strictly positive"),
    ({"repetition_penalty": -1.0}, "`repetition_penalty` must be strictly positive"),
    ({"frequency_penalty": 2.5}, "`frequency_penalty` must be >= -2.0 and <= 2.0"),
    ({"top_p": 1.0}, "`top_p` must be > 0.0 and < 1.0"),
    ({"typical_p": 0.0}, "`typical_p` must be > 0.0 and < 1.0"),
    ({"top_k": 0}, "`top_k` must be strictly positive"),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be strictly positive"),
    ({"stop": list("abcde")}, "`stop` supports up to 4 stop sequences. Given: 5"),
    ({"top_n_tokens": 256}, "`top_n_tokens` must be >= 0 and <= 5. Given: 256"),
    ({"truncate": 0}, "`truncate` must be strictly positive and less than 4095. Given: 0"),
    (
        {"grammar": {"type": "regex", "value": "[0-9"}},
        "grammar is not valid: unterminated character set at position 0",
    ),
    ({"truncate": 5000}, "`truncate` must be strictly positive and less than 4095. Given: 5000"),
]


@pytest.mark.parametrize(("parameters", "message"), REFUSED)
def test_a_value_out_of_range_is_refused_in_tgis_words(
    parameters: dict[str, Any], message: str
) -> None:
    request = read_request({"inputs": "Hello", "parameters": parameters})

    with pytest.raises(Refused) as refused:
        check_values(request, streaming=False, max_input_tokens=4095)

    assert str(refused.value) == f"Input validation error: {message}"


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(Refused, match="`inputs` cannot be empty"):
        check_values(Request(""), streaming=True, max_input_tokens=4095)


def test_streams_refuse_what_only_whole_answers_can_have() -> None:
    best = read_request({"inputs": "x", "parameters": {"best_of": 2, "do_sample": True}})
    details = read_request({"inputs": "x", "parameters": {"decoder_input_details": True}})

    with pytest.raises(Refused, match="`best_of` != 1 is not supported when streaming tokens"):
        check_values(best, streaming=True, max_input_tokens=9)
    with pytest.raises(Refused, match="`decoder_input_details` == true is not supported"):
        check_values(details, streaming=True, max_input_tokens=9)


def test_usual_parameters_are_accepted() -> None:
    request = read_request(
        {
            "inputs": "Hello",
            "parameters": {
                "do_sample": True, "temperature": 0.75, "top_p": 0.95, "top_k": None,
                "repetition_penalty": 1.1, "seed": 2**64 - 1, "max_new_tokens": 256,
                "stop": ["\n###"], "details": True, "unknown": 1, "return_full_text": None,
            },
            "stream": True,
        }
    )  # fmt: skip

    check_values(request, streaming=True, max_input_tokens=4095)

    assert request.stream
    assert request.parameters.seed == 2**64 - 1
    assert request.parameters.stop == ("\n###",)


def test_prompt_and_reply_must_fit_and_the_sum_is_checked_first() -> None:
    with pytest.raises(Refused) as both:
        check_tokens(4200, 512, max_total_tokens=4096)
    with pytest.raises(Refused) as alone:
        check_tokens(4096, None, max_total_tokens=4096)

    assert str(both.value) == (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096."
        " Given: 4200 `inputs` tokens and 512 `max_new_tokens`"
    )
    assert str(alone.value) == (
        "Input validation error: `inputs` must have less than 4095 tokens. Given: 4096"
    )


def test_a_reply_may_be_as_long_as_the_window_leaves_room() -> None:
    assert check_tokens(96, None, max_total_tokens=4096) == 4000
    assert check_tokens(96, 10, max_total_tokens=4096) == 10
    assert check_tokens(3000, 9000, max_total_tokens=4096) == 1096


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "missing field `inputs`"),
        ([], "invalid type: sequence, expected struct GenerateRequest"),
        ({"inputs": 1}, "inputs: invalid type: integer `1`, expected a string"),
        ({"inputs": "x", "parameters": []}, "expected struct GenerateParameters"),
        ({"inputs": "x", "parameters": {"stop": None}}, "invalid type: null, expected a sequence"),
        ({"inputs": "x", "parameters": {"stop": [1]}}, "invalid type: integer `1`"),
        ({"inputs": "x", "parameters": {"do_sample": None}}, "invalid type: null"),
        ({"inputs": "x", "parameters": {"seed": -1}}, "invalid value: integer `-1`, expected u64"),
        ({"inputs": "x", "parameters": {"seed": True}}, "invalid type: boolean `true`"),
        ({"inputs": "x", "parameters": {"top_k": 1.5}}, "invalid type: floating point `1.5`"),
        ({"inputs": "x", "parameters": {"temperature": "hot"}}, 'string "hot", expected f32'),
        ({"inputs": "x", "parameters": {"grammar": {"type": "bnf", "value": ""}}}, "unknown vari"),
        ({"inputs": "x", "stream": 1}, "stream: invalid type: integer `1`, expected a boolean"),
    ],
)
def test_a_body_of_the_wrong_shape_is_unreadable(body: object, told: str) -> None:
    with pytest.raises(Unreadable) as unreadable:
        read_request(body)

    assert told in str(unreadable.value)


def test_sampling_is_off_when_parameters_ask_for_nothing_random() -> None:
    assert Request("x").parameters.samples
    assert not read_request({"inputs": "x", "parameters": {}}).parameters.samples
    assert not Parameters(temperature=1.0).samples
    assert Parameters(temperature=0.7).samples
    assert Parameters(top_k=5).samples
