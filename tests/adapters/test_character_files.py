import os
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from bot.adapters.character_files import DirectoryCharacters, LoadedCharacters, load_characters
from bot.adapters.character_yaml import MAX_AVATAR_BYTES, MAX_FILE_BYTES, key_for
from bot.core.characters import ExampleLine, Rating
from bot.core.errors import StartupError
from bot.core.lengths import Length
from bot.core.scene import CharacterKey, Role
from tests.profiles import LENGTHS

GOOD = "name: Ann\npersona: Ann mends nets.\n"

Write = Callable[[str, str | bytes], Path]


def png(width: int = 1, height: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "characters"
    path.mkdir()
    return path


@pytest.fixture
def write(folder: Path) -> Write:
    def write_file(name: str, content: str | bytes) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


def only_warning(loaded: LoadedCharacters) -> str:
    (warning,) = loaded.warnings
    return warning


def test_every_field_arrives(folder: Path, write: Write) -> None:
    write("face.png", png())
    write(
        "ann-of-the-nets.yaml",
        "name: Ann\n"
        "tagline: Mends nets.\n"
        "persona: >-\n  Ann mends nets\n  and talks to gulls.\n"
        "scenario: '{{char}} sits on the quay.'\n"
        "greetings:\n  - '\"Mind the hook.\"'\n  - Hello.\n"
        "examples:\n  - player: Hello?\n  - character: '\"Hm,\" said {{Char}}.'\n"
        "length: Short\nrating: everyone\navatar: face.png\n",
    )

    loaded = load_characters(folder, lengths=LENGTHS)

    character = loaded.characters[CharacterKey("ann-of-the-nets")]
    assert loaded.warnings == ()
    assert character.name == "Ann"
    assert character.tagline == "Mends nets."
    assert character.persona == "Ann mends nets and talks to gulls."
    assert character.scenario == "Ann sits on the quay."
    assert character.greetings == ('"Mind the hook."', "Hello.")
    assert character.examples == (
        ExampleLine(Role.PLAYER, "Hello?"),
        ExampleLine(Role.CHARACTER, '"Hm," said Ann.'),
    )
    assert character.length == Length("short")
    assert character.rating is Rating.EVERYONE
    assert character.avatar == png()


def test_a_name_and_a_persona_are_enough(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD)

    character = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("ann")]

    assert (character.greetings, character.examples, character.length) == ((), (), None)
    assert character.rating is Rating.EVERYONE


def test_words_that_yaml_would_turn_into_values_stay_words(folder: Path, write: Write) -> None:
    write("no.yaml", "name: No\npersona: 1_000\nscenario: 2026-01-01\ntagline: null\n")

    character = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("no")]

    assert (character.name, character.persona) == ("No", "1_000")
    assert (character.scenario, character.tagline) == ("2026-01-01", "")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n").encode(),
        b"---\n" + GOOD.encode() + b"...\n",
    ],
    ids=["byte order mark", "CRLF", "document marks"],
)
def test_what_editors_leave_behind_does_no_harm(content: bytes, folder: Path, write: Write) -> None:
    write("ann.yaml", content)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert loaded.warnings == ()
    assert loaded.characters[CharacterKey("ann")].persona == "Ann mends nets."


