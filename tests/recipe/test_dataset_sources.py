"""S42: what never becomes training text, whatever flag is given."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_export import ChatFormat, exported, file_name
from bot.core.scene import Role
from recipe.__main__ import main
from recipe.dataset import sources
from recipe.dataset.exports import discord_trace, export_kind
from recipe.dataset.sources import find_sources
from recipe.refused import Refused
from tests.chats import CHATS
from tests.recipe.conversations import FIRST, SECOND, USUAL, put, word_tokenizer, written

SNOWFLAKE = "1310712345678901248"
CHAT = Chat(
    (
        ChatMessage("Mara", Role.PLAYER, ("Is anybody there?",), at_ms=1_700_000_000_000),
        ChatMessage("Lyra", Role.CHARACTER, ("Come in.", "Go away.")),
    ),
    "Mara",
    "Lyra",
)
Complaint = Callable[..., str]


@pytest.fixture
def complaint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Complaint:
    """What `dataset` says of the folder `texts` with every flag that might let something in."""

    def said(*allowed: str) -> str:
        flags = [part for name in allowed for part in ("--source", name)]
        capsys.readouterr()
        code = main(
            [
                *("dataset", str(tmp_path / "texts"), "--out", str(tmp_path / "out.jsonl")),
                *("--tokenizer", str(word_tokenizer(tmp_path)), *flags),
            ]
        )
        text = capsys.readouterr().err
        assert code == 2, text
        assert text.endswith(".\n")
        assert text.count("\n") == 1
        assert not (tmp_path / "out.jsonl").exists()
        return text

    return said


@pytest.mark.parametrize(
    "name",
    [
        *("lolicit", "Lolicit", "loli-cit", "LOLICIT_v2", "data-lolicit", "\uff4colicit"),
        *("fallen", "the-fallen", "elliquiy_fallen", "ponyville", "My Ponyville"),
    ],
)
@pytest.mark.parametrize("place", ["{}/01.yaml", "inn/{}/01.yaml", "{}/deep/er/notes.txt"])
def test_the_known_bad_sets_stop_everything_even_if_they_are_named(
    name: str, place: str, tmp_path: Path, complaint: Complaint
) -> None:
    put(tmp_path, "texts/inn/00.yaml", written())
    put(tmp_path, f"texts/{place.format(name)}", written())
    allowed = {"inn", place.format(name).partition("/")[0]}

    assert "lies in a set that is never read, whatever is allowed" in complaint(*allowed)


def test_a_bad_set_is_known_by_a_files_name_by_the_folder_above_and_behind_a_link(
    tmp_path: Path,
) -> None:
    put(tmp_path, "texts/inn/lolicit-0001.yaml", written())
    put(tmp_path, "lolicit/part/inn/01.yaml", written())
    (tmp_path / "clean" / "inn").mkdir(parents=True)
    (tmp_path / "clean" / "inn" / "01.yaml").symlink_to(tmp_path / "lolicit/part/inn/01.yaml")
    (tmp_path / "linked").symlink_to(tmp_path / "lolicit" / "part")

    for folder in ("texts", "lolicit/part", "clean", "linked"):
        with pytest.raises(Refused, match="never read, whatever is allowed"):
            find_sources(tmp_path / folder, ["inn"])


def test_our_own_folder_is_allowed_and_lets_no_bad_set_in_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "OWN", (tmp_path / "data",))
    put(tmp_path, "data/inn/01.yaml", written())
    put(tmp_path, "data/well/01.yaml", written())
    assert [each.source for each in find_sources(tmp_path / "data", []).files] == ["inn", "well"]
    assert [each.source for each in find_sources(tmp_path / "data", ["well"]).files] == ["well"]
    put(tmp_path, "data/ponyville/01.yaml", written())

    with pytest.raises(Refused, match="never read"):
        find_sources(tmp_path / "data", [])


def test_a_tree_that_fell_is_no_bad_set(tmp_path: Path) -> None:
    put(tmp_path, "texts/inn/01-the-fallen-tree.yaml", written())

    assert len(find_sources(tmp_path / "texts", ["inn"]).files) == 1


def test_only_sources_that_are_named_are_read(tmp_path: Path, complaint: Complaint) -> None:
    for name in ("inn", "well", "attic"):
        put(tmp_path, f"texts/{name}/01.yaml", written())

    found = find_sources(tmp_path / "texts", ["well"])

    assert [each.file for each in found.files] == ["well/01.yaml"]
    assert found.passed_over == ["attic", "inn"]
    assert "is on the allow-list" in complaint()


def test_files_are_found_in_one_order(tmp_path: Path) -> None:
    names = ["b/2.yaml", "b/10.yml", "a/z.yaml", "B.yaml", "a/sub/1.yaml"]
    for name in names:
        put(tmp_path, f"texts/{name}", written())

    found = find_sources(tmp_path / "texts", ["a", "b", "texts"])

    files = ["B.yaml", "a/z.yaml", "a/sub/1.yaml", "b/10.yml", "b/2.yaml"]
    assert [each.file for each in found.files] == files


def test_a_folder_that_is_none_or_holds_nothing_is_one_sentence(
    tmp_path: Path, complaint: Complaint
) -> None:
    assert "is no folder" in complaint()
    (tmp_path / "texts").mkdir()
    assert "There are no conversations in" in complaint()


@pytest.mark.parametrize("chosen", ChatFormat)
@pytest.mark.parametrize("ending", ["", ".yaml", ".txt"])
def test_what_the_bot_exports_is_refused_whatever_it_is_called(
    chosen: ChatFormat, ending: str, tmp_path: Path, complaint: Complaint
) -> None:
    put(tmp_path, "texts/inn/00.yaml", written())
    name = file_name(CHAT, chosen) + ending
    put(tmp_path, f"texts/inn/{name}", exported(CHAT, chosen).decode())

    said = complaint("inn")

    assert said.startswith(f"inn/{name} is ")
    assert "what people wrote is no training data" in said


@pytest.mark.parametrize("path", sorted(CHATS.glob("*.json*")), ids=lambda path: path.name)
def test_chats_of_other_front_ends_are_refused(path: Path) -> None:
    if "not_a_chat" not in path.name and path.name != "EXPECTED.json":
        assert export_kind(path.read_bytes())


def test_a_conversation_and_a_readme_are_no_exports() -> None:
    assert export_kind(written().encode()) == ""
    assert export_kind(b"# Texts\n\nTwo hundred conversations.\n\n- **Note:** by hand\n") == ""


@pytest.mark.parametrize(
    ("trace", "where"),
    [
        ({"turns": [*USUAL, (SECOND, f"I am {SNOWFLAKE}.")]}, "conversation[4].text holds an id"),
        ({"turns": [(SECOND, "<@42> hello"), *USUAL[1:]]}, "conversation[0].text holds a mention"),
        ({"scenario": "\u200b".join(SNOWFLAKE)}, "scenario holds an id"),
        ({"scenario": "\uff11" * 18}, "scenario holds an id"),
        ({"names": ("Odalys", SNOWFLAKE)}, "names.<SECOND> holds an id"),
        ({"personas": ("x <#1>", "y")}, "personas.<FIRST> holds a mention"),
        ({"personas": ("x", "<:wave:12>")}, "personas.<SECOND> holds a mention"),
        ({"scenario": "https://discord.com/channels/1/2"}, "scenario holds an address"),
        ({"scenario": "https://cdn.discordapp.com/x.png"}, "scenario holds an address"),
    ],
)
def test_ids_of_discord_are_refused_by_file_and_field(
    trace: dict[str, object], where: str, tmp_path: Path, complaint: Complaint
) -> None:
    put(tmp_path, "texts/inn/01.yaml", written(**trace))  # type: ignore[arg-type]  # some fields

    assert complaint("inn").startswith(f"inn/01.yaml: {where} of Discord's")


def test_ids_in_comments_and_file_names_are_refused(tmp_path: Path, complaint: Complaint) -> None:
    path = put(tmp_path, "texts/inn/01.yaml", f"# from {SNOWFLAKE}\n{written()}")
    assert complaint("inn") == "inn/01.yaml: line 1 holds an id of Discord's.\n"
    path.unlink()
    put(tmp_path, f"texts/inn/{SNOWFLAKE}.yaml", written())

    assert complaint("inn") == f"inn/{SNOWFLAKE}.yaml has an id of Discord's in its name.\n"
    put(tmp_path, f"{SNOWFLAKE}/inn/01.yaml", written())
    with pytest.raises(Refused, match="has an id of Discord's in its name"):
        find_sources(tmp_path / SNOWFLAKE, ["inn"])


@pytest.mark.parametrize("text", ["In 1923, 4,000 ships.", "1234567890123456", "<i>", "@ home"])
def test_numbers_in_stories_are_no_ids(text: str) -> None:
    assert discord_trace(text) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: [", "is no YAML"),
        ("a: *b", "is no YAML"),
        ("just a text", "has no fields"),
        ("", "has no fields"),
        (written() + "\nmore: 1", "is no YAML"),
        ('{"names": {"<FIRST>": "A"}}', "names.<SECOND> is to be a text"),
        ('{"names": {"<FIRST>": "A", "<FIRST>": "B"}}', "names.<FIRST> stands there twice"),
        ('{"title": "x"}', "title is no field of a conversation"),
        ('{"scenario": {"a": "x"}}', "scenario.a is no field of a conversation"),
        (written([]), "conversation is to be a list of turns"),
        (written([(SECOND, "Hello?")]), "conversation holds no turn of <FIRST>"),
        (written([(FIRST, "Hi."), ("<THIRD>", "x")]), "conversation[1].name is to be <FIRST> or"),
        (written([(FIRST, "  ")]), "conversation[0].text is to be a text"),
        (written([(FIRST, "Hi <THIRD>.")]), "conversation[0].text holds <THIRD>"),
        (written([(FIRST, "Hi {{user}}.")]), "conversation[0].text holds {{user}}"),
        (written(scenario="<first> waits."), "scenario holds <first>"),
        (written(names=("Ann: a", "Bram")), "names.<FIRST> cannot stand before a colon"),
        (written(names=("Ann", "ann")), "names.<SECOND> is the other's name"),
        (written(personas=("x", "Bram is 15 years old.")), "personas.<SECOND> describes somebody"),
        (written(scenario="A girl. Age: 9."), "scenario describes somebody under 18"),
    ],
)
def test_a_file_that_is_no_conversation_is_refused_by_file_and_field(
    text: str, words: str, tmp_path: Path, complaint: Complaint
) -> None:
    put(tmp_path, "texts/inn/01.yaml", text)

    said = complaint("inn")

    assert said.startswith("inn/01.yaml")
    assert words in said


def test_bytes_that_are_no_text_and_files_too_large_are_refused(
    tmp_path: Path, complaint: Complaint
) -> None:
    path = put(tmp_path, "texts/inn/01.yaml", "")
    path.write_bytes(b"names: \xff\xfe")
    assert "is not UTF-8" in complaint("inn")
    path.write_bytes(b"#" * 2_000_001)

    assert "is larger than 2 MB" in complaint("inn")


def test_our_own_texts_may_speak_of_an_old_dog_that_is_eleven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, complaint: Complaint
) -> None:
    text = written(personas=("<FIRST> is a sledge dog, eleven years old.", "A musher."))
    put(tmp_path, "texts/inn/01.yaml", text)
    assert "describes somebody under 18" in complaint("inn")
    monkeypatch.setattr(sources, "OWN", (tmp_path / "texts",))

    code = main(
        [
            *("dataset", str(tmp_path / "texts"), "--out", str(tmp_path / "out.jsonl")),
            *("--tokenizer", str(word_tokenizer(tmp_path))),
        ]
    )

    assert code == 0
