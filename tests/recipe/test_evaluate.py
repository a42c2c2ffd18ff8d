"""`python -m recipe evaluate`, on a server that says what a test tells it to say."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.core.lengths import Length
from bot.core.measuring_scenes import HELD_OUT
from bot.core.reply_measures import measured
from recipe.__main__ import main
from recipe.evaluation import server
from recipe.evaluation.figures import Evaluation, Scored, evaluation_of
from recipe.evaluation.plot import HEIGHT, WIDTH, to_png
from recipe.evaluation.table import summary, to_markdown
from tests.cli.running import NOWHERE
from tests.fakes.scripted_tgi import Fault, ScriptedTgi
from tests.profiles import ZEPHRP

SPOKEN = {"micro": 3, "tiny": 10, "short": 20, "medium": 50}
"""Words that the scripted model says at a length."""


def spoken(prompt: str) -> str:
    """A model that keeps to its length and goes on with the next header."""
    number = SPOKEN[re.findall(r"\(length = (\w+)\)", prompt)[-1]]
    words = [f"word{at}" for at in range(number - 1)]
    return f" {' '.join([*words, 'word.'])}\n\n### Input:\nSomebody: And then?"


@pytest.fixture
async def tgi(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[ScriptedTgi, None]:
    monkeypatch.setattr(server, "PAUSE_S", 0.01)
    async with ScriptedTgi(reply=spoken).running() as scripted:
        yield scripted


async def evaluate(tgi: ScriptedTgi, out: Path, *arguments: str) -> int:
    steps = () if "--steps" in arguments else ("--steps", "micro,short")
    return await asyncio.to_thread(
        main, ["evaluate", "--url", tgi.url, "--out", str(out), *steps, *arguments]
    )


def found(out: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    return read


async def test_a_model_that_obeys_is_told_so_in_a_table_and_a_picture(
    tmp_path: Path, tgi: ScriptedTgi, capsys: pytest.CaptureFixture[str]
) -> None:
    code = await evaluate(
        tgi, tmp_path / "new" / "out", "--steps", "micro,tiny,short,medium", "--title", "Obedient"
    )

    out = tmp_path / "new" / "out"
    figures = found(out)
    assert code == 0
    assert (figures["model"], figures["profile"], figures["title"]) == (
        "scripted",
        "zephrp",
        "Obedient",
    )
    assert {name: each["words_p20_p50_p80"] for name, each in figures["lengths"].items()} == {
        name: [words] * 3 for name, words in SPOKEN.items()
    }
    total = figures["total"]
    assert (total["replies"], total["format_kept"], total["player_impersonated"]) == (40, 40, 0)
    assert len(figures["medians_rising"]) == 3
    assert len(figures["replies"]) == 40
    table = (out / "evaluation.md").read_text(encoding="utf-8")
    assert table.startswith("# Obedient\n\nModel: scripted. Profile: zephrp.\n\n| length |")
    assert "| tiny | 10 | 10 10 10 | 10 | 0 | 0 | 0 | 0 | 0 | 0.0% |" in table
    with Image.open(BytesIO((out / "evaluation.png").read_bytes())) as picture:
        assert (picture.format, picture.size) == ("PNG", (WIDTH, HEIGHT))
    said = capsys.readouterr().out
    assert "Format kept in 40 of 40 replies; players impersonated in 0" in said
    assert "rises at 3 of 3 steps: micro 3, tiny 10, short 20, medium 50." in said


async def test_every_held_out_scene_is_asked_for_as_in_play_without_the_players_name_as_a_stop(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    await evaluate(tgi, tmp_path, "--replies", "2", "--steps", "tiny")

    assert len(tgi.asked) == 2 * len(HELD_OUT) == 20
    assert {asked.parameters["seed"] for asked in tgi.asked} == {0, 1}
    for asked in tgi.asked:
        assert "### Response: (length = tiny)" in asked.prompt
        assert asked.parameters["max_new_tokens"] == 64
        assert asked.parameters["stop"] == ["\n###"]
        assert asked.parameters["temperature"] == ZEPHRP.sampling.temperature
        assert asked.parameters["do_sample"] is True
    assert {asked.prompt.rpartition("\n")[2] for asked in tgi.asked} == {
        f"{scene.character.name}:" for scene in HELD_OUT
    }


async def test_a_model_that_takes_the_players_part_is_found_out_before_any_guard(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    tgi.reply = lambda prompt: (
        ' "Yes."\nPim: "Thank you."' if "Pim's Persona" in prompt else ' "Yes." Sefa nodded.'
    )

    assert await evaluate(tgi, tmp_path, "--steps", "micro") == 0

    figures = found(tmp_path)["lengths"]["micro"]
    assert (figures["player_spoken_for"], figures["player_narrated"]) == (1, 1)
    assert figures["player_impersonated"] == 2
    assert figures["format_kept"] == 9
    raw = [each["raw"] for each in found(tmp_path)["replies"] if each["impersonates"]]
    assert any('\nPim: "Thank you."' in each for each in raw)


async def test_results_stand_in_the_order_of_the_scenes_whoever_is_first(
    tmp_path: Path, tgi: ScriptedTgi
) -> None:
    await evaluate(tgi, tmp_path / "one", "--replies", "2")
    tgi.tokens_per_s = 300.0
    await evaluate(tgi, tmp_path / "two", "--replies", "2")

    replies = found(tmp_path / "two")["replies"]
    assert found(tmp_path / "one") == found(tmp_path / "two")
    assert [each["scene"] for each in replies[:10]] == [each.character.name for each in HELD_OUT]
    assert [each["seed"] for each in replies[:20]] == [0] * 10 + [1] * 10


@pytest.mark.parametrize("kind", ["cut", "overloaded", "no end", "status", "garbage"])
async def test_a_reply_that_failed_is_asked_for_again(
    kind: str, tmp_path: Path, tgi: ScriptedTgi
) -> None:
    tgi.fault = Fault(kind, after=2, times=1)

    assert await evaluate(tgi, tmp_path, "--steps", "micro") == 0

    assert len(tgi.asked) == 11
    assert found(tmp_path)["total"]["format_kept"] == 10


@pytest.mark.parametrize("kind", ["validation", "cut", "status"])
async def test_a_server_that_keeps_failing_is_one_sentence_and_nothing_is_written(
    kind: str, tmp_path: Path, tgi: ScriptedTgi, capsys: pytest.CaptureFixture[str]
) -> None:
    tgi.fault = Fault(kind, after=2)

    assert await evaluate(tgi, tmp_path / "out") == 69

    said = capsys.readouterr().err
    assert said.startswith(f"The model server {tgi.url} cannot be evaluated: ")
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("where", [NOWHERE, "http://[", "nonsense"])
def test_a_server_that_is_not_there_is_one_sentence(
    where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--url", where, "--out", str(tmp_path)]) == 69

    said = capsys.readouterr().err
    assert said.startswith(f"The model server {where} cannot be evaluated: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--steps", "micro,epic"], "'epic' is no step of the profile zephrp; it has micro, tiny"),
        (["--profile", "nowhere"], "The profile nowhere cannot be read"),
    ],
)
def test_wrong_arguments_are_one_sentence_and_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--url", NOWHERE, "--out", str(tmp_path), *arguments]) == 2

    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


async def test_a_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, tgi: ScriptedTgi, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")

    assert await evaluate(tgi, tmp_path / "file" / "out", "--steps", "micro") == 2

    assert "cannot be written" in capsys.readouterr().err


def evaluated(**texts: str) -> Evaluation:
    """An evaluation with one reply of each length."""
    scored = [
        Scored(Length(name), "Marit", 0, text, 1, measured(text, None, HELD_OUT[0], ZEPHRP))
        for name, text in texts.items()
    ]
    return evaluation_of(
        scored, title="T", model="m", profile="zephrp", lengths=[each.length for each in scored]
    )


def test_medians_that_do_not_rise_are_told() -> None:
    said = summary(evaluated(micro="one two three", tiny="one two three", short="one"))

    assert "rises at 0 of 2 steps: micro 3, tiny 3, short 1." in said


def test_a_sample_of_each_length_stands_under_the_table_as_a_quotation() -> None:
    long = " ".join(["word"] * 200)

    table = to_markdown(evaluated(micro="", tiny="One.\n\nTwo.", massive=long))

    assert "**micro** (Marit, 0 words)\n\n> (nothing)\n" in table
    assert "**tiny** (Marit, 2 words)\n\n> One.\n>\n> Two.\n" in table
    assert f"> {' '.join(['word'] * 120)} […]\n" in table


def test_the_picture_has_the_median_where_it_belongs() -> None:
    """More words stand higher."""
    with Image.open(BytesIO(to_png(evaluated(micro="one", tiny="word " * 30), ZEPHRP))) as picture:
        pixels = picture.convert("RGB")
    red = (0xC2, 0x45, 0x2D)
    heights = [
        next(y for y in range(HEIGHT) if pixels.getpixel((x, y)) == red)
        for x in (WIDTH // 4 + 20, 3 * WIDTH // 4)
    ]

    assert heights[0] > heights[1] + 100
