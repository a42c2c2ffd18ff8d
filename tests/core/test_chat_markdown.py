import pytest

from bot.core.chat import Chat, ChatMessage
from bot.core.chat_export import ChatFormat, exported, file_name, to_markdown
from bot.core.scene import Role

C, P, N = Role.CHARACTER, Role.PLAYER, Role.NARRATOR


def written(*messages: ChatMessage, **fields: object) -> str:
    chat = Chat(messages, character_name="Lyra", metadata=fields)
    return to_markdown(chat).decode()


def test_a_chat_reads_like_a_script() -> None:
    shown = written(
        ChatMessage("Lyra", C, ("*Hello.*\nYou?\n\nSo.", "Good day.")),
        ChatMessage("Mara", P, ("Hi.",), hidden=True),
        ChatMessage("Narrator", N, ("Rain.",), at_ms=86_400_000),
        scenario="A storm.",
    )

    assert shown == (
        "# Lyra\n\n*2 lines · 2 January 1970*\n\n> A storm.\n\n---\n\n"
        "**Lyra:** *Hello.*  \nYou?\n\nSo.\n\n"
        "> *Another version:*\n>\n> Good day.\n\n"
        "**Mara:** *(hidden)* Hi.\n\n"
        "*Narrator:* Rain.\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b>c</b> <3 &amp; x", r"a \<b>c\</b> <3 \&amp; x"),
        ("`<b>` <!-- x", r"`<b>` \<!-- x"),
        ("a ```py\n<b>\n``` c", "a \n\n```py\n<b>\n```\n\n c"),
        ("a ```b", r"a \`\`\`b"),
        ("~~~\na", "\\~~~  \na"),
        ("> a\nb", "\n\n> a\n\nb"),
        ("a\u202eb\x00", "ab"),
    ],
)
def test_markdown_means_what_discord_shows(text: str, shown: str) -> None:
    told = written(ChatMessage("Lyra", C, (text,))).partition("**Lyra:**")[2]

    assert told.removeprefix(" ").removesuffix("\n") == shown


def test_a_name_is_only_a_name() -> None:
    shown = written(ChatMessage("*<b>* [x](y)\n# z", P, ("Hi.",)))

    assert "**\\*\\<b\\>\\* \\[x\\](y) \\# z:** Hi." in shown


@pytest.mark.parametrize(
    ("chosen", "name", "begins"),
    [
        (ChatFormat.MARKDOWN, "Lyra with A b CON.md", b"# Lyra"),
        (ChatFormat.HTML, "Lyra with A b CON.html", b"<!doctype html>"),
        (ChatFormat.SILLYTAVERN, "Lyra with A b CON.jsonl", b'{"user_name":"User"'),
    ],
)
def test_a_file_has_a_name_that_every_disk_takes(
    chosen: ChatFormat, name: str, begins: bytes
) -> None:
    chat = Chat((ChatMessage("../A/b\\:CON?\u202e", P, ("Hi.",)),), character_name="Lyra")

    assert file_name(chat, chosen) == name
    assert exported(chat, chosen).startswith(begins)


def test_a_nameless_file_has_a_name() -> None:
    assert file_name(Chat((), character_name="***"), ChatFormat.HTML) == "chat.html"
