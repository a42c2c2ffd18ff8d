"""Writes a card as JSON, PNG or CHARX."""

import base64
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import chain, count

from bot.core.cards import archive, png
from bot.core.cards.archive import Member
from bot.core.cards.card import Card
from bot.core.cards.document import V2, V3, document_of
from bot.core.cards.png import PngText
from bot.core.cards.reading import CARD_NAME, CCV3, CHARA
from bot.core.chat_json import write_json

_PORTRAIT = "assets/icon/images/main.png"


class Container(StrEnum):
    """What a card can be written as."""

    PNG = "png"
    JSON = "json"
    CHARX = "charx"


def write_card(card: Card, container: Container) -> bytes:
    """Write *card*."""
    match container:
        case Container.PNG:
            return to_png(card)
        case Container.JSON:
            return to_json(card)
        case Container.CHARX:
            return to_charx(card)


def to_json(card: Card) -> bytes:
    """Write *card* as a V3 card."""
    return write_json(document_of(card, V3)).encode()


def to_png(card: Card) -> bytes:
    """Write *card* into its picture, for readers of V2 and of V3; into a plain one without."""
    picture = card.picture
    if picture is None or png.size_of(picture) is None:
        picture = png.plain_picture(card.name)
    texts = [
        PngText(keyword, base64.b64encode(write_json(document_of(card, spec)).encode()))
        for keyword, spec in ((CHARA, V2), (CCV3, V3))
    ]
    return png.with_texts(picture, texts)


def to_charx(card: Card) -> bytes:
    """Write *card* as an archive, with the files that it came with."""
    document = document_of(card, V3)
    files: list[Member] = list(card.members)
    data = document["data"]
    is_png = card.picture is not None and png.size_of(card.picture) is not None
    if card.avatar is None and is_png and card.picture is not None and isinstance(data, dict):
        bare = png.without_texts(card.picture, (CHARA, CCV3))
        files.append(archive.member(_free_name([file.name for file in files]), bare))
        found = data.get("assets")
        found = found if isinstance(found, list) else []
        data["assets"] = [
            {"type": "icon", "uri": f"embeded://{files[-1].name}", "name": "main", "ext": "png"},
            *(each for each in found if not _is_main_icon(each)),
        ]
    card_file = archive.member(CARD_NAME, write_json(document).encode())
    return archive.archive_of([card_file, *(file for file in files if file.name != CARD_NAME)])


def _is_main_icon(asset: object) -> bool:
    return isinstance(asset, Mapping) and (asset.get("type"), asset.get("name")) == ("icon", "main")


def _free_name(taken: Sequence[str]) -> str:
    """Return a name for the portrait that no other file has."""
    others = (f"assets/icon/images/main{number}.png" for number in count(2))
    return next(name for name in chain((_PORTRAIT,), others) if name not in taken)
