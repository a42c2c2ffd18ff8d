"""Cards of other programs in the characters' folder, as characters."""

from dataclasses import replace
from pathlib import Path

from bot.adapters.card_reader import read_card_file
from bot.adapters.folder_files import NotReadable, read_inside
from bot.adapters.pictures import redrawn
from bot.core.cards.card import Card, CardFileError
from bot.core.cards.playing import Playing, playing, shows_as_it_is
from bot.core.cards.portrait import BadPicture
from bot.core.cards.reading import MOST_BYTES
from bot.core.scene import CharacterKey

CARD_SUFFIXES = frozenset((".png", ".apng", ".webp", ".jpg", ".jpeg", ".json", ".charx"))
FIELDS_OF_CARDS = frozenset(
    ("spec", "data", "char_name", "char_persona", "context", "greeting", "first_mes", "description")
)
"""What a YAML file of another program has, and none of ours."""


class UnusableCard(Exception):
    """Nobody in the file can play; `str()` is a whole sentence."""


def read_playing_card(folder: Path, path: Path, key: CharacterKey) -> Playing:
    """Read the card in *path*, which lies in *folder*; its repairs are told with it.

    Raises:
        UnusableCard: nobody in it can play.
    """
    try:
        card = read_card_file(read_inside(folder, path, most_bytes=MOST_BYTES), path.name)
    except NotReadable as error:
        raise UnusableCard(f"{error}.") from error
    except CardFileError as error:
        raise UnusableCard(str(error)) from error
    if card.is_only_lore:
        raise UnusableCard("It is a lorebook: there is no character in it.")
    card, unseen = _with_face(card)
    found = playing(card, key)
    return Playing(found.character, (*card.warnings, *unseen, *found.warnings))


def _with_face(card: Card) -> tuple[Card, tuple[str, ...]]:
    """Draw the picture anew where it could not be shown as it is; with what is to be said of it."""
    if card.picture is None or shows_as_it_is(card.picture):
        return card, ()
    try:
        return replace(card, picture=redrawn(card.picture).face), ()
    except BadPicture as error:
        said = f"Its picture cannot be shown ({error}); it plays without one."
        return replace(card, picture=None), (said,)
