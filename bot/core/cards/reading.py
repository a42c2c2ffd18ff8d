"""Reads a file of any kind to the card in it: `read_card`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from bot.core.cards import archive, exif, png
from bot.core.cards.archive import BadArchive, Member
from bot.core.cards.card import Card, CardFileError, CardRefused
from bot.core.cards.card_data import card_of, is_refused, judged
from bot.core.cards.notes import Notes
from bot.core.cards.payload import BadPayload, LockedPayload, ReadYaml, no_yaml, read_payload
from bot.core.cards.png import BadPng
from bot.core.cards.shapes import shaped
from bot.core.phrases import phrase, template

__all__ = ["MOST_BYTES", "Card", "CardFileError", "CardRefused", "read_card"]

MOST_BYTES = 20_000_000
MOST_CARD = 2 * 1024 * 1024
MOST_PICTURE = 8 * 1024 * 1024
CHARA, CCV3 = "chara", "ccv3"
CARD_NAME = "card.json"

_WHAT_TO_GIVE = phrase("give a character card as PNG, WebP, JSON, YAML or CHARX.")
_NO_CARD_IN_PICTURE = template(
    "There is no character in this {kind} picture: it was saved anew or is a screenshot, "
    "so give the file as it was downloaded."
)
_LOCKED = phrase("The card is locked with a password: open it in RisuAI and export it without one.")
_MINOR_AND_ADULT = phrase(
    "The character is described as under 18 and marked as adult: such a card is never taken."
)
_EMBEDDED = ("embeded://", "embedded://", "__asset:")


@dataclass(frozen=True, slots=True)
class _Contents:
    """What a file holds: a document, and what lies around it."""

    document: object
    picture: bytes | None = None
    members: tuple[Member, ...] = ()


def read_card(data: bytes, filename: str = "", *, read_yaml: ReadYaml = no_yaml) -> Card:
    """Read a card; the file's name only stands in for a name that is missing.

    A lorebook is read as a card with nothing but its `character_book`.

    Raises:
        CardFileError: it is too large, or there is no card in it.
        CardRefused: the card is of a kind that is never taken.
    """
    if len(data) > MOST_BYTES:
        raise CardFileError(
            phrase(
                "The file is larger than {most_bytes} MB: give a smaller picture.",
                most_bytes=MOST_BYTES // 1000000,
            )
        )
    if not data.strip(b" \t\r\n\0"):
        raise CardFileError(phrase("The file is empty: {what_to_give}", what_to_give=_WHAT_TO_GIVE))
    notes = Notes()
    contents = _opened(data, notes, read_yaml)
    found = shaped(contents.document, notes)
    if found is None:
        raise CardFileError(
            phrase("There is no character in the file: {what_to_give}", what_to_give=_WHAT_TO_GIVE)
        )
    card = judged(card_of(found, notes, fallback=PurePosixPath(filename).stem))
    if is_refused(card):
        raise CardRefused(_MINOR_AND_ADULT)
    card = _with_picture(card, contents, notes)
    return replace(card, warnings=notes.all())


def _opened(data: bytes, notes: Notes, read_yaml: ReadYaml) -> _Contents:
    try:
        for is_it, read in _CONTAINERS:
            if is_it(data):
                return read(data, notes)
        return _Contents(read_payload(data, notes, read_yaml))
    except LockedPayload:
        raise CardFileError(_LOCKED) from None
    except BadPayload as error:
        raise CardFileError(
            phrase(
                "The file cannot be read ({error}): {what_to_give}",
                error=str(error),
                what_to_give=_WHAT_TO_GIVE,
            )
        ) from None


def _read_png(data: bytes, notes: Notes) -> _Contents:
    try:
        found = png.texts(data, (CHARA, CCV3), notes)
    except BadPng as error:
        raise CardFileError(
            phrase(
                "The picture is damaged ({error}): give the file as it was downloaded.",
                error=str(error),
            )
        ) from None
    if not found:
        raise CardFileError(phrase(_NO_CARD_IN_PICTURE, kind="PNG"))
    failed = ""
    for text in sorted(found, key=lambda each: each.keyword != CCV3):  # V3 wins, then the first
        mended = Notes()
        try:
            document = read_payload(text.text, mended)
        except LockedPayload:
            raise
        except BadPayload as error:
            failed = failed or phrase(
                "its `{keyword}` text: {error}", keyword=text.keyword, error=str(error)
            )
            continue
        if shaped(document, Notes()) is not None:
            for note in mended.all():
                notes.add(note)
            if failed:
                notes.add(
                    phrase(
                        "A part could not be read ({failed}); `{keyword}` was read instead.",
                        failed=failed,
                        keyword=text.keyword,
                    )
                )
            return _Contents(document, picture=data)
        failed = failed or phrase("its `{keyword}` text: it is no card", keyword=text.keyword)
    raise CardFileError(
        phrase(
            "The card in the picture cannot be read ({failed}): give the file as "
            "it was downloaded.",
            failed=failed,
        )
    )


def _read_webp(data: bytes, notes: Notes) -> _Contents:
    return _from_comments("WebP", exif.comments_of_webp(data), data, notes)


def _read_jpeg(data: bytes, notes: Notes) -> _Contents:
    return _from_comments("JPEG", exif.comments_of_jpeg(data), data, notes)


def _from_comments(kind: str, comments: Iterator[bytes], data: bytes, notes: Notes) -> _Contents:
    for comment in comments:
        return _Contents(read_payload(comment, notes), picture=data)
    raise CardFileError(phrase(_NO_CARD_IN_PICTURE, kind=kind))


def _read_archive(data: bytes, notes: Notes) -> _Contents:
    try:
        files = archive.members(data)
        card = _card_among(files, notes)
        document = read_payload(card.unpacked(MOST_CARD), notes)
    except BadArchive as error:
        raise CardFileError(
            phrase(
                "The archive cannot be used ({error}): export the character again.",
                error=str(error),
            )
        ) from None
    rest = tuple(file for file in files if file is not card)
    return _Contents(document, members=rest)


def _card_among(files: list[Member], notes: Notes) -> Member:
    for file in files:
        if file.name == CARD_NAME:
            return file
    for file in files:
        if PurePosixPath(file.name).name.lower() == CARD_NAME:
            notes.add(
                phrase(
                    "The archive has its `{card_name}` in another place than it ought to be.",
                    card_name=CARD_NAME,
                )
            )
            return file
    raise CardFileError(
        phrase(
            "There is no {card_name} in the archive: export the character as CHARX or PNG.",
            card_name=CARD_NAME,
        )
    )


def _with_picture(card: Card, contents: _Contents, notes: Notes) -> Card:
    avatar, picture = None, contents.picture
    if contents.members:
        avatar, picture = _portrait(card, contents.members, notes)
    if picture is not None and png.size_of(picture) and not png.is_fit_to_show(picture):
        width, height = png.size_of(picture) or (0, 0)
        notes.add(
            phrase(
                "The picture ({width:,} x {height:,}) is too large to be shown as a portrait.",
                width=width,
                height=height,
            )
        )
    return replace(card, avatar=avatar, picture=picture, members=contents.members)


def _portrait(
    card: Card, members: Sequence[Member], notes: Notes
) -> tuple[str | None, bytes | None]:
    """Find the portrait among the files of an archive: its path, and the file."""
    icons = [asset for asset in card.assets if asset.type == "icon"]
    icons.sort(key=lambda asset: asset.name != "main")
    for icon in icons:
        path = _path_of(icon.uri)
        file = next((each for each in members if each.name == path), None)
        if file is None:
            continue
        try:
            return path, file.unpacked(MOST_PICTURE)
        except BadArchive as error:
            notes.add(
                phrase("The portrait in the archive cannot be used ({error}).", error=str(error))
            )
            return path, None
    if any(_path_of(icon.uri) for icon in icons):
        notes.add(phrase("The portrait that the card names is not in the archive."))
    return None, None


def _path_of(uri: str) -> str:
    """Return the path within the archive; empty for what lies elsewhere."""
    return next((uri.removeprefix(mark) for mark in _EMBEDDED if uri.startswith(mark)), "")


def _is_png(data: bytes) -> bool:
    return data.startswith(png.MAGIC)


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _is_archive(data: bytes) -> bool:
    return data[:1] not in (b"{", b"[") and archive.is_archive(data)


def _is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8\xff")


def _is_picture(data: bytes) -> bool:
    is_avif = data.startswith(b"\0\0") and data[4:12] == b"ftypavif"
    return is_avif or data.startswith((b"GIF8", b"BM", b"RIFF"))


def _read_picture(data: bytes, notes: Notes) -> _Contents:
    del notes
    kind = "GIF" if data.startswith(b"GIF8") else phrase("kind of")
    raise CardFileError(phrase(_NO_CARD_IN_PICTURE, kind=kind))


_CONTAINERS: Sequence[tuple[Callable[[bytes], bool], Callable[[bytes, Notes], _Contents]]] = (
    (_is_png, _read_png),
    (_is_webp, _read_webp),
    (_is_archive, _read_archive),
    (_is_jpeg, _read_jpeg),
    (_is_picture, _read_picture),
)
