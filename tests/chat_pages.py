"""Reads an exported page as a browser does, as far as its safety goes."""

from html.parser import HTMLParser

VOID = frozenset(("meta", "input", "br"))
TAGS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "header", "main", "article", "div"),
        *("h1", "h2", "p", "span", "time", "details", "summary", "ol", "li", "blockquote", "br"),
        *("em", "strong", "u", "s", "code", "pre", "label", "input"),
    )
)
ATTRIBUTES = frozenset(
    (
        *("lang", "charset", "http-equiv", "content", "name", "class", "aria-hidden", "dir"),
        *("datetime", "type", "aria-label"),
    )
)


class Page(HTMLParser):
    """The texts of a page; what a page must not hold fails at once."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.classes: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        self.classes += [value or "" for name, value in attrs if name == "class"]
        if tag == "p":
            assert "p" not in self.open
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)
