"""What holds for every file, however it came about."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.chat import Chat
from bot.core.chat_export import to_html, to_markdown, to_sillytavern
from bot.core.chat_files import ChatFileError, read_chat
from bot.core.chat_turns import chat_of, turns_of
from bot.core.scene import MessageId, Scene
from tests.chat_pages import Page
from tests.scenes import scene

CHATS = Path(__file__).parents[1] / "golden" / "chats"
FILES = [path.read_bytes() for path in sorted(CHATS.iterdir())]
NAMES = ["", "a.jsonl", "a.json", "a.txt", "a"]
SOAK = settings(max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIELDS = [
    *("name", "is_user", "is_system", "send_date", "mes", "extra", "swipes", "swipe_id", "type"),
    *(
        "swipe_info",
        "user_name",
        "character_name",
        "create_date",
        "chat_metadata",
        "message",
        "src",
    ),
    *("messages", "msg", "userId", "handle", "ooc", "createdAt", "data_visible", "visible", "data"),
    *("histories", "msgs", "text", "is_human", "role", "time", "disabled", "note", "actions"),
    *("prompt", "savedsettings", "chatname", "chatopponent", "authorsnote", "scenario", "discord"),
    *("note_prompt", "note_depth", "memory", "author", "source", "odd"),
]
TEXTS = [
    *(
        "Aya",
        "Anon",
        "unused",
        "",
        " ",
        "Hi.",
        "*a* **b",
        "||x||",
        "`c`",
        "```\nd\n```",
        "<script>",
    ),
    *("narrator", "comment", "risuChat", "risuAllChats", "user", "char", "true", "0", "1", "\x00"),
    *(
        "{{[INPUT]}}",
        "{{[OUTPUT]}}a",
        "{{[SYSTEM]}}",
        "Aya: x\nAnon: y",
        "A||$||B",
        "\ud800",
        "\r\n",
    ),
    *("October 18, 2024 4:09pm", "2024-10-18T16:09:00Z", "1697791234567", "\u2028", "a" * 300),
]
NUMBERS = [0, 1, -1, 2, 2.0, 0.5, 1697791234567, 1e300, 10**25, float("nan"), float("inf")]
scalars = (
    st.sampled_from(TEXTS)
    | st.sampled_from(NUMBERS)
    | st.booleans()
    | st.none()
    | st.text(max_size=5)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6)
    ),
    max_leaves=12,
)
messages = st.fixed_dictionaries(
    {"mes": st.sampled_from(TEXTS) | values},
    optional={
        "name": scalars,
        "is_user": st.booleans() | scalars,
        "is_system": st.booleans() | scalars,
        "send_date": scalars | values,
        "extra": values,
        "swipes": st.lists(scalars | values, max_size=5),
        "swipe_id": st.integers(-1, 6) | scalars,
        "odd": values,
    },
)
documents = st.dictionaries(st.sampled_from(FIELDS), values, max_size=5)
some = st.lists(documents | scalars, max_size=4)
foreign = st.one_of(
    st.fixed_dictionaries({"messages": some, "scenario": scalars}),
    st.fixed_dictionaries({"data_visible": st.lists(st.lists(scalars, max_size=3), max_size=4)}),
    st.fixed_dictionaries(
        {"histories": st.lists(st.fixed_dictionaries({"msgs": some}), max_size=3)}
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["risuChat", "risuAllChats"]),
            "data": st.fixed_dictionaries({"message": some, "note": scalars}) | values,
        }
    ),
    st.fixed_dictionaries(
        {
            "savedsettings": documents,
            "prompt": scalars,
            "actions": st.lists(
                st.lists(st.sampled_from(TEXTS)).map("".join) | scalars, max_size=5
            ),
        }
    ),
)
structured = st.one_of(
    st.tuples(messages | documents, st.lists(messages | messages | documents, max_size=7)).map(
        lambda chat: "\n".join(map(json.dumps, [chat[0], *chat[1]])).encode()
    ),
    foreign.map(lambda one: json.dumps(one).encode()),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file of the collection, with some stretches cut out, doubled or overwritten."""
    data = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 30)))
        instead = draw(
            st.just(b"")
            | st.just(data[start:end] * 2)
            | st.binary(max_size=6)
            | st.sampled_from([b'"', b"{", b"}", b"[", b"]", b",", b":", b"\n", b"null", b"1e999"])
        )
        data = data[:start] + instead + data[end:]
    return data


def holds(data: bytes, name: str) -> Chat | None:
    """Read *data*; whatever could be read can be exported, and is the same when read again."""
    try:
        chat = read_chat(data, name)
    except ChatFileError as error:
        said = str(error)
        assert said.endswith(".")
        assert "\n" not in said
        return None
    again = read_chat(to_sillytavern(chat))
    assert again == chat
    assert again.warnings in {(), ("There are no messages in the file.",)}
    Page(to_html(chat).decode())
    assert to_markdown(chat).decode()
    return chat


def holds_as_turns(chat: Chat) -> None:
    """What has a text becomes a turn, and comes back from the scene as it was."""
    turns = turns_of(chat, first=MessageId(10**18))
    spoken = [each for each in chat.messages if each.text.strip()]
    assert [(turn.role, turn.hidden, turn.text) for turn in turns] == [
        (each.role, each.hidden, each.text) for each in spoken
    ]
    assert len({turn.id for turn in turns}) == len(turns)
    assert [turn.id for turn in turns] == sorted(turn.id for turn in turns)
    back = chat_of(Scene(scene(), turns))
    assert [(each.text, each.at_ms) for each in back.messages] == [
        (each.text, each.at_ms) for each in spoken
    ]
    assert len(read_chat(to_sillytavern(back)).messages) == len(turns)


def any_of_them(data: bytes, name: str) -> None:
    if (chat := holds(data, name)) is not None:
        holds_as_turns(chat)


@settings(max_examples=250, deadline=None)
@given(structured, st.sampled_from(NAMES))
def test_any_objects_are_read_or_refused(data: bytes, name: str) -> None:
    any_of_them(data, name)


@settings(max_examples=250, deadline=None)
@given(damaged(), st.sampled_from(NAMES))
def test_any_damaged_file_is_read_or_refused(data: bytes, name: str) -> None:
    any_of_them(data, name)


@settings(max_examples=80, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    any_of_them(data, "a.txt")


@pytest.mark.soak
@pytest.mark.timeout(900)
@SOAK
@given(structured | damaged() | st.binary(max_size=2000), st.sampled_from(NAMES))
def test_any_file_is_read_or_refused_for_long(data: bytes, name: str) -> None:
    any_of_them(data, name)


def test_a_megabyte_is_read_in_less_than_a_second() -> None:
    said: list[dict[str, Any]] = [{"user_name": "Anon", "character_name": "Aya"}]
    for number in range(900):
        text = f'*She lifts lamp {number}.* "Is it late?" ' * 12
        swipes = [text, text.upper()]
        said.append({"name": "Aya", "is_user": number % 2 == 0, "mes": text, "swipes": swipes})
    data = "\n".join(map(json.dumps, said)).encode()
    assert len(data) > 1_000_000

    took_s = min(timed(data) for _ in range(3))

    assert took_s < 1


def timed(data: bytes) -> float:
    began = time.process_time()
    assert len(read_chat(data).messages) == 900
    return time.process_time() - began
