"""The numbers that figures plot, from rows that were made: ours, the paper's where it has some, and gaps."""

import pytest
from study_rows import SCORES, a_row, kept, rows_of_run

from experiments.study import FIGURES
from figures.points import (
    NO_BASELINE,
    NO_RATIO,
    NO_RUN,
    NO_SEED,
    NOT_MEASURED,
    ONE_SCALE,
    change_panels,
    gap_sentences,
    scale_panels,
    value_panels,
)
from figures.rows import gather, of_scale


@pytest.fixture
def measured(tmp_path):
    return lambda rows, scale=None: of_scale(gather([kept(tmp_path / str(len(rows)), rows)]), scale)


def panel(panels, name):
    return next(each for each in panels if each.measure.name == name)


def points(panels, name):
    return {point.variant.experiment: point for point in panel(panels, name).points}


def two_seeds(experiment, **scores):
    return [row for seed in (0, 1) for row in rows_of_run(experiment, seed=seed, scores={**SCORES, **scores})]


def test_changes_are_against_the_baseline_and_stand_beside_the_papers(measured):
    rows = [*two_seeds("text_only"), *two_seeds("balanced_to_text", reasoning=0.66)]
    found = points(change_panels("2", measured(rows), "nano"), "reasoning")
    there = found["balanced_to_text"]
    assert there.ours.mean == pytest.approx(10)
    assert (there.ours.n, there.paper, there.gap) == (2, 8.2, "")
    assert (found["text_only"].ours, found["text_only"].gap) == (None, "baseline")
    assert (found["code_to_text"].ours, found["code_to_text"].paper, found["code_to_text"].gap) == (None, 8.8, NO_RUN)


def test_bits_that_are_saved_go_up(measured):
    rows = [*rows_of_run("text_only"), *rows_of_run("balanced_to_text", times=0.9)]
    shown = panel(change_panels("2", measured(rows), "nano"), "heldout_text")
    assert shown.unit == "bits saved (%)"
    assert points([shown], "heldout_text")["balanced_to_text"].ours.mean == pytest.approx(10)


def test_figure_2_shows_pass_at_1_itself_as_the_paper_does(measured):
    rows = [*rows_of_run("text_only"), *rows_of_run("balanced_only", scores={**SCORES, "code": 0.05})]
    shown = panel(change_panels("2", measured(rows), "nano"), "code")
    assert shown.unit == "pass@1 (%)"
    assert points([shown], "code")["balanced_only"].ours.mean == pytest.approx(5)
    assert {name: point.paper for name, point in points([shown], "code").items()} == {
        "text_only": 0.4,
        "balanced_only": 9.0,
        "balanced_to_text": 4.8,
        "code_to_text": 4.1,
    }


def test_why_there_is_no_number_is_told_apart(measured):
    none = {**SCORES, "code": 0.0}
    rows = [
        *rows_of_run("code_web", scores=none),
        *rows_of_run("code_markup", scores=none),
        a_row("code_adjacent"),
        *rows_of_run("code_synthetic", seed=5),
    ]
    panels = change_panels("5a", measured(rows), "nano")
    assert points(panels, "code")["code_markup"].gap == NO_RATIO
    assert points(panels, "reasoning")["code_adjacent"].gap == NOT_MEASURED
    assert points(panels, "reasoning")["code_synthetic"].gap == NO_SEED
    without = change_panels("5a", measured(rows[13:]), "nano")
    assert points(without, "reasoning")["code_markup"].gap == NO_BASELINE


def test_one_seed_has_no_interval(measured):
    rows = [*rows_of_run("text_only"), *rows_of_run("balanced_only")]
    point = points(change_panels("2", measured(rows), "nano"), "reasoning")["balanced_only"]
    assert (point.ours.n, point.ours.half) == (1, None)


def test_the_papers_changes_stand_at_the_same_change_against_our_baseline(measured):
    rows = [*two_seeds("code00", reasoning=0.5), *two_seeds("code25", code=0.04)]
    panels = value_panels("4", measured(rows), "nano")
    shown = points(panels, "reasoning")
    assert shown["code00"].ours.mean == pytest.approx(50)
    assert shown["code25"].paper == pytest.approx(50 * 1.034)
    assert shown["code25"].paper_told == "+3.4% against code00"
    assert shown["code100"].paper == pytest.approx(50 * (1 - 0.183))
    assert shown["code50"].paper is None
    # The paper gives pass@1 with 100% of code against that with 25%.
    assert points(panels, "code")["code100"].paper == pytest.approx(4 * 2.6)
    assert panel(panels, "reasoning").chance == pytest.approx(125 / 3)


def test_the_papers_change_has_no_place_without_our_baseline(measured):
    panels = value_panels("4", measured(rows_of_run("code25", scores={**SCORES, "code": 0.0})), "nano")
    assert all(point.paper is None for shown in panels for point in shown.points)


def test_figures_beyond_the_paper_have_none_of_its_numbers(measured):
    rows = [row for experiment in FIGURES["math"].experiments for row in rows_of_run(experiment)]
    told = measured(rows)
    panels = [*change_panels("math", told, "nano"), *value_panels("repetition", told, "nano")]
    assert all(point.paper is None for shown in panels for point in shown.points)
    assert points(panels, "heldout_math")["code25"].ours.mean == 0


def test_scales_are_compared_seed_by_seed(measured):
    small = rows_of_run("balanced_to_text")
    large = rows_of_run("balanced_to_text", scale="micro", scores={**SCORES, "knowledge": 0.6}, times=0.5)
    nano, micro = (measured([*small, *large], scale) for scale in ("nano", "micro"))
    panels = scale_panels(nano, micro, "nano")
    there = points(panels, "knowledge")["balanced_to_text"]
    assert there.ours.mean == pytest.approx(100)
    assert there.paper == pytest.approx(170)
    assert points(panels, "heldout_text")["balanced_to_text"].ours.mean == pytest.approx(50)
    assert points(panels, "knowledge")["code_to_text"].gap == NO_RUN
    assert panel(panels, "nl_average").paper_of_all == 30


def test_one_scale_leaves_the_papers_numbers_alone(measured):
    panels = scale_panels(measured(rows_of_run("balanced_to_text")), None, "nano")
    assert points(panels, "knowledge")["balanced_to_text"].ours is None
    # It is measured at the one scale that there is.
    assert points(panels, "knowledge")["balanced_to_text"].gap == ONE_SCALE
    assert points(panels, "knowledge")["code_to_text"].gap == NO_RUN
    assert points(panels, "knowledge")["balanced_to_text"].paper == pytest.approx(170)


def test_gaps_name_what_is_missing_and_its_command(measured):
    told = measured([*rows_of_run("code_web"), *rows_of_run("code_markup"), a_row("code_adjacent", seed=2)])
    panels = change_panels("5a", told, "nano")
    assert gap_sentences("5a", told, panels, "nano") == (
        "no run of code_synthetic yet: python -m experiments run code_synthetic --scale nano",
        "code_adjacent was not asked all of suite nano: "
        "python -m eval --run runs/code_adjacent-nano-seed2 --suite nano",
    )


def test_many_missing_runs_are_asked_for_by_figure(measured):
    told = measured(rows_of_run("code00"))
    (sentence,) = gap_sentences("4", told, value_panels("4", told, "nano"), "nano")
    assert sentence == (
        "no run of code25, code50, code75, code90, code100 yet: python -m experiments run --figure 4 --scale nano"
    )
