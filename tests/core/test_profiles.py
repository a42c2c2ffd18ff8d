"""Profiles as files: what comes with the bot, and what a host's own file may hold."""

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.profile_files import load_profile, shipped_profiles
from bot.core.errors import StartupError
from bot.core.lengths import AUTO
from bot.core.profiles import ModelProfile, ProfileError, profile_from

SHIPPED = Path(__file__).parents[2] / "bot" / "profiles"
OWN = tomllib.loads((SHIPPED / "zephrp.toml").read_text(encoding="utf-8"))


def changed(path: str, value: object) -> dict[str, Any]:
    """The zephrp file with another value at *path*; None takes the field out."""
    file = copy.deepcopy(OWN)
    *tables, field = path.split(".")
    table: Any = file
    for name in tables:
        table = table[int(name)] if isinstance(table, list) else table[name]
    if value is None:
        del table[field]
    else:
        table[field] = value
    return file


# --- what comes with the bot -----------------------------------------------------------------


def test_these_profiles_come_with_the_bot() -> None:
    assert shipped_profiles() == ["alpaca", "chatml", "limarp-v3-early", "zephrp"]
    assert [load_profile(name).name for name in shipped_profiles()] == shipped_profiles()


def words(profile: ModelProfile) -> list[str]:
    return [str(step.name) for step in profile.lengths.steps]


def test_each_limarp_generation_has_its_own_ladder() -> None:
    zephrp, early = load_profile("zephrp"), load_profile("limarp-v3-early")

    ten = "micro tiny short medium long massive huge enormous humongous unlimited"
    eight = "tiny short medium long huge humongous extreme unlimited"
    assert words(zephrp) == ten.split()
    assert words(early) == eight.split()
    assert [zephrp.lengths.usual.name, early.lengths.usual.name] == ["medium", "medium"]
    assert zephrp.modifier == early.modifier == " (length = {length})"


@pytest.mark.parametrize("name", shipped_profiles())
def test_longer_steps_may_have_more_tokens_and_words(name: str) -> None:
    ladder = load_profile(name).lengths

    caps = [step.max_new_tokens for step in ladder.steps]
    assert caps == sorted(set(caps))
    assert [step.words for step in ladder.steps] == sorted(step.words for step in ladder.steps)
    assert ladder.choices[-1].name == AUTO
    assert all(low < high for low, high in (step.words for step in ladder.choices))


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_cap_leaves_room_for_the_words_it_stands_for(name: str) -> None:
    for step in load_profile(name).lengths.choices:
        # A word of English is about 1.25 tokens.
        assert step.words[1] * 1.25 <= step.max_new_tokens


@pytest.mark.parametrize("name", shipped_profiles())
def test_what_closes_a_block_or_marks_a_header_as_a_token_cannot_be_typed(name: str) -> None:
    profile = load_profile(name)

    assert {"<s>", "</s>", "<|im_start|>", "<|im_end|>"} <= set(profile.special_tokens)
    if profile.block_end:
        assert profile.block_end in profile.special_tokens
        assert profile.block_end in profile.stops


# --- a host's own file -----------------------------------------------------------------------


