"""Whom a player plays where."""

import pytest

from bot.core.errors import UserError
from bot.core.personas import (
    FACE_BYTES,
    FACE_CHARACTERS,
    FACE_PIXELS,
    MOST_CHOICES,
    MOST_PERSONAS,
    PERSONA_CHARACTERS,
    PlayerPersona,
    Scope,
    Wardrobe,
    check_face,
    face_address,
    persona_text,
    told_apart,
)
from bot.core.scene import ChannelId, GuildId, Place

HARBOUR = Place(ChannelId(500), GuildId(1), ChannelId(500))
TAVERN = Place(ChannelId(600), GuildId(1), ChannelId(600))
ELSEWHERE = Place(ChannelId(700), GuildId(2), ChannelId(700))
DIRECT = Place(ChannelId(800), None, None)
ASH, MOTH, REED = PlayerPersona("Ash", "A smith."), PlayerPersona("Moth"), PlayerPersona("Reed")
ALL = Wardrobe((ASH, MOTH, REED))


def worn(wardrobe: Wardrobe, place: Place) -> str:
    found = wardrobe.worn(place)
    return f"{found[0].name} by {found[1]}" if found else "nobody"


def test_the_narrowest_choice_counts() -> None:
    chosen = (
        ALL.playing("Ash", Scope.EVERYWHERE, HARBOUR)
        .playing("moth", Scope.SERVER, HARBOUR)
        .playing("REED", Scope.SCENE, HARBOUR)
    )

    assert worn(chosen, HARBOUR) == "Reed by scene"
    assert worn(chosen, TAVERN) == "Moth by server"
    assert worn(chosen, ELSEWHERE) == "Ash by everywhere"
    assert worn(chosen, DIRECT) == "Ash by everywhere"
    assert worn(ALL, HARBOUR) == "nobody"


def test_a_choice_that_is_taken_back_leaves_the_wider_one() -> None:
    chosen = ALL.playing("Ash", Scope.EVERYWHERE, HARBOUR).playing("Moth", Scope.SCENE, HARBOUR)

    back = chosen.without_choice(Scope.SCENE, HARBOUR)

    assert worn(back, HARBOUR) == "Ash by everywhere"
    assert worn(back.without_choice(Scope.EVERYWHERE, TAVERN), HARBOUR) == "nobody"


def test_a_persona_that_is_forgotten_is_played_nowhere() -> None:
    chosen = ALL.playing("Ash", Scope.EVERYWHERE, HARBOUR).playing("Moth", Scope.SCENE, HARBOUR)

    renamed = chosen.with_persona(PlayerPersona("ASH"))

    left = renamed.without("ash")

    assert left.personas == (MOTH, REED)
    assert left.chosen == {"c500": "Moth"}
    assert worn(left, TAVERN) == "nobody"


def test_a_persona_of_the_same_name_takes_the_place_of_the_first() -> None:
    changed = ALL.playing("Ash", Scope.SERVER, HARBOUR).with_persona(PlayerPersona("ASH", "Older."))

    assert [each.name for each in changed.personas] == ["ASH", "Moth", "Reed"]
    assert worn(changed, HARBOUR) == "ASH by server"


def test_there_is_no_server_in_direct_messages() -> None:
    with pytest.raises(UserError, match=r"^There is no server here\."):
        ALL.playing("Ash", Scope.SERVER, DIRECT)


def test_an_unknown_persona_is_named() -> None:
    with pytest.raises(UserError, match=r"^You have no persona “Fern”\."):
        ALL.playing(" Fern ", Scope.SCENE, HARBOUR)
    with pytest.raises(UserError, match=r"^You have no persona “Fern”\."):
        ALL.without("Fern")


def test_there_are_only_so_many_personas() -> None:
    full = Wardrobe(tuple(PlayerPersona(f"P{number}") for number in range(MOST_PERSONAS)))

    with pytest.raises(UserError, match=rf"^You have {MOST_PERSONAS} personas"):
        full.with_persona(ASH)
    assert full.with_persona(PlayerPersona("p3", "New.")).named("P3").text == "New."


