"""Cards of other programs in the host's folder of characters."""

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.adapters.character_files import LoadedCharacters, load_characters
from bot.core.cards import png
from bot.core.characters import Character, ExampleLine, Rating
from bot.core.scene import CharacterKey, Role
from tests.cards import CARDS, as_json, document, in_picture, packed
from tests.profiles import LENGTHS

OWN = b"name: Ann\npersona: Ann mends nets.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "characters"
    path.mkdir()
    (path / "ann.yaml").write_bytes(OWN)
    return path


def loaded(folder: Path, **files: bytes) -> LoadedCharacters:
    """The folder with *files*, `aya_png` for `aya.png`."""
    for name, data in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_bytes(data)
    return load_characters(folder, lengths=LENGTHS)


def aya(folder: Path, **data: Any) -> Character:
    return loaded(folder, aya_json=as_json(document(**data))).characters[CharacterKey("aya")]


def test_a_card_plays_with_all_that_a_story_needs(folder: Path) -> None:
    picture = png.plain_picture("mine")
    value = document(
        mes_example="<START>\n{{user}}: hi\n{{char}}: *bows* hello\nagain\n<START>\nAya: Hm.",
        alternate_greetings=["<BOT> looks up at <USER>."],
        nickname="Yaya",
        tags=["nsfw"],
    )

    found = loaded(folder, aya_png=in_picture((b"ccv3", packed(value)), picture=picture))

    assert found.warnings == ()
    assert found.characters[CharacterKey("aya")] == Character(
        key=CharacterKey("aya"),
        name="Aya",
        persona="Yaya is a kitsune.\nsly",
        scenario="A shrine at dusk.",
        greetings=("Welcome, {{user}}.", "Yaya looks up at {{user}}."),
        examples=(
            ExampleLine(Role.PLAYER, "hi"),
            ExampleLine(Role.CHARACTER, "*bows* hello\nagain"),
            ExampleLine(Role.CHARACTER, "Hm."),
        ),
        rating=Rating.ADULT,
        nickname="Yaya",
        avatar=picture,
    )


def test_every_kind_of_file_plays(folder: Path) -> None:
    names = ("png/29_webp_exif_bytelist.webp", "charx/01_ok.charx", "charx/03_jpeg_polyglot.jpg")
    for name in names:
        (folder / Path(name).name).write_bytes((CARDS / name).read_bytes())
    yaml = b"name: Bo\ncontext: Bo is tall.\ngreeting: Hi.\n"

    found = loaded(folder, bo_yaml=yaml, aya_json=as_json(document()))

    assert set(found.characters) == {
        *("ann", "aya", "bo", "01-ok", "03-jpeg-polyglot", "29-webp-exif-bytelist")
    }
    assert found.characters[CharacterKey("bo")].greetings == ("Hi.",)
    assert found.characters[CharacterKey("01-ok")].avatar is not None


def test_a_bad_file_never_stops_the_others(folder: Path) -> None:
    found = loaded(
        folder,
        plain_png=png.plain_picture("x"),
        junk_json=b"{",
        world_json=as_json({"entries": {"0": {"key": ["a"], "content": "b"}}}),
        bomb_charx=b"PK\x05\x06",
        minor_json=as_json(document(description="Age: 16", tags=["nsfw"])),
        aya_json=as_json(document(personality=None)),
    )

    assert set(found.characters) == {"ann", "aya"}
    assert [warning.partition(": ")[0] for warning in found.warnings] == [
        *("characters/aya.json", "characters/bomb.charx", "characters/junk.json"),
        *("characters/minor.json", "characters/plain.png", "characters/world.json"),
    ]
    assert "`personality` was null" in found.warnings[0]
    assert "never taken" in found.warnings[3]
    assert "lorebook: there is no character in it." in found.warnings[5]


def test_a_face_is_no_card(folder: Path) -> None:
    (folder / "ann.yaml").write_bytes(OWN + b"avatar: ann.png\n")

    found = loaded(folder, ann_png=in_picture((b"chara", packed(document()))))

    assert (set(found.characters), found.warnings) == ({"ann"}, ())


def test_two_files_of_one_key_keep_the_hosts_own(folder: Path) -> None:
    found = loaded(folder, ann_json=as_json(document()))

    assert found.characters[CharacterKey("ann")].name == "Ann"
    assert found.warnings == ("characters/ann.json: the name `ann` is taken; rename this file.",)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path) -> None:
    outside = folder.parent / "aya.json"
    outside.write_bytes(as_json(document()))
    (folder / "aya.json").symlink_to(outside)

    found = loaded(folder)

    assert set(found.characters) == {"ann"}
    assert found.warnings == ("characters/aya.json: aya.json lies outside the character folder.",)


def _picture(side: int, size: int) -> bytes:
    parts = ((b"IHDR", struct.pack(">II5x", side, side)), (b"IDAT", bytes(size)), (b"IEND", b""))
    return png.MAGIC + b"".join(png.chunk_of(kind, data) for kind, data in parts)


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (_picture(60_000, 0), "too large to be shown"),
        (in_picture((b"x", b"y" * 2_000_000)), ""),
        (_picture(1, 2_000_000), "cannot be shown (it is damaged"),
    ],
    ids=["sides", "texts", "bytes"],
)
def test_a_picture_that_cannot_be_shown_is_left_out(
    picture: bytes, said: str, folder: Path
) -> None:
    data = in_picture((b"chara", packed(document())), picture=picture)

    found = loaded(folder, aya_png=data)

    assert (found.characters[CharacterKey("aya")].avatar is None) == bool(said)
    assert any(said in warning for warning in found.warnings) == bool(said)


def test_a_picture_of_another_kind_is_drawn_anew_for_a_face(folder: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (300, 450), (200, 40, 40)).save(picture, "JPEG")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        icon = {"type": "icon", "uri": "embeded://a.jpg", "name": "main", "ext": "jpg"}
        card = document("chara_card_v3", assets=[icon])
        files.writestr("card.json", as_json(card))
        files.writestr("a.jpg", picture.getvalue())

    found = loaded(folder, aya_charx=archive.getvalue())

    face = found.characters[CharacterKey("aya")].avatar
    assert face is not None
    assert png.size_of(face) == (256, 256)
    assert found.warnings == ()


def test_a_name_that_is_too_long_is_cut_and_told(folder: Path) -> None:
    found = loaded(folder, aya_json=as_json(document(name="x" * 40)))

    assert found.characters[CharacterKey("aya")].name == "x" * 32
    assert "plays as" in found.warnings[0]


VECTORS = json.loads(
    (CARDS.parent / "vectors" / "mes_example_st_1.12.6_golden.json").read_text()
)["cases"]  # fmt: skip
ROLES = {"user": Role.PLAYER, "char": Role.CHARACTER}


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["in"][:24])
def test_example_dialogue_is_parted_as_in_sillytavern(case: dict[str, Any], folder: Path) -> None:
    found = [(line.role, _bare(line.text)) for line in aya(folder, mes_example=case["in"]).examples]

    expected = [(ROLES[who], _bare(text)) for block in case["blocks"] for who, text in block]
    if case["in"] == "<START>\nNarrator text only":  # SillyTavern prints it as it is
        expected = [(Role.NARRATOR, "Narrator text only")]
    if case["in"].startswith("END_OF_DIALOG"):  # an old program's mark, no dialogue
        expected = [(Role.CHARACTER, "x")]
    assert found == expected


def _bare(text: str) -> str:
    return " ".join(text.replace("{{user}}", "Anon").split())
