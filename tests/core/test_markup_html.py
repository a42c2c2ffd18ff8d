import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.markup_html import html_of
from tests.chat_pages import Page

P = '<p dir="auto">'
SPOILER = (
    '<label class="spoiler"><input type="checkbox" aria-label="Show the spoiler"><span><span>{}'
    "</span></span></label>"
)
FRAGMENTS = [
    *(
        "*",
        "**",
        "***",
        "_",
        "__",
        "~~",
        "||",
        "`",
        "``",
        "```",
        "```py\n",
        "\\",
        "\\*",
        "> ",
        ">>> ",
    ),
    *(
        "# ",
        "-# ",
        "- ",
        "\n",
        "\n\n",
        " ",
        "a",
        "Hello.",
        "<",
        "</p>",
        "<script>",
        "<!--",
        "&",
        "&lt;",
    ),
    *(
        '"',
        "'",
        "<@1>",
        "<@!22>",
        "<:a:1>",
        "</x:1>",
        "[a](https://a.b)",
        "[",
        "](",
        "https://a.b/?c&d",
    ),
    *("\x00", "\u202e", "\u2028", "\ud800", "\u0301" * 5, "עמית", "style=x", "onload="),
]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello.", f"{P}Hello.</p>"),
        ("*a* _b_ **c**", f"{P}<em>a</em> <em>b</em> <strong>c</strong></p>"),
        ("***a***", f"{P}<strong><em>a</em></strong></p>"),
        ("__a__ ~~b~~", f"{P}<u>a</u> <s>b</s></p>"),
        ("||a *b*||", P + SPOILER.format("a <em>b</em>") + "</p>"),
        ("*a **b* c**", f"{P}<em>a <strong>b</strong></em><strong> c</strong></p>"),
        ("*one\n\ntwo* three", f"{P}<em>one</em></p>{P}<em>two</em> three</p>"),
        ("a\nb\n\n\n\nc", f"{P}a<br>b</p>{P}c</p>"),
        ("`a<b` ``c ` d``", f"{P}<code>a&lt;b</code> <code>c ` d</code></p>"),
        ("x ```py\na < b\n``` y", f"{P}x </p><pre>a &lt; b</pre>{P} y</p>"),
        ("> a\n> *b*\nc", f"<blockquote>{P}a<br><em>b</em></p></blockquote>{P}c</p>"),
        (">>> a\nb", f"<blockquote>{P}a<br>b</p></blockquote>"),
        ("# A\nb", f'<p dir="auto" class="heading">A</p>{P}b</p>'),
        ("-# a", '<p dir="auto" class="small">a</p>'),
        ("- a\n* b", f"{P}• a<br>• b</p>"),
        ("\\*a\\* \\_", f"{P}*a* _</p>"),
        ("a * b * c", f"{P}a * b * c</p>"),
        ("*", f"{P}*</p>"),
        ("<b>&amp;\"'", f"{P}&lt;b&gt;&amp;amp;&quot;&#x27;</p>"),
        (
            "<@12> <@!12> <@3> <@&4> <#5>",
            f"{P}@M&lt; @M&lt; @somebody &lt;@&amp;4&gt; &lt;#5&gt;</p>",
        ),
        ("<:wave:1> <a:w:2> </say:3>", f"{P}:wave: :w: /say</p>"),
        ("[a](https://b.c/d)", f"{P}a (https://b.c/d)</p>"),
        ("https://b.c/*d*", f"{P}https://b.c/<em>d</em></p>"),
        ("a\u202eb\x00c", f"{P}abc</p>"),
        ("", ""),
        ("\n \n", ""),
    ],
)
def test_markup_is_shown_as_discord_shows_it(text: str, html: str) -> None:
    assert html_of(text, {"12": "M<"}) == html


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=4), max_size=30).map("".join))
def test_whatever_is_written_stays_text(text: str) -> None:
    page = Page(html_of(text, {"1": "</p><script>"}))

    assert "\u202e" not in page.text
    assert "\x00" not in page.text


@given(st.text(alphabet="ab <>&\"'\n", max_size=40))
def test_no_letter_is_lost(text: str) -> None:
    shown = Page(html_of(text, {})).text

    assert [char for char in shown if char in "ab&\"'<"] == [
        char for char in text if char in "ab&\"'<"
    ]