def test_of_too_many_choices_the_oldest_of_a_scene_goes() -> None:
    scenes = {f"c{number}": "Ash" for number in range(MOST_CHOICES - 2)}
    full = Wardrobe((ASH, MOTH), {"all": "Ash", "g1": "Moth", **scenes})

    again = full.playing("Moth", Scope.SCENE, Place(ChannelId(7), None, None))
    more = again.playing("Ash", Scope.SCENE, HARBOUR)

    assert len(again.chosen) == MOST_CHOICES
    assert [*again.chosen][-1] == "c7"
    assert more.chosen == {at: name for at, name in again.chosen.items() if at != "c0"} | {
        "c500": "Ash"
    }


def test_without_scenes_the_oldest_choice_goes() -> None:
    full = Wardrobe((ASH,), {f"g{number}": "Ash" for number in range(100, 100 + MOST_CHOICES)})

    more = full.playing("Ash", Scope.SERVER, HARBOUR)

    assert len(more.chosen) == MOST_CHOICES
    assert "g100" not in more.chosen


def test_a_text_is_one_paragraph() -> None:
    assert persona_text(" A smith.\r\n\n \nBurnt\u200b hands. ") == "A smith.\nBurnt hands."


def test_a_text_that_is_too_long_is_told_by_how_much() -> None:
    assert persona_text("x" * PERSONA_CHARACTERS)
    with pytest.raises(UserError, match=rf"at most {PERSONA_CHARACTERS} .* this one has 601\.$"):
        persona_text("x" * (PERSONA_CHARACTERS + 1))


@pytest.mark.parametrize(
    "url",
    [
        "http://pictures.test/a.png",
        "javascript:alert(1)",
        "https://",
        "https://[half/a.png",
        "https://mara:secret@pictures.test/a.png",
        "https://pictures.test/a\n.png",
        "https://pictures.test/" + "a" * FACE_CHARACTERS,
        "ash.png",
    ],
)
def test_what_is_no_address_of_a_picture_is_refused(url: str) -> None:
    with pytest.raises(UserError, match=r"^A picture's address begins with https://"):
        face_address(url)


def test_a_picture_has_an_address_on_the_web() -> None:
    assert face_address(" https://pictures.test/a.png?x=1 ") == "https://pictures.test/a.png?x=1"


def test_an_upload_is_a_picture_of_a_size_that_can_be_shown() -> None:
    check_face("image/png", FACE_BYTES, (FACE_PIXELS, 1))
    check_face("image/webp; charset=none", 1, (1, FACE_PIXELS))


@pytest.mark.parametrize(
    ("kind", "size", "sides"),
    [
        ("image/svg+xml", 10, (10, 10)),
        ("text/html", 10, (10, 10)),
        ("", 10, (10, 10)),
        ("image/png", FACE_BYTES + 1, (10, 10)),
        ("image/png", 10, (None, None)),
        ("image/png", 10, (FACE_PIXELS + 1, 10)),
        ("image/png", 10, (10, 0)),
    ],
)
def test_another_upload_is_refused(kind: str, size: int, sides: tuple[int | None, int]) -> None:
    with pytest.raises(UserError, match=r"^A picture is a PNG, JPEG, WebP or GIF of at most 8 MB"):
        check_face(kind, size, sides)


@pytest.mark.parametrize(
    ("name", "others", "apart"),
    [
        ("Ash", [], "Ash"),
        ("Ash", ["Moth", "Ash (2)"], "Ash"),
        ("Ash", ["Ash"], "Ash (2)"),
        ("ASH", ["A\u0455h", "Ash (2)"], "ASH (3)"),
        ("x" * 32, ["X" * 32], "x" * 28 + " (2)"),
    ],
)
def test_two_players_of_one_name_are_told_apart(name: str, others: list[str], apart: str) -> None:
    assert told_apart(name, others) == apart
