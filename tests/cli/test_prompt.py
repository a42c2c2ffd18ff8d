"""`prompt`, run as a person runs it and, for the rules of what stays, from within."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.cli.counting import Counter, counters, shares, shown_url
from bot.cli.prompt import FittedPrompt, fitted, prompt
from bot.core.budget import PromptTooLong
from bot.core.errors import StartupError
from bot.core.generation import Tokens
from bot.core.prompt import pieces, render
from bot.core.scene_file import read_scene_file
from bot.core.script import Part, Piece
from bot.settings import Settings, load_settings
from tests.cli.running import NOWHERE, ended, run, started
from tests.fakes.scripted_tgi import ScriptedTgi, count
from tests.profiles import ZEPHRP

GOLDEN = Path(__file__).parent / "golden"
LYRA = {"character": {"name": "Lyra", "persona": "Keeps a lamp."}}


@pytest.fixture
async def tgi() -> AsyncGenerator[ScriptedTgi, None]:
    async with ScriptedTgi().running() as server:
        yield server


def told(*texts: str, pinned: Sequence[int] = ()) -> list[dict[str, Any]]:
    """Turns of a player and the character in turn; the character greets."""
    return [
        {
            "role": "player" if at % 2 else "character",
            "name": "Mara" if at % 2 else "Lyra",
            "text": text,
            "pinned": at in pinned,
        }
        for at, text in enumerate(texts)
    ]


def settings_for(*urls: str, **values: Any) -> Settings:
    return load_settings(tgi={"urls": urls or (NOWHERE,), "connect_s": 0.5}, prompt=values)


async def as_json(
    folder: Path, scene: dict[str, Any], settings: Settings | None = None
) -> dict[str, Any]:
    file = folder / "scene.json"
    file.write_text(json.dumps(scene))
    printed = await prompt(str(file), settings or settings_for(), as_json=True)
    found: dict[str, Any] = json.loads(printed)
    return found


async def test_the_prompt_is_printed_byte_for_byte(tmp_path: Path) -> None:
    done = await run(tmp_path, "prompt", str(GOLDEN / "scene.json"))

    assert (done.code, done.complaint) == (0, "")
    assert done.printed == (GOLDEN / "scene.txt").read_bytes()


async def test_a_scene_can_be_piped_in_and_told_all_about(tmp_path: Path, tgi: ScriptedTgi) -> None:
    done = await run(
        tmp_path,
        *("prompt", "-", "--json"),
        typed=(GOLDEN / "scene.json").read_bytes(),
        BOT_TGI__URLS=tgi.url,
    )

    assert (done.code, done.complaint) == (0, "")
    found = json.loads(done.printed)
    assert found["prompt"] == (GOLDEN / "scene.txt").read_text()
    assert found["tokens"] == count(found["prompt"])
    assert found["tokenizer"] == f"server {tgi.url}"
    assert found["stop"] == ["\n###", "\nTom:", "\nMara:"]
    assert found["dropped"] == []
    assert list(found) == ["prompt", "tokens", "tokenizer", "stop", "parameters", "dropped"]


async def test_wrong_input_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    turns = [*told("a", "b", "c"), {"role": "user", "text": "x"}]

    done = await run(tmp_path, "prompt", "-", typed=json.dumps({**LYRA, "turns": turns}).encode())

    assert (done.code, done.printed) == (2, b"")
    assert done.complaint == "turns[3].role is to be character, player or narrator.\n"


async def test_whoever_has_seen_enough_may_stop_reading(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)

    async with started(tmp_path, "prompt", str(GOLDEN / "scene.json"), stdout=write) as process:
        os.close(write)
        done = await ended(process)

    assert (done.code, done.complaint) == (141, "")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("missing.json", None, "cannot be read: No such file or directory."),
        (".", None, "cannot be read: Is a directory."),
        ("a\0b", None, "cannot be read: embedded null byte."),
        ("latin.json", b'{"character": {"name": "\xe9"}}', "The file is not UTF-8 text (byte 24)."),
        ("deep.json", b'{"a":' * 100_000, "The file is no scene: it is nested too deeply."),
        ("large.json", b" " * 16_000_001, "The file is larger than 16 MB."),
        (
            "long.json",
            json.dumps({"character": {"name": "L", "persona": "word " * 9000}}).encode(),
            "Shorten the persona, the scenario or the message.",
        ),
    ],
    ids=["missing", "folder", "null", "latin", "deep", "large", "too long"],
)
async def test_what_cannot_be_read_or_does_not_fit_is_exit_code_2(
    name: str, data: bytes | None, sentence: str, tmp_path: Path
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)

    with pytest.raises(StartupError) as raised:
        await prompt(str(tmp_path / name), settings_for(), as_json=False)

    assert raised.value.exit_code == 2
    assert str(raised.value).endswith(sentence)


async def test_what_does_not_fit_is_told_with_its_numbers(tmp_path: Path) -> None:
    scene = {**LYRA, "context_tokens": 100, "reply_tokens": 90}

    with pytest.raises(StartupError, match=r"need \d+ tokens, and the model has room for 10\."):
        await as_json(tmp_path, scene)


async def test_the_parameters_are_those_of_a_request(tmp_path: Path, tgi: ScriptedTgi) -> None:
    names = ["Ann", "Bob", "Cid", "Dan", "Eve"]
    turns = [{"role": "player", "name": name, "text": "Hello."} for name in names]

    found = await as_json(
        tmp_path, {**LYRA, "turns": turns, "reply_tokens": 77}, settings_for(tgi.url)
    )

    parameters = found["parameters"]
    assert found["stop"] == ["\n###", "\nEve:", "\nDan:", "\nCid:", "\nBob:", "\nAnn:"]
    assert parameters["stop"] == found["stop"][:4]
    assert parameters["max_new_tokens"] == 77
    assert parameters["temperature"] == ZEPHRP.sampling.temperature
    assert parameters["top_p"] == ZEPHRP.sampling.top_p
    assert parameters["do_sample"] is True
    assert "seed" not in parameters


async def test_the_settings_choose_the_profile(tmp_path: Path) -> None:
    settings = settings_for(profile="chatml", context_tokens=2000)

    found = await as_json(tmp_path, {**LYRA, "turns": told("Hello.")}, settings)

    assert found["prompt"].startswith("<|im_start|>")
    assert "<|im_end|>" in found["stop"]


async def test_old_turns_leave_and_the_greeting_and_pinned_ones_stay(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    texts = [f"number{at} " + "word " * 50 for at in range(40)]
    scene = {
        **LYRA,
        "turns": told(*texts, pinned=[5]),
        "context_tokens": 1000,
        "reply_tokens": 200,
    }

    found = await as_json(tmp_path, scene, settings_for(tgi.url))

    dropped = set(found["dropped"])
    assert {1, 2, 3, 4, 6, 7} <= dropped
    assert not dropped & {0, 5, 39}
    assert found["tokens"] == count(found["prompt"]) <= 800
    for at in range(40):
        assert (f"number{at} " in found["prompt"]) is (at not in dropped)


async def test_a_turn_of_which_nothing_is_left_counts_as_dropped(tmp_path: Path) -> None:
    found = await as_json(tmp_path, {**LYRA, "turns": told("Hello.", "  \u200b ", "So?", "")})

    assert found["dropped"] == [1, 3]


async def test_no_turns_are_a_prompt_as_well(tmp_path: Path) -> None:
    found = await as_json(tmp_path, {**LYRA, "turns": []})

    assert found["prompt"].endswith("\nLyra:")
    assert found["dropped"] == []


@pytest.mark.parametrize("text", ["\ud800 half", "a\x00b\x1b[31m", "</s>### Response:", "🌊\u202e"])
async def test_strange_text_is_printed_as_the_model_may_read_it(text: str, tmp_path: Path) -> None:
    found = await as_json(tmp_path, {**LYRA, "scenario": text, "turns": told(text, text)})

    assert not set(found["prompt"]) & set("\ud800\x00\x1b\u202e")
    assert "</s>" not in found["prompt"]
    assert found["tokens"] > 0


class ShortSighted:
    """Counts one token for every piece at first, and then one for every byte."""

    def __init__(self) -> None:
        self.asked = 0

    async def count(self, found: Sequence[Piece]) -> Sequence[int]:
        self.asked += 1
        return [1 if self.asked == 1 else len(piece.text.encode()) for piece in found]


def fitting(scene: dict[str, Any], counter: ShortSighted) -> asyncio.Future[FittedPrompt]:
    file = read_scene_file(json.dumps(scene).encode(), ZEPHRP)
    return asyncio.ensure_future(fitted(file, ZEPHRP, Counter("", 4, counter.count)))


async def test_counts_that_do_not_hold_in_the_whole_prompt_end_in_a_refusal() -> None:
    scene = {**LYRA, "turns": told(*["word " * 20] * 30), "context_tokens": 900}

    with pytest.raises(PromptTooLong):
        await fitting(scene, ShortSighted())


async def test_a_server_that_hangs_is_left_for_an_estimate(tmp_path: Path) -> None:
    left = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the other side has had enough
        writer.close()
        await writer.wait_closed()
        left.set()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server, asyncio.timeout(5):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        found = await as_json(tmp_path, LYRA, settings_for(url))
        await left.wait()

    assert found["tokenizer"] == "estimate"


async def test_the_next_server_counts_if_the_first_is_down(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    found = await as_json(tmp_path, LYRA, settings_for(NOWHERE, tgi.url))

    assert found["tokenizer"] == f"server {tgi.url}"


async def test_without_a_server_the_profiles_tokenizer_counts(tmp_path: Path) -> None:
    file = tmp_path / "tokenizer.json"
    words = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}
    file.write_text(json.dumps({**words, "pre_tokenizer": {"type": "WhitespaceSplit"}}))
    profile = tmp_path / "own.toml"
    shipped = Path("bot/profiles/zephrp.toml").read_text()
    profile.write_text(f'tokenizer = "{file}"\n{shipped}')

    found = await as_json(tmp_path, LYRA, settings_for(profile=str(profile)))

    assert found["tokenizer"] == f"file {file}"
    assert found["tokens"] == len(found["prompt"].split())


async def test_an_estimate_is_never_less_than_what_a_server_counts(tgi: ScriptedTgi) -> None:
    file = read_scene_file((GOLDEN / "scene.json").read_bytes(), ZEPHRP)
    found = pieces(file.script, ZEPHRP)

    counts = [
        await counter.count(found) async for counter in counters(settings_for(tgi.url), ZEPHRP)
    ]

    exact, estimated = counts
    assert sum(exact) == count(render(file.script, ZEPHRP))
    assert all(e <= about for e, about in zip(exact, estimated, strict=True))


def test_every_token_counts_where_it_begins() -> None:
    texts = ["Sch\N{LATIN SMALL LETTER O WITH DIAERESIS}n", "", " ist", " es."]
    found = [Piece(Part.STORY, text, at) for at, text in enumerate(texts)]
    starts = [0, 0, 3, 6, 8, 10, 12, 13]

    assert shares(found, Tokens(range(len(starts)), starts)) == [3, 0, 2, 3]


def test_no_password_of_a_servers_address_is_shown() -> None:
    assert shown_url("http://me:secret@host:80/tgi") == "http://host:80/tgi"
