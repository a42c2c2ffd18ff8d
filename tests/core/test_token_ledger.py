from bot.core.prompt import pieces
from bot.core.scene import Role, Turn, TurnId
from bot.core.script import Line, Part, Persona, Script
from bot.core.token_counts import known, noted
from bot.core.token_ledger import TokenLedger
from tests.profiles import ZEPHRP

TOKENIZER = "0123abcd"


def turn(number: int, text: str, *, count: str = "") -> Turn:
    return Turn(TurnId(f"{number:020d}"), Role.PLAYER, "Mara", (text,), count=count)


def script(*turns: Turn) -> Script:
    lines = tuple(Line(each.role, each.name, each.text) for each in turns)
    return Script(Persona("Mira", "Keeps the lamp."), (Persona("Mara"),), lines=lines)


def one_per_byte(text: str) -> range:
    return range(len(text.encode()))


def test_each_line_is_noted_with_what_it_took_in_its_place() -> None:
    turns = (turn(1, "Hello."), turn(2, "Ist da wär?"))
    ledger = TokenLedger(turns, TOKENIZER, {})
    written = pieces(script(*turns), ZEPHRP)
    prompt = "".join(piece.text for piece in written)

    parts = ledger.note(written, one_per_byte(prompt), (0, 1))

    assert sum(parts.values()) == len(prompt.encode())
    assert parts[Part.REPLY] == len("\n\n### Response:\nMira:")
    assert ledger.news() == {
        turns[0].id: noted(len("\n\n### Input:\nMara: Hello."), "Hello.", TOKENIZER),
        turns[1].id: noted(len("\nMara: Ist da wär?") + 1, "Ist da wär?", TOKENIZER),
    }


def test_of_two_counts_the_higher_one_is_kept() -> None:
    first, second = turn(1, "Hello."), turn(2, "Who?")
    ledger = TokenLedger((first, second), TOKENIZER, {})
    for lines in [(first, second), (second,)]:
        written = pieces(script(*lines), ZEPHRP)
        prompt = "".join(piece.text for piece in written)
        ledger.note(written, one_per_byte(prompt), [(first, second).index(each) for each in lines])

    # Alone it has a header above; behind another line it has none.
    alone = len("\n\n### Input:\nMara: Who?")
    assert known(ledger.news()[second.id], "Who?", TOKENIZER) == alone


def test_a_line_that_cleaning_leaves_nothing_of_costs_nothing() -> None:
    silent = turn(1, "\u200b" * 900)
    ledger = TokenLedger((silent, turn(2, "Hello.")), TOKENIZER, {})
    written = pieces(script(silent, turn(2, "Hello.")), ZEPHRP)
    before = ledger.costs(written).lines[0]

    ledger.note(written, one_per_byte("".join(piece.text for piece in written)), (0, 1))

    assert before > 900
    assert ledger.costs(written).lines[0] == 0
    assert ledger.unknown() == []


def test_what_the_turns_say_themselves_is_no_news() -> None:
    said = turn(1, "Hello.", count=noted(40, "Hello.", TOKENIZER))
    ledger = TokenLedger((said,), TOKENIZER, {})
    written = pieces(script(said), ZEPHRP)

    ledger.note(written, one_per_byte("".join(piece.text for piece in written))[:20], (0,))

    assert ledger.costs((), since=0).lines == [40]
    assert ledger.news() == {}


def test_lines_before_the_cut_cost_nothing_unless_they_stay() -> None:
    turns = [turn(at, "Hello.", count=noted(7, "Hello.", TOKENIZER)) for at in range(5)]
    ledger = TokenLedger(turns, TOKENIZER, {})

    costs = ledger.costs((), since=3, stays={1})

    assert costs.lines == [0, 7, 0, 7, 7]
    assert costs.fixed == 0


def test_unknown_are_the_lines_that_were_edited_since_or_never_counted() -> None:
    edited = turn(1, "Hello!", count=noted(7, "Hello.", TOKENIZER))
    counted = turn(2, "Who?", count=noted(7, "Who?", TOKENIZER))
    fresh = turn(3, "Me.")

    ledger = TokenLedger((edited, counted, fresh), TOKENIZER, {})

    assert ledger.unknown() == [2, 0]
    assert ledger.unknown(since=2) == [2]


def test_pieces_around_the_lines_are_told_on_to_the_next_ledger() -> None:
    around = pieces(script(), ZEPHRP)
    first = TokenLedger((), TOKENIZER, {})
    first.note(around, one_per_byte("".join(piece.text for piece in around)), ())

    second = TokenLedger((), TOKENIZER, first.told(around))

    assert not TokenLedger((), TOKENIZER, {}).knows(around)
    assert second.knows(around)
    size = sum(len(piece.text.encode()) for piece in around)
    assert second.costs(around).fixed == size