BROKEN: dict[str, tuple[str | bytes, str]] = {
    "no name": ("persona: x\n", "`name` is missing; write the name it speaks under"),
    "no persona": ("name: B\n", "`persona` is missing; write who the character is"),
    "empty persona": ("name: B\npersona:\n", "line 2: `persona` is missing"),
    "persona is a list": ("name: B\npersona: [a, b]\n", "line 2: `persona` must be text"),
    "name is a group": ("name: {a: b}\npersona: x\n", "line 1: `name` must be text"),
    "name too long": (f"name: {'B' * 33}\npersona: x\n", "at most 32 fit"),
    "greetings a group": (GOOD + "greetings: {a: b}\n", "line 3: `greetings` must be a list"),
    "a greeting is a list": (GOOD + "greetings: [[a]]\n", "line 3: a greeting must be text"),
    "examples are text": (GOOD + "examples: hello\n", "line 3: `examples` must be a list"),
    "example without role": (GOOD + "examples: [a]\n", "each example must be one `- player:`"),
    "example of two": (GOOD + "examples: [{player: a, character: b}]\n", "each example must be"),
    "rating guessed": (GOOD + "rating: teen\n", "line 3: `rating` must be everyone or adult"),
    "field twice": (GOOD + "name: C\n", "line 3: `name` is there twice"),
    "not YAML": ("name: [unclosed\n", "expected ',' or ']'"),
    "a tab": ("name: B\n\tpersona: x\n", "line 2: a tab stands where spaces belong"),
    "a colon in the text": ("name: B\npersona: a: b\n", "line 2: the text holds a `: `"),
    "quote left open": ("name: B\npersona: 'x\n", "a quote is opened here and never closed"),
    "two documents": (GOOD + "---\n" + GOOD, "line 3: a line of only `---`"),
    "a list": ("- name: B\n", "line 1: it must consist of `field: value` lines"),
    "text": ("hello\n", "it must consist of `field: value` lines"),
    "empty": ("", "it is empty; see characters/README.md"),
    "only a comment": ("# later\n", "it is empty"),
    "binary": (bytes(range(256)), "it is not UTF-8 text"),
    "UTF-16": (GOOD.encode("utf-16"), "it is not UTF-8 text"),
    "a picture": (png(), "it is not UTF-8 text"),
    "NUL": (b"name: B\x00\npersona: x\n", "characters that text does not have"),
    "spelt-out NUL": ('name: "B\\0"\npersona: x\n', "`name` holds characters that text does"),
    "lone surrogate": (b'name: B\npersona: "\\ud800"\n', "line 2: `persona` holds characters"),
    "no such code point": ('name: "\\UFFFFFFFF"\npersona: x\n', "characters that text does not"),
    "huge": (GOOD + "# " + "x" * MAX_FILE_BYTES, "is larger than 64 kB"),
    "deep": ("a: " + "[" * 30_000, "it is nested too deeply"),
    "alias bomb": (
        "a: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join(['*' + m] * 9)}]\n" for m, n in pairwise("abcdefghi")),
        "line 2: aliases (`*name`) are not allowed",
    ),
    "alias to itself": ("name: &a [*a]\npersona: x\n", "aliases (`*name`) are not allowed"),
    "alias as a key": ("name: &a B\n*a : x\n", "aliases (`*name`) are not allowed"),
    "a huge version number": (b"%YAML 1." + b"9" * 5000 + b"\n---\nname: B\n", "does not have"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_left_out_with_a_sentence(case: str, folder: Path, write: Write) -> None:
    content, complaint = BROKEN[case]
    write("ann.yaml", GOOD)
    write("broken.yaml", content)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann"}
    assert complaint in only_warning(loaded)
    assert only_warning(loaded).startswith("characters/broken.yaml: ")
    assert only_warning(loaded).endswith(".")
    assert only_warning(loaded).isprintable()


def test_tags_construct_nothing(folder: Path, write: Write, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    write("ann.yaml", f"name: Ann\npersona: !!python/object/apply:os.mkdir ['{trace}']\n")
    write("bob.yaml", "name: Bob\npersona: x\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert not trace.exists()
    assert set(loaded.characters) == {"bob"}


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("greeting: Hi.", "line 3: `greeting` is not a field; did you mean `greetings`?"),
        ("personality: x", "`personality` is not a field; did you mean `persona`?"),
        ("length: lnog", "`length` 'lnog' is unknown and left out; did you mean long?"),
        ("tagline: " + "x" * 101, "line 3: `tagline` has 101 characters"),
        ('"a\\nb": x', "`'a\\nb'` is not a field"),
    ],
)
def test_a_harmless_slip_is_said_and_the_character_plays(
    line: str, complaint: str, folder: Path, write: Write
) -> None:
    write("ann.yaml", GOOD + line + "\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert complaint in only_warning(loaded)
    assert "?." not in only_warning(loaded)
    assert loaded.characters[CharacterKey("ann")].name == "Ann"


def test_a_long_tagline_is_cut_to_what_discord_shows(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD + "tagline: " + "x" * 200 + "\n")

    tagline = load_characters(folder, lengths=LENGTHS).characters[CharacterKey("ann")].tagline

    assert tagline == "x" * 99 + "…"


def test_a_persona_that_crowds_out_the_story_is_said(folder: Path, write: Write) -> None:
    write("ann.yaml", "name: Ann\npersona: " + "word " * 1500 + "\n")

    assert "goes into every prompt" in only_warning(load_characters(folder, lengths=LENGTHS))


def test_two_characters_of_one_name_are_both_there_and_said(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD)
    write("other.yaml", GOOD.replace("Ann", "ANN"))

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann", "other"}
    assert "ann and other share the name 'Ann'" in only_warning(loaded)


def test_two_files_of_one_key_keep_the_first(folder: Path, write: Write) -> None:
    write("a-b.yaml", GOOD)
    write("a_b.yaml", GOOD.replace("Ann", "Bob"))

    loaded = load_characters(folder, lengths=LENGTHS)

    assert loaded.characters[CharacterKey("a-b")].name == "Ann"
    assert "characters/a_b.yaml: the name `a-b` is taken" in only_warning(loaded)


@pytest.mark.parametrize(
    ("stem", "key"),
    [
        ("Ann Marie", "ann-marie"),
        ("__ann__", "ann"),
        ("Ánn", "ánn"),
        ("アン", "アン"),
        ("!!!", ""),
        ("x" * 100, "x" * 64),
    ],
)
def test_a_key_is_a_lower_case_slug(stem: str, key: str) -> None:
    assert key_for(stem) == key


def test_other_files_are_none_of_our_business(folder: Path, write: Write) -> None:
    write("ann.yml", GOOD)
    write("README.md", "# Characters")
    write("ann.yaml~", "old")
    write(".ann.yaml", "hidden")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert (set(loaded.characters), loaded.warnings) == ({"ann"}, ())


BAD_AVATARS: dict[str, tuple[Callable[[Path], object], str]] = {
    "../secret.png": (lambda _: None, "secret.png lies outside the character folder"),
    "missing.png": (lambda _: None, "missing.png cannot be read"),
    "sub": (lambda folder: (folder / "sub").mkdir(), "sub is not a file"),
    "jpeg.png": (lambda f: (f / "jpeg.png").write_bytes(b"\xff\xd8\xff\xe0"), "is not a PNG"),
    "short.png": (lambda f: (f / "short.png").write_bytes(b"\x89PNG"), "is not a PNG picture"),
    "big.png": (
        lambda f: (f / "big.png").write_bytes(png() + bytes(MAX_AVATAR_BYTES)),
        "big.png is larger than 1024 kB",
    ),
    "link.png": (
        lambda f: (f / "link.png").symlink_to(f.parent / "secret.png"),
        "link.png lies outside the character folder",
    ),
    "loop.png": (lambda f: (f / "loop.png").symlink_to("loop.png"), "loop.png"),
    "pipe.png": (lambda f: os.mkfifo(f / "pipe.png"), "pipe.png is not a file"),
}


@pytest.mark.parametrize("name", BAD_AVATARS)
def test_a_character_plays_without_a_picture_that_cannot_be_used(
    name: str, folder: Path, write: Write
) -> None:
    make, complaint = BAD_AVATARS[name]
    (folder.parent / "secret.png").write_bytes(png())
    make(folder)
    write("ann.yaml", f"{GOOD}avatar: {name}\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert complaint in only_warning(loaded)
    assert loaded.characters[CharacterKey("ann")].avatar is None


def test_an_absolute_avatar_path_leads_nowhere(folder: Path, write: Write) -> None:
    secret = folder.parent / "secret.png"
    secret.write_bytes(png())
    write("ann.yaml", f"{GOOD}avatar: {secret}\n")

    assert load_characters(folder, lengths=LENGTHS).characters[CharacterKey("ann")].avatar is None


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, write: Write) -> None:
    outside = folder.parent / "outside.yaml"
    outside.write_text(GOOD)
    (folder / "link.yaml").symlink_to(outside)
    write("bob.yaml", GOOD)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"bob"}
    assert "link.yaml lies outside the character folder" in only_warning(loaded)


def test_a_link_within_the_folder_is_followed(folder: Path) -> None:
    """Kubernetes shows the files of a ConfigMap this way."""
    (folder / "..data").mkdir()
    (folder / "..data" / "ann.yaml").write_text(GOOD)
    (folder / "ann.yaml").symlink_to("..data/ann.yaml")

    assert set(load_characters(folder, lengths=LENGTHS).characters) == {"ann"}


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link"])
def test_what_only_looks_like_a_file_is_not_opened(kind: str, folder: Path, write: Write) -> None:
    path = folder / "trap.yaml"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            path.symlink_to("nowhere.yaml")
    write("ann.yaml", GOOD)

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann"}
    assert "trap.yaml" in only_warning(loaded)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "There is no character in "),
        ({"ann.yaml": "name: Ann\n"}, "`persona` is missing; write who the character is."),
        ({"a.yaml": "", "b.yaml": ""}, "(1 more like this)"),
    ],
)
def test_nothing_to_play_stops_the_start(
    files: dict[str, str], sentence: str, folder: Path, write: Write
) -> None:
    for name, content in files.items():
        write(name, content)

    with pytest.raises(StartupError) as caught:
        load_characters(folder, lengths=LENGTHS)

    assert sentence in str(caught.value)
    assert caught.value.exit_code == 78


