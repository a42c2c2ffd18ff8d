import pytest

from bot.bench.prefix_cache import (
    PrefixCache,
    Segment,
    Situation,
    play,
    simulate,
    sliding_window,
)
from bot.core.budget import Costs, plan
from bot.core.script import Position

HEAD, FIRST, SECOND, TAIL = Segment(0, 700), Segment(1, 100), Segment(2, 200), Segment(3, 20)
SEEDS = range(5)
TURNS = 1000


@pytest.mark.parametrize(("context", "least"), [(4096, 0.82), (8192, 0.90)])
def test_most_of_a_prompt_has_been_read_before(context: int, least: float) -> None:
    saved = simulate(Situation(context), plan, turns=TURNS, seeds=SEEDS)

    assert saved.turns == 5000
    assert saved.hit_ratio >= least


@pytest.mark.parametrize("context", [4096, 8192])
def test_dropping_a_line_per_turn_has_most_of_the_prompt_read_again(context: int) -> None:
    situation = Situation(context)

    blocks = simulate(situation, plan, turns=200, seeds=SEEDS)
    window = simulate(situation, sliding_window, turns=200, seeds=SEEDS)

    assert window.read_mean > 5 * blocks.read_mean


def test_every_prompt_leaves_room_for_the_reply() -> None:
    turns = play(Situation(4096), plan, turns=200, seed=1)

    assert max(turn.prompt for turn in turns) <= 4096 - 400
    assert min(turn.prompt for turn in turns) > 700 + 20


def test_a_turn_without_a_cut_reads_the_reply_the_line_and_the_header_only() -> None:
    situation = Situation(8192)

    turns = play(situation, plan, turns=200, seed=1)

    quiet = [turn.read for turn in turns if not turn.has_cut]
    grown = situation.player_line + situation.reply + situation.tail
    assert sum(quiet) / len(quiet) == pytest.approx(grown, rel=0.1)


def test_a_note_near_the_end_has_the_lines_behind_it_read_again() -> None:
    plain = simulate(Situation(8192), plan, turns=200, seeds=[1])
    noted = simulate(Situation(8192, note=60), plan, turns=200, seeds=[1])

    assert noted.read_p50 > 2 * plain.read_p50


def test_lore_that_comes_and_goes_costs_less_at_a_depth_than_on_top() -> None:
    on_top = Situation(8192, passing_lore=60)
    deep = Situation(8192, passing_lore=60, passing_position=Position.DEPTH)

    at_top = simulate(on_top, plan, turns=200, seeds=SEEDS)
    at_depth = simulate(deep, plan, turns=200, seeds=SEEDS)

    assert at_depth.read_mean < at_top.read_mean


def test_a_seed_plays_one_scene_only() -> None:
    situation = Situation(4096)

    once = play(situation, plan, turns=100, seed=1)

    assert play(situation, plan, turns=100, seed=1) == once
    assert play(situation, plan, turns=100, seed=2) != once


def test_a_prompt_is_reused_up_to_the_first_difference() -> None:
    cache = PrefixCache()

    cache.keep([HEAD, FIRST, TAIL])

    assert cache.reused([HEAD, FIRST, SECOND, TAIL]) == 800
    assert cache.reused([FIRST, HEAD]) == 0


def test_a_prompt_is_not_reused_before_its_request_has_ended() -> None:
    cache = PrefixCache()

    while_it_runs = cache.reused([HEAD, FIRST])

    assert while_it_runs == 0
    assert cache.reused([HEAD, FIRST]) == 0


def test_the_last_token_of_a_known_prompt_is_read_again() -> None:
    cache = PrefixCache()

    cache.keep([HEAD, FIRST])

    assert cache.reused([HEAD, FIRST]) == 799


def test_a_beginning_of_another_length_is_another_one() -> None:
    cache = PrefixCache()

    cache.keep([HEAD, FIRST])

    assert cache.reused([Segment(0, 701), FIRST]) == 0


def test_a_window_takes_the_newest_lines_that_fit() -> None:
    chosen = sliding_window(Costs(fixed=100, examples=0, lines=[50, 60, 70]), 230)

    assert (chosen.kept, chosen.tokens) == ((1, 2), 230)
