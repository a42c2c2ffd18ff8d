"""What else lies in a folder of characters: pictures, links, other files, nothing."""

import os
from pathlib import Path

import pytest

from bot.adapters.character_files import DirectoryCharacters, load_characters
from bot.core.errors import StartupError
from bot.core.scene import CharacterKey
from tests.adapters.character_folder import BAD_AVATARS, GOOD, Write, only_warning, png
from tests.profiles import LENGTHS


def test_other_files_are_none_of_our_business(folder: Path, write: Write) -> None:
    write("ann.yml", GOOD)
    write("README.md", "# Characters")
    write("ann.yaml~", "old")
    write(".ann.yaml", "hidden")

    loaded = load_characters(folder, lengths=LENGTHS)

    assert (set(loaded.characters), loaded.warnings) == ({"ann"}, ())


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
