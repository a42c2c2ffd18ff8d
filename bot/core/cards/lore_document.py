"""A lorebook as the document that an export writes."""

from bot.core.cards.books import entries_in
from bot.core.cards.decorators import parted, written
from bot.core.cards.fields import clean, keys_of
from bot.core.cards.lore import AT_DEPTH, MOST_ENTRIES, MOST_TEXT, ROLES, read_entry
from bot.core.cards.notes import Notes
from bot.core.cards.said import Json, line_of, say, say_list, say_number, text_of
from bot.core.lorebook import Book, Logic, LoreEntry


def book_document(book: Book) -> Json:
    """Return *book* as it came where that is of V2; mended where it is not."""
    found: Json = dict(book.fields)
    for name in ("name", "description"):
        if getattr(book, name) or name in found:
            read = line_of if name == "name" else text_of
            say(found, name, getattr(book, name), read)
    for name in ("scan_depth", "token_budget", "recursive_scanning"):
        say_number(found, name, getattr(book, name))
    more = entries_in(book.fields)[MOST_ENTRIES:]
    found["extensions"] = dict(book.extensions)
    found["entries"] = [*map(_entry_of, book.entries), *more]
    return found


def _entry_of(entry: LoreEntry) -> Json:
    """Return *entry* as it came where that is a V2 entry; mended where it is not."""
    kept: Json = dict(entry.fields)
    keys = ("keys", "secondary_keys") if entry.secondary_keys else ("keys",)
    for name in keys:
        say_list(kept, name, getattr(entry, name), lambda value: keys_of(value, Notes()))
    content = kept.get("content")
    if not isinstance(content, str) or parted(clean(content)[:MOST_TEXT]) != (
        entry.decorators,
        entry.content,
    ):
        kept["content"] = written(entry.decorators, entry.content)
    for name in ("enabled", "use_regex", "insertion_order"):
        say_number(kept, name, getattr(entry, name))
    if kept.get("position") not in (None, "before_char", "after_char"):
        kept["position"] = "before_char" if entry.position.before else "after_char"
    kept["extensions"] = dict(entry.extensions)
    return kept if read_entry(kept, Notes()) == entry else {**kept, **_said(entry)}


def _said(entry: LoreEntry) -> Json:
    """All that is known of *entry*, in V2's words and SillyTavern's extensions."""
    is_deep = entry.position.depth is not None
    extensions: Json = {
        **entry.extensions,
        "position": AT_DEPTH if is_deep else 0 if entry.position.before else 1,
        "selectiveLogic": list(Logic).index(entry.logic),
        "probability": entry.probability,
        "useProbability": True,
        "scan_depth": entry.scan_depth,
        "case_sensitive": entry.case_sensitive,
        "match_whole_words": entry.match_whole_words,
        "exclude_recursion": entry.exclude_recursion,
        "prevent_recursion": entry.prevent_recursion,
        "delay_until_recursion": entry.delay_until_recursion,
    }
    if is_deep:
        extensions |= {"depth": entry.position.depth, "role": ROLES.index(entry.position.role)}
    optional: Json = {"priority": entry.priority, "case_sensitive": entry.case_sensitive}
    return {
        "name": entry.name,
        "comment": entry.comment,
        "constant": entry.constant,
        "selective": entry.selective,
        "secondary_keys": list(entry.secondary_keys),
        "position": "before_char" if entry.position.before else "after_char",
        **{name: value for name, value in optional.items() if value is not None},
        "extensions": extensions,
    }
