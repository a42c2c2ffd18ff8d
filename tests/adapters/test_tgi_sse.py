import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.tgi.sse import LineTooLong, SseDecoder

STREAM = (
    b':\n\ndata: {"a": 1}\n\ndata:{"b":"\xf0\x9f\xa7\x99"}\r\n\r\n'
    b"event: x\nid: 3\ndata: {}\n\n:\n\ndata: []\r\r"
)
EVENTS = [b'{"a": 1}', b'{"b":"\xf0\x9f\xa7\x99"}', b"{}", b"[]"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_any_chunking_gives_the_same_events(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    decoder = SseDecoder()

    seen = [event for start, end in pairwise(edges) for event in decoder.feed(STREAM[start:end])]
    seen += decoder.feed(b"\n")  # what follows a lone CR tells that it was one

    assert seen == EVENTS


def test_bytes_one_by_one_give_the_same_events() -> None:
    decoder = SseDecoder()

    seen = [event for byte in STREAM + b"\n" for event in decoder.feed(bytes([byte]))]

    assert seen == EVENTS


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    decoder = SseDecoder(line_limit=100)

    with pytest.raises(LineTooLong):
        for _ in range(10):
            list(decoder.feed(b"x" * 50))


@given(st.lists(st.text(), max_size=5), st.sampled_from(["\n", "\r\n"]))
def test_text_of_any_kind_arrives_as_it_was(texts: list[str], end: str) -> None:
    frames = "".join(f"data: {json.dumps(text)}{end}{end}" for text in texts).encode()

    seen = [json.loads(event) for event in SseDecoder().feed(frames)]

    assert seen == texts
