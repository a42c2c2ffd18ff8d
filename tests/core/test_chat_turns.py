"""A scene as a chat, and a chat as turns."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_export import to_sillytavern
from bot.core.chat_files import read_chat
from bot.core.chat_turns import chat_of, turns_of
from bot.core.facts import ReplyFacts
from bot.core.personas import PERSONA
from bot.core.scene import MessageId, Role, Scene, Turn, TurnId
from bot.core.triggers import Decision
from tests.scenes import ANN, line, reply, scene

CHATS = Path(__file__).parents[1] / "golden" / "chats"
FIRST = MessageId(1_400_000_000_000_000_000)
STORY = Scene(
    scene(started_ms=1_729_267_740_000),
    (
        replace(reply(4, "Welcome."), swipes=("Hello.", "Welcome."), current=1),
        line(5, "Hi <@9007199254740993>"),
        replace(reply(5, "A fox.", 6, 7), facts=ReplyFacts(model="m", new_tokens=3).written()),
        replace(line(8, "((brb))"), hidden=True),
        Turn(TurnId("9".zfill(20)), Role.NARRATOR, "Narrator", ("Rain.",)),
    ),
)


def spoken(role: Role, *swipes: str, current: int = 0) -> ChatMessage:
    return ChatMessage("Ann", role, swipes, current)


def values(chat: Chat) -> list[tuple[str, Role, tuple[str, ...], int, bool, int | None]]:
    return [
        (each.name, each.role, each.swipes, each.current, each.hidden, each.at_ms)
        for each in chat.messages
    ]


def test_a_scene_is_a_valid_chat_with_the_ids_of_discord() -> None:
    written = to_sillytavern(chat_of(STORY)).splitlines()

    header, *messages = [json.loads(each) for each in written]
    assert header == {
        "user_name": "Ann",
        "character_name": "Mira",
        "create_date": "2024-10-18@16h09m00s",
        "chat_metadata": {"scenario": "A harbour.\nRain."},
    }
    assert messages[1] == {
        "name": "Ann",
        "is_user": True,
        "is_system": False,
        "send_date": "2024-11-23T22:13:20.005Z",
        "mes": "Hi <@9007199254740993>",
        "extra": {"discord": {"turn": "5".zfill(20), "author": str(ANN), "messages": ["5"]}},
    }
    assert (messages[0]["swipes"], messages[0]["swipe_id"]) == (["Hello.", "Welcome."], 1)
    assert messages[2]["extra"]["model"] == "m"
    assert messages[2]["extra"]["token_count"] == 3
    assert [each["is_system"] for each in messages] == [False, False, False, True, False]
    assert (messages[4]["is_user"], messages[4]["extra"]["type"]) == (False, "narrator")


def test_a_line_is_exported_with_whom_its_author_played() -> None:
    said = replace(line(5, name="Ash"), facts={PERSONA: "A smith."})

    [written] = chat_of(replace(STORY, turns=(said,))).messages

    assert written.name == "Ash"
    assert written.fields["extra"] == {
        "persona": "A smith.",
        "discord": {"turn": "5".zfill(20), "author": str(ANN), "messages": ["5"]},
    }


def test_a_scene_that_is_exported_and_read_says_the_same() -> None:
    chat = chat_of(STORY)

    again = read_chat(to_sillytavern(chat))

    assert values(again) == values(chat)
    assert read_chat(to_sillytavern(again)) == again


def test_a_scene_tells_its_note() -> None:
    told = replace(STORY, head=replace(STORY.head, note="keep it short", note_depth=2))

    chat = chat_of(told)

    assert (chat.note, chat.note_depth, chat.scenario) == ("keep it short", 2, "A harbour.\nRain.")


@pytest.mark.parametrize("depth", [-1, True, 10**9, "4", None, 4.0])
def test_a_note_that_stands_nowhere_stands_where_notes_do(depth: object) -> None:
    assert Chat((), metadata={"note_prompt": " x ", "note_depth": depth}).note_depth == 4


def test_imported_turns_are_in_order_and_replies_belong_to_their_lines() -> None:
    chat = read_chat((CHATS / "01_st_solo.jsonl").read_bytes())

    turns = turns_of(chat, first=FIRST, step=2)

    ids = [turn.id for turn in turns]
    assert all(before < after for before, after in pairwise(ids))
    assert [turn.id.endswith("r") for turn in turns] == [True, False, True, False, False, False]
    assert turns[0].id == f"0{FIRST}r"
    assert turns[2].id == f"{turns[1].id}r"
    assert turns[5].id == f"0{FIRST + 10}"
    assert [turn.hidden for turn in turns] == [False, False, False, True, False, True]
    assert {turn.messages for turn in turns} == {()}
    assert {turn.author for turn in turns} == {None}


def test_nothing_that_is_imported_asks_for_an_answer() -> None:
    chat = Chat((spoken(Role.PLAYER, "Mira?"),))

    (turn,) = turns_of(chat, first=FIRST)

    assert turn.facts["decision"] == Decision.REMEMBER


def test_a_reply_to_a_hidden_line_stands_for_itself() -> None:
    unread = replace(spoken(Role.PLAYER, "brb"), hidden=True)
    chat = Chat((unread, spoken(Role.CHARACTER, "a"), spoken(Role.CHARACTER, "b")))

    turns = turns_of(chat, first=FIRST)

    assert [turn.id for turn in turns] == [f"0{FIRST}", f"0{FIRST + 1}r", f"0{FIRST + 2}r"]


def test_what_has_no_text_is_no_turn() -> None:
    chat = Chat(
        (
            spoken(Role.PLAYER, " \n"),
            spoken(Role.CHARACTER, "", "b", " ", "c", current=3),
            spoken(Role.CHARACTER, "a", "", current=1),
        )
    )

    turns = turns_of(chat, first=FIRST)

    assert [(turn.swipes, turn.current) for turn in turns] == [(("b", "c"), 1)]


@pytest.mark.parametrize(("current", "kept", "at"), [(0, 0, 0), (15, 10, 5), (19, 10, 9)])
def test_of_too_many_swipes_those_around_the_current_one_are_kept(
    current: int, kept: int, at: int
) -> None:
    swipes = tuple(map(str, range(20)))

    (turn,) = turns_of(Chat((spoken(Role.CHARACTER, *swipes, current=current),)), first=FIRST)

    assert (turn.swipes, turn.current) == (swipes[kept : kept + 10], at)


@pytest.mark.parametrize(
    "name",
    [path.name for path in sorted(CHATS.glob("*.json*")) if not path.name.startswith(("11", "E"))],
)
def test_what_is_imported_into_a_scene_is_exported_from_it(name: str) -> None:
    chat = read_chat((CHATS / name).read_bytes(), name)
    head = replace(STORY.head, character_name=chat.character_name, scenario="", note="")

    back = chat_of(Scene(head, turns_of(chat, first=FIRST)))

    assert values(back) == values(chat)
    assert dict(back.metadata) == dict(chat.metadata)
    assert {**back.fields, **chat.fields} == back.fields
    for was, line_back in zip(chat.messages, back.messages, strict=True):
        lost = {"swipes", "swipe_id", "mes", "name", "is_user", "is_system", "extra"}
        assert {k: v for k, v in was.fields.items() if k not in lost} == {
            k: v for k, v in line_back.fields.items() if k not in lost
        }
        extra = dict(line_back.fields["extra"])  # type: ignore[call-overload]
        assert extra.pop("discord")
        assert extra == was.fields["extra"]


def test_ids_of_another_export_are_not_taken_over() -> None:
    exported = read_chat(to_sillytavern(chat_of(STORY)))

    turns = turns_of(exported, first=FIRST)

    assert not any("discord" in text for turn in turns for text in turn.facts.values())


def test_what_is_too_long_to_keep_is_left_out() -> None:
    odd = ChatMessage("Ann", Role.PLAYER, ("x",), fields={"odd": "x" * 9_000})

    (turn,) = turns_of(Chat((odd,)), first=FIRST)

    assert turn.facts == {"decision": Decision.REMEMBER}


def test_facts_that_are_damaged_are_passed_over() -> None:
    turn = replace(line(5), facts={"chat_line": "{", "chat_header": "[1]"})

    chat = chat_of(replace(STORY, turns=(turn,)))

    assert chat.messages[0].fields == {
        "extra": {"discord": {"turn": turn.id, "author": str(ANN), "messages": ["5"]}}
    }
