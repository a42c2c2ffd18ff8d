"""A character as a member is shown it, before or after it is kept."""

from collections.abc import Sequence
from io import BytesIO

import discord
from discord.utils import escape_markdown

from bot.core.cards.card import Card
from bot.core.characters import Character, Rating
from bot.core.macros import Macros
from bot.core.phrases import Paragraphs, counted, phrase
from bot.core.plain_text import plain, shortened
from bot.core.roster import Choice, Viewer, Visibility
from bot.services.card_desk import Preview

ABOUT_CHARACTERS = 300
NOTES_CHARACTERS = 1_000
LIST_CHARACTERS = 1_900
PORTRAIT_NAME = "portrait.png"

FOR_WHOM = {Rating.EVERYONE: phrase("everyone"), Rating.ADULT: phrase("adults")}
SEEN_BY = {Visibility.ME: phrase("you alone"), Visibility.SERVER: phrase("this server")}
ADULTS_ONLY = phrase("In age-restricted channels only.")
NEVER_ADULT = phrase("Never in an age-restricted channel: it is described as under 18.")


def shown_preview(preview: Preview) -> discord.Embed:
    """What is known of a member's character."""
    card, entry = preview.card, preview.entry
    embed = _titled(card.name, card.creator_notes or card.description)
    size = phrase("{tokens:,} tokens of every prompt", tokens=preview.tokens)
    if not preview.is_exact:
        size = phrase("about {size}", size=size)
    embed.add_field(name=phrase("For"), value=FOR_WHOM[entry.rating])
    embed.add_field(name=phrase("Seen by"), value=SEEN_BY[entry.visibility])
    embed.add_field(name=phrase("Size"), value=size)
    embed.add_field(name=phrase("Brings"), value=_brings(card))
    _tell_where(embed, entry.rating, is_minor=entry.is_minor)
    if preview.notes:
        embed.add_field(
            name=phrase("Mended, or left out"), value=_noted(preview.notes), inline=False
        )
    return embed


def shown_character(character: Character) -> discord.Embed:
    """What is known of one of the host's."""
    embed = _titled(character.name, character.tagline or character.persona)
    embed.add_field(name=phrase("For"), value=FOR_WHOM[character.rating])
    embed.add_field(name=phrase("Seen by"), value=phrase("everybody"))
    embed.add_field(name=phrase("Greetings"), value=str(len(character.greetings)))
    _tell_where(embed, character.rating, is_minor=character.is_minor)
    return embed


def portrait_of(picture: bytes | None) -> Sequence[discord.File]:
    """The portrait as a file beside the embed, if there is one."""
    return [discord.File(BytesIO(picture), PORTRAIT_NAME)] if picture else []


def listed(choices: Sequence[Choice], viewer: Viewer) -> str:
    """Everybody whom *viewer* may choose, by whose they are, as far as a message goes."""
    groups = (
        (phrase("Yours"), [each for each in choices if each.owner == viewer.user]),
        (
            phrase("This server's"),
            [each for each in choices if each.owner not in (None, viewer.user)],
        ),
        (phrase("The host's"), [each for each in choices if each.owner is None]),
    )
    lines: list[str] = []
    left = 0
    for title, members in groups:
        for number, choice in enumerate(members):
            head = [Paragraphs(["**", title, "**"], "")] if number == 0 else []
            if len("\n".join([*lines, *head, _line(choice)])) > LIST_CHARACTERS:
                left += 1
            else:
                lines += [*head, _line(choice)]
    if left:
        lines.append(
            phrase("… and {left} more. Type a part of a name at `/character show`.", left=left)
        )
    return Paragraphs(lines) or phrase("There are no characters.")


def _line(choice: Choice) -> str:
    about = f": {escape_markdown(shortened(choice.tagline, 80))}" if choice.tagline else ""
    name = escape_markdown(plain(choice.name))
    if choice.rating is Rating.ADULT:
        return phrase("- {name} · adults{about}", name=name, about=about)
    return f"- {name}{about}"


def _titled(name: str, about: str) -> discord.Embed:
    about = Macros(name, "you")(about)
    text = escape_markdown(shortened(about, ABOUT_CHARACTERS))
    return discord.Embed(title=escape_markdown(shortened(name, 80)), description=text or None)


def _tell_where(embed: discord.Embed, rating: Rating, *, is_minor: bool) -> None:
    if rating is Rating.ADULT or is_minor:
        where = NEVER_ADULT if is_minor else ADULTS_ONLY
        embed.add_field(name=phrase("Plays"), value=where, inline=False)


def _brings(card: Card) -> str:
    book = card.character_book
    greetings, entries = len(card.greetings), len(book.entries) if book else 0
    return Paragraphs(
        (
            counted(
                greetings,
                phrase("1 greeting"),
                phrase("{count:,} greetings", count=greetings),
            ),
            counted(
                entries,
                phrase("1 lore entry"),
                phrase("{count:,} lore entries", count=entries),
            ),
        ),
        ", ",
    )


def _noted(notes: Sequence[str]) -> str:
    lines = [f"- {shortened(note, 200)}" for note in notes]
    while len("\n".join(lines)) > NOTES_CHARACTERS - 20:
        lines.pop()
    if more := len(notes) - len(lines):
        lines.append(phrase("- … and {more} more", more=more))
    return Paragraphs(lines)
