"""The choice of lore for one moment of a story."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.core.lore_keys import KeySearch
from bot.core.lore_rules import Candidate, Moment, Rules, Told, Why
from bot.core.lorebook import Book, Logic

MOST_STEPS = 3
"""How often texts may call further entries."""
MOST_TOLD = 50
MOST_SCANNED = 20_000
"""Characters in which keys are looked for, the newest."""
_BREAK = "\n\x01"
"""Between lines that are looked through; no key of words matches across it."""
_HUNDRED = 100


@dataclass(slots=True)
class Pass:
    """The choice for one moment. Entries are known by their place among the candidates."""

    books: Sequence[Book]
    candidates: Sequence[Candidate]
    moment: Moment
    rules: Rules
    search: KeySearch
    _told: dict[int, Told] = field(default_factory=dict)
    _missed: dict[int, Told] = field(default_factory=dict)
    _calls: dict[int, list[str]] = field(default_factory=dict)
    _scanned: dict[tuple[int, int], str] = field(default_factory=dict)
    _spent: int = 0
    _spent_of: dict[int, int] = field(default_factory=dict)
    _full: set[int] = field(default_factory=set)

    def told(self) -> dict[int, Told]:
        return self._told

    def missed(self) -> tuple[Told, ...]:
        return tuple(miss for at, miss in self._missed.items() if at not in self._told)

    def run(self) -> None:
        fresh = self._step(is_called=False)
        for _ in range(MOST_STEPS):
            if not self._calling(fresh):
                break
            fresh = self._step(is_called=True)

    def keep(self, earlier: "Pass") -> None:
        """Let what *earlier* told stay, as far as there is room; never for what is new."""
        for at, told in earlier.told().items():
            if at not in self._told and told.why is not Why.ALWAYS:
                self._take(at, self.candidates[at].told(Why.STAYS, told.key))

    def _step(self, *, is_called: bool) -> list[int]:
        called = []
        for at, one in enumerate(self.candidates):
            if at in self._told or at in self._missed:
                continue
            if is_called:
                may = self._is_recursive(one.book) and not one.entry.exclude_recursion
            else:
                may = not one.entry.delay_until_recursion
            why = self._why(one, is_called=is_called) if may else None
            if why is not None:
                called.append((at, why))
        return [at for at, why in called if self._take(at, why)]

    def _take(self, at: int, why: Told) -> bool:
        """Tell an entry if chance and room allow; else note why not."""
        one = self.candidates[at]
        if why.why in (Why.SECONDARY, Why.TERMS):
            self._missed[at] = why
            return False
        if why.why is not Why.STAYS and not self._is_lucky(one):
            self._missed[at] = one.told(Why.CHANCE, why.key)
            return False
        if not self._has_room(one):
            self._missed[at] = one.told(Why.FULL, why.key)
            return False
        self._told[at] = why
        self._spent += one.cost
        self._spent_of[one.book] = self._spent_of.get(one.book, 0) + one.cost
        return True

    def _is_lucky(self, one: Candidate) -> bool:
        chance = one.entry.probability
        thrown = self.moment.chance(f"lore {one.book} {one.index}", _HUNDRED)
        return chance >= _HUNDRED or thrown < chance

    def _has_room(self, one: Candidate) -> bool:
        """Whether an entry fits; what does not leaves nothing to those behind it.

        Else small entries would stand in the place of a more important one.
        """
        if self._full & {one.book, -1} or len(self._told) >= MOST_TOLD:
            return False
        if self._spent + one.cost >= self.rules.budget:
            self._full.add(-1)
            return False
        own = self.books[one.book].token_budget
        if own is not None and self._spent_of.get(one.book, 0) + one.cost > own:
            self._full.add(one.book)
            return False
        return True

    def _calling(self, fresh: Iterable[int]) -> bool:
        """Add the texts of *fresh* to what is looked through; whether there are any."""
        is_calling = False
        for at in fresh:
            one = self.candidates[at]
            if one.text and self._is_recursive(one.book) and not one.entry.prevent_recursion:
                self._calls.setdefault(one.book, []).append(one.text)
                is_calling = True
        self._scanned.clear()
        return is_calling

    def _is_recursive(self, book: int) -> bool:
        said = self.books[book].recursive_scanning
        return self.rules.recursive if said is None else said

    def _why(self, one: Candidate, *, is_called: bool) -> Told | None:
        """Why an entry is to be told or is not, once a key of it is there."""
        terms = one.terms
        if terms.never:
            return None
        text = self._text(one, called=is_called)
        key = "" if terms.always else self._first(one, one.keys, text)
        if key is None:
            return None
        if not self._is_time(one, text):
            return one.told(Why.TERMS, key)
        if not key:
            return one.told(Why.ALWAYS)
        if not self._says_yes(one, text):
            return None if is_called else self._later(one, key)
        is_said = not is_called or self._first(one, (key,), self._text(one, called=False))
        return one.told(Why.KEY if is_said else Why.CALLED, key)

    def _later(self, one: Candidate, key: str) -> Told | None:
        """A refusal that no further text can undo; None where one can."""
        may_change = self._is_recursive(one.book) and one.entry.logic in (
            Logic.AND_ANY,
            Logic.AND_ALL,
        )
        return None if may_change else one.told(Why.SECONDARY, key)

    def _is_time(self, one: Candidate, text: str) -> bool:
        terms, replies = one.terms, self.moment.replies
        return (
            replies >= terms.after
            and replies % terms.every == 0
            and terms.greeting in (None, self.moment.greeting)
            and not self._first(one, terms.without, text)
            and (not terms.beside or bool(self._first(one, terms.beside, text)))
        )

    def _says_yes(self, one: Candidate, text: str) -> bool:
        if not one.secondary:
            return True
        found = [self._first(one, (key,), text) is not None for key in one.secondary]
        match one.entry.logic:
            case Logic.AND_ANY:
                return any(found)
            case Logic.AND_ALL:
                return all(found)
            case Logic.NOT_ANY:
                return not any(found)
            case Logic.NOT_ALL:
                return not all(found)

    def _first(self, one: Candidate, keys: Iterable[str], text: str) -> str | None:
        entry, rules = one.entry, self.rules
        words, case = entry.match_whole_words, entry.case_sensitive
        for key in keys:
            if self.search.found(
                key,
                text,
                whole_words=rules.whole_words if words is None else words,
                case_sensitive=rules.case_sensitive if case is None else case,
            ):
                return key
        return None

    def _text(self, one: Candidate, *, called: bool) -> str:
        """What the keys of an entry are looked for in, newest line first."""
        depth = one.terms.scan_depth
        if depth is None:
            depth = self.books[one.book].scan_depth
        depth = self.rules.scan_depth if depth is None else depth
        place = (one.book if called else -1, depth)
        if place not in self._scanned:
            lines = self.moment.lines[len(self.moment.lines) - depth :] if depth else ()
            lines = self.moment.lines if depth > len(self.moment.lines) else lines
            texts = (*reversed(lines), *(self._calls.get(one.book, ()) if called else ()))
            said = _BREAK.join(texts)
            self._scanned[place] = f"\x01{said}"[:MOST_SCANNED] if texts else ""
        return self._scanned[place]