def test_a_field_that_may_be_left_out_has_a_default() -> None:
    file = changed("lengths.modifier", None)
    for table, field in (("headers", "block_gap"), ("sampling", "temperature")):
        del file[table][field]

    profile = profile_from(file)

    assert profile.modifier == profile.block_end == profile.later_input_header == ""
    assert profile.block_gap == "\n\n"
    assert profile.sampling.temperature == 0.75
    assert profile.sampling.top_k is None


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("name", None, "name is to be a text."),
        ("name", 3, "name is to be a text."),
        ("headers", "###", "headers is to be a table."),
        ("headers", None, "headers.mark is to be a text."),
        ("headers.mark", "", "headers.mark is to be a text."),
        ("headers.input", "Input:", "headers.input is to be one line that begins with"),
        ("headers.later_input", "###\n", "headers.later_input is to be one line that begins with"),
        ("headers.block_gap", " ", "headers.block_gap ends with a line break"),
        ("headers.inputs", "### Input:", "headers.inputs is no field of a profile."),
        ("instruction.persona", "{name}:", "instruction.persona is to hold {name} and {text}."),
        ("instruction.line", "Be {char}.", "instruction.line is to hold {char} and {players}."),
        ("lengths.modifier", " (long)", "lengths.modifier is to hold {length} once"),
        ("lengths.usual", "middling", "lengths.usual is none of the steps: micro, tiny,"),
        ("lengths.steps", [], "lengths.steps needs at least one step."),
        ("lengths.steps", "tiny", "lengths.steps is to be a list of tables."),
        ("lengths.steps.1.name", "micro", "lengths.steps has a name twice, or one called auto."),
        ("lengths.steps.1.name", "auto", "lengths.steps has a name twice, or one called auto."),
        ("lengths.steps.1.words", [9, 3], "lengths.steps[1].words is to be two numbers"),
        ("lengths.steps.1.wrods", [3, 9], "lengths.steps[1].wrods is no field of a profile."),
        ("lengths.steps.0.max_new_tokens", 0, "lengths.steps[0].max_new_tokens is to be a whole"),
        ("lengths.auto", None, "lengths.auto.max_new_tokens is to be a whole number above 0."),
        ("special_tokens", "<s>", "special_tokens is to be a list of texts."),
        ("special_tokens", ["<"], "special_tokens are two characters or more"),
        ("special_tokens", ["< s>"], "special_tokens are two characters or more, without blanks."),
        ("sampling.temperature", "hot", "sampling.temperature is to be a number above 0."),
        ("sampling.top_p", float("nan"), "sampling.top_p is to be a number above 0."),
        ("sampling.top_p", True, "sampling.top_p is to be a number above 0."),
        ("sampling.top_p", 1.01, "sampling.top_p is to be a number above 0, and 1 at most."),
        ("sampling.typical_p", 2, "sampling.typical_p is to be a number above 0, and 1 at most."),
        ("sampling.top_k", 0.5, "sampling.top_k is to be a whole number above 0."),
        ("sampling.tfs", 0.9, "sampling.tfs is no field of a profile."),
        ("context_tokens", 4096.0, "context_tokens is to be a whole number above 0."),
        ("context_tokens", 1024, "context_tokens is to be more than every max_new_tokens."),
        ("contekst_tokens", 4096, "contekst_tokens is no field of a profile."),
    ],
)
def test_a_wrong_field_is_named(path: str, value: object, sentence: str) -> None:
    with pytest.raises(ProfileError) as refused:
        profile_from(changed(path, value))

    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("name", ["top_p", "typical_p"])
def test_a_share_of_one_is_a_filter_that_is_off(name: str) -> None:
    assert getattr(profile_from(changed(f"sampling.{name}", 1)).sampling, name) == 1


def test_a_hosts_own_file_is_read_from_its_path(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text((SHIPPED / "chatml.toml").read_text(encoding="utf-8"), encoding="utf-8")

    assert load_profile(str(file)) == load_profile("chatml")


def test_an_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(StartupError) as refused:
        load_profile("zephyr")

    assert refused.value.exit_code == 78
    assert "“zephyr”" in str(refused.value)
    assert "alpaca, chatml, limarp-v3-early, zephrp" in str(refused.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"name = ", "Invalid value (at end of document)"),
        (b"name = '\xff'", "can't decode"),
        (b"name = 'own'", "headers.mark is to be a text."),
    ],
    ids=["missing", "no TOML", "no UTF-8", "half a profile"],
)
def test_a_file_that_cannot_be_used_is_refused_with_the_reason(
    content: bytes | None, reason: str, tmp_path: Path
) -> None:
    file = tmp_path / "own.toml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(StartupError) as refused:
        load_profile(str(file))

    assert refused.value.exit_code == 78
    assert str(file) in str(refused.value)
    assert reason in str(refused.value)
