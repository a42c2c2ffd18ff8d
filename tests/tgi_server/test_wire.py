from bot.tgi_server.wire import (
    Ending,
    Refused,
    Token,
    encode,
    failed,
    frame,
    invalid,
    overloaded,
    stream_event,
    whole_answer,
)


def test_a_token_event_has_tgis_bytes() -> None:
    token = Token(9824, " Hi", -0.31)

    sent = frame(stream_event(1, token, ending=None, details=True, top=False))

    assert sent == (
        b'data: {"index":1,"token":{"id":9824,"text":" Hi","logprob":-0.31,"special":false},'
        b'"generated_text":null,"details":null}\n\n'
    )


def test_the_last_event_carries_the_text_and_the_details() -> None:
    token = Token(2, "</s>", -0.01, special=True)
    ending = Ending("eos_token", 2, 57, 42, " Hi")

    sent = frame(stream_event(2, token, ending=ending, details=True, top=False))

    assert sent == (
        b'data: {"index":2,"token":{"id":2,"text":"</s>","logprob":-0.01,"special":true},'
        b'"generated_text":" Hi","details":{"finish_reason":"eos_token","generated_tokens":2,'
        b'"seed":42,"input_length":57}}\n\n'
    )


def test_details_are_null_unless_they_were_asked_for() -> None:
    ending = Ending("length", 1, 3, None, "x")

    event = stream_event(1, Token(1, "x"), ending=ending, details=False, top=False)

    assert event["generated_text"] == "x"
    assert event["details"] is None


def test_top_tokens_stand_between_token_and_text() -> None:
    token = Token(1, "a", -0.5, top=(Token(2, "b", -1.5),))

    event = stream_event(1, token, ending=None, details=False, top=True)

    assert list(event) == ["index", "token", "top_tokens", "generated_text", "details"]
    assert event["top_tokens"] == [{"id": 2, "text": "b", "logprob": -1.5, "special": False}]


def test_characters_travel_as_they_are() -> None:
    assert encode({"text": "é🧙"}) == '{"text":"é🧙"}'.encode()


def test_a_logprob_is_the_shortest_decimal_of_its_32_bits() -> None:
    assert Token(1, "a", -3.6969354152679443).body["logprob"] == -3.6969354
    assert Token(1, "a", float("nan")).body["logprob"] is None
    assert Token(1, "a", 0.0).body["logprob"] == 0.0


def test_a_whole_answer_leaves_out_what_is_empty() -> None:
    ending = Ending("length", 1, 3, 7, " x")

    plain = whole_answer(" x", [Token(5, " x", -1.0)], ending, details=False, top=False)
    told = whole_answer(" x", [Token(5, " x", -1.0)], ending, details=True, top=False)

    assert plain == {"generated_text": " x"}
    assert encode(told) == (
        b'{"generated_text":" x","details":{"finish_reason":"length","generated_tokens":1,'
        b'"seed":7,"prefill":[],"tokens":[{"id":5,"text":" x","logprob":-1.0,"special":false}]}}'
    )


def test_errors_have_tgis_names_and_statuses() -> None:
    told = [
        (error.status, error.body)
        for error in (
            invalid("`inputs` cannot be empty"),
            overloaded(),
            failed("gone"),
            Refused("unhealthy", kind="healthcheck"),
            Refused("Incomplete generation", kind="incomplete_generation"),
        )
    ]

    assert told == [
        (422, {"error": "Input validation error: `inputs` cannot be empty",
               "error_type": "validation"}),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}),
        (424, {"error": "Request failed during generation: Server error: gone",
               "error_type": "generation"}),
        (503, {"error": "unhealthy", "error_type": "healthcheck"}),
        (500, {"error": "Incomplete generation", "error_type": "incomplete_generation"}),
    ]  # fmt: skip