def test_a_missing_folder_stops_the_start_and_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="BOT_CHARACTERS") as caught:
        load_characters(tmp_path / "nowhere", lengths=LENGTHS)

    assert caught.value.exit_code == 78


def test_the_source_hands_out_what_the_folder_held(folder: Path, write: Write) -> None:
    write("ann.yaml", GOOD + "greeting: Hi.\n")

    source = DirectoryCharacters(folder, lengths=LENGTHS)

    assert source.characters()[CharacterKey("ann")].name == "Ann"
    assert len(source.warnings) == 1


def test_a_folder_is_read_again_and_stays_as_it_was_if_nobody_in_it_can_play(
    folder: Path, write: Write
) -> None:
    write("ann.yaml", "name: Ann\npersona: Ann mends nets.\n")
    source = DirectoryCharacters(folder, lengths=LENGTHS)
    write("bea.yaml", "name: Bea\npersona: Bea sails.\n")
    write("odd.yaml", "name: [")

    [warning] = source.reload()
    assert "odd.yaml" in warning
    assert set(source.characters()) == {"ann", "bea"}

    for path in folder.iterdir():
        path.unlink()
    with pytest.raises(StartupError):
        source.reload()
    assert set(source.characters()) == {"ann", "bea"}


def test_a_minor_of_the_hosts_own_is_never_rated_adult(folder: Path, write: Write) -> None:
    write("ann.yaml", "name: Ann\npersona: 'Ann mends nets. Age: 16'\n")
    write("bob.yaml", "name: Bob\npersona: 'Bob mends nets. Age: 16'\nrating: adult\n")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert set(loaded.characters) == {"ann"}
    assert "line 3: the character is described as under 18, so it can" in only_warning(loaded)
