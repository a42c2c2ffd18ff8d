import pytest

from bot.core.sentences import last_sentence_end


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("The tide is in! We could row to", "The tide is in!"),
        ("The tide is in, we could row: a boat", ""),
        ("*The tide turns.*\n  * ? ", "*The tide turns.*"),
        ("The tide is in. A boat from St.Ives is on its way", "The tide is in."),
        ("The tide is in. It was named by J. R. Vane", "The tide is in."),
        ('"The tide?" * Row', '"The tide?"'),
        ('They call it "the tide" and row', 'They call it "the tide"'),
        ("It costs $5 to row", ""),
        ("The tide... then", "The tide..."),
        ("The tide 😀 and then", ""),
        ("(The tide", ""),
        ("The tide is in.\nWe could row to", "The tide is in."),
        ("\u201cThe tide\u201d comes", "\u201cThe tide\u201d"),
        ("the tide\u2026", "the tide\u2026"),
        ("She met Mr. Vane", ""),
        ("Bonjour ! Je suis", "Bonjour !"),
        ("そうです。でも", "そうです。"),
        ("*She waves*\nand then", "*She waves*"),
        ("One line,\nthe next", ""),
        ("She has:\n1. A boat.\n2. ", "She has:\n1. A boat."),
        ("." * 3000 + "x", ""),
        ("", ""),
    ],
)
def test_the_last_whole_sentence_is_found(text: str, kept: str) -> None:
    assert text[: last_sentence_end(text)] == kept
