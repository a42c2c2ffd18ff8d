"""A figure is worth something only if the work was done."""

import time

import pytest

from bot.adapters.profile_files import load_profile
from bot.bench import material
from bot.bench.cases import (
    CONTEXT,
    REPLY_TOKENS,
    RESERVE,
    STORY_LINES,
    Writer,
    build_prompt,
    cases,
    earlier_replies,
    read_stream,
    reply_deltas,
)
from bot.bench.timing import Effort, Prepared, measure
from bot.core.prompt import stop_strings
from bot.core.repeats import RepeatJudge, Verdict
from bot.core.scene import GuardLevel
from bot.core.script import Persona, Script


@pytest.mark.parametrize("guard", list(GuardLevel))
def test_the_whole_reply_of_the_stream_case_comes_through(guard: GuardLevel) -> None:
    deltas, earlier = reply_deltas(), earlier_replies()

    reply = read_stream(deltas, earlier, load_profile("zephrp"), guard)

    assert len(deltas) == REPLY_TOKENS
    assert reply.startswith("".join(deltas).strip())  # behind it, open marks are closed
    assert RepeatJudge(earlier).verdict(reply) is Verdict.CLEAR


def test_the_prompt_case_builds_a_prompt_that_fills_the_context_with_the_newest_lines() -> None:
    story = Writer().story(new=STORY_LINES)

    prompt, first = build_prompt(story, load_profile("zephrp"), None)

    assert (CONTEXT - RESERVE) / 3 < material.tokens(prompt) <= CONTEXT - RESERVE
    assert all(line.text in prompt for line in story.lines[first:])
    assert story.lines[first - 1].text not in prompt


def test_the_next_prompt_case_goes_on_from_the_cut_of_the_one_before() -> None:
    profile, writer = load_profile("zephrp"), Writer()
    before, first = build_prompt(writer.story(new=STORY_LINES), profile, None)

    after, next_first = build_prompt(writer.story(new=2), profile, first - 2)

    open_header = before.rindex("\n\n")
    assert next_first == first - 2
    assert after.startswith(before[:open_header])


def test_pieces_of_a_text_make_it_up() -> None:
    written = material.text(500, seed=3)

    assert "".join(material.pieces_of(written)) == written


def test_no_line_of_the_material_is_there_twice() -> None:
    said = [material.line(number).text for number in range(400)]

    assert len(set(said)) == 400


def test_the_material_needs_six_names_as_stops() -> None:
    players = tuple(Persona(name) for name in material.PLAYERS)

    stops = stop_strings(Script(Persona(material.HERO), players), load_profile("zephrp"))

    assert len([stop for stop in stops if stop.endswith(":")]) == 6


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in cases()]

    assert len(set(names)) == len(names)


def test_a_round_takes_as_long_as_it_must() -> None:
    asked: list[int] = []

    def prepare(times: int) -> Prepared:
        asked.append(times)
        return lambda: _burn(times * 1e-4)

    timing = measure(prepare, Effort(rounds=3, round_s=0.005))

    assert asked[-3:] == [timing.times] * 3
    assert timing.times >= 40
    assert 1e-4 <= timing.best_s <= timing.median_s <= timing.worst_s


def _burn(cpu_s: float) -> None:
    end = time.process_time() + cpu_s
    while time.process_time() < end:
        pass
