"""Knows what the bot has written, and what comes from Discord: people's words, never data."""

import re
import unicodedata

from bot.core.chat import ChatFileError
from bot.core.chat_files import read_chat
from bot.core.plain_text import plain

_PAGE = re.compile(rb"\s*(?:<!doctype html|<html)", re.IGNORECASE)
# A title, then how many lines there are and from when: the head of an export to read.
_MARKDOWN = re.compile(r"\s*# [^\n]+\n\n\*(?:1 line|\d[\d,]* lines)(?: · [^*\n]+)?\*\n")
_LINE_FIELDS = re.compile(
    r"^[\s{,-]*[\"']?(?:chat_metadata|is_user|send_date|swipe_id|swipes|mes)[\"']?\s*:",
    re.MULTILINE,
)

# Ids of Discord are its time in milliseconds since 2015: 17 digits from 2015 on, 20 at most.
_SNOWFLAKE = re.compile(r"(?<!\d)\d{17,20}(?!\d)")
_MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w{1,32}:|/[^:>\n]{1,32}:|t:)\d+(?::\w)?>")
_ADDRESS = re.compile(
    r"(?:discord(?:app)?\.(?:com|gg|net)|discord\.gg|rp:\{\d+\}|cdn\.discordapp)", re.IGNORECASE
)


def export_kind(data: bytes) -> str:
    """Say what kind of chat *data* is an export of; empty if it is none."""
    if _PAGE.match(data):
        return "a web page, as the bot exports chats"
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    if _MARKDOWN.match(text):
        return "a chat that the bot has exported to read"
    if _LINE_FIELDS.search(text) or (text.lstrip()[:1] in {"{", "["} and _is_chat(data)):
        return "an exported chat"
    return ""


def discord_trace(text: str) -> str:
    """Say what in *text* comes from Discord; empty if nothing does."""
    # What a prompt leaves out must not hide what it would then hold.
    text = plain(unicodedata.normalize("NFKC", text))
    if _MENTION.search(text):
        return "a mention of Discord's"
    if _SNOWFLAKE.search(text):
        return "an id of Discord's"
    return "an address of Discord's" if _ADDRESS.search(text) else ""


def _is_chat(data: bytes) -> bool:
    try:
        return bool(read_chat(data).messages)
    except ChatFileError:
        return False
