"""Win-rates from judges' rows: by judge, of runs of one seed, from either side, after the last step."""

import pytest
from study_rows import STEP, a_row, judged_rows, kept, rows_of_run

from figures.rows import gather, of_scale
from figures.winrates import judge_label, judged


@pytest.fixture
def found(tmp_path):
    """Figure 8 from rows, by variant."""

    def of(rows):
        measured = of_scale(gather([kept(tmp_path, rows)]), None)
        return {each.variant.experiment: each for each in judged("8", measured)}

    return of


def means(each):
    return {metric: rate and pytest.approx(rate.mean) for metric, rate in each.rates.items()}


def test_rates_are_means_over_seeds_of_pairs_of_one_seed(found):
    other_seed = a_row(
        "balanced_only",
        task=f"win_rate/nano_open/vs/text_only-nano-seed1@{STEP}/openai:judge",
        metric="win_rate",
        value=1,
    )
    rows = [
        *judged_rows("balanced_only", "text_only"),
        *judged_rows("balanced_only", "text_only", seed=1, rates={"win_rate": 0.4, "loss_rate": 0.4, "tie_rate": 0.2}),
        other_seed,
    ]
    there = found(rows)["balanced_only"]
    assert means(there) == {"win_rate": 45, "tie_rate": 20, "loss_rate": 35}
    assert there.rates["win_rate"].n == 2
    assert (there.judge, there.task) == ("judge", "nano_open")
    assert (there.paper_win, there.paper_loss) == (32.7, 35.7)


def test_the_same_pair_from_the_other_side_counts_turned_around(found):
    there = found(judged_rows("text_only", "code_to_text"))["code_to_text"]
    assert means(there) == {"win_rate": 30, "tie_rate": 20, "loss_rate": 50}
    assert (there.paper_win, there.paper_loss) == (None, None)


def test_a_run_that_judges_is_one_judge_for_all_seeds(found):
    rows = [
        row
        for seed in (0, 1)
        for row in judged_rows(
            "balanced_only", "text_only", seed=seed, judge=f"likelihood:code25-nano-seed{seed}@{STEP}"
        )
    ]
    there = found(rows)["balanced_only"]
    assert there.judge == "likelihood of code25"
    assert there.rates["win_rate"].n == 2


def test_each_judge_has_its_own_rates(tmp_path):
    rows = [
        *judged_rows("balanced_only", "text_only", judge="openai:a/b"),
        *judged_rows(
            "balanced_only", "text_only", judge="openai:c", rates={"win_rate": 1, "loss_rate": 0, "tie_rate": 0}
        ),
    ]
    every = judged("8", of_scale(gather([kept(tmp_path, rows)]), None))
    wins = {each.judge: each.rates["win_rate"].mean for each in every if each.variant.experiment == "balanced_only"}
    assert wins == {"a/b": 50, "c": 100}


def test_an_earlier_checkpoint_of_the_other_run_does_not_count(found):
    early = [
        a_row(
            "balanced_only", task="win_rate/nano_open/vs/text_only-nano-seed0@128/openai:judge", metric=metric, value=1
        )
        for metric in ("win_rate", "loss_rate", "tie_rate")
    ]
    there = found([*rows_of_run("text_only"), *rows_of_run("balanced_only"), *early])["balanced_only"]
    assert (there.rates["win_rate"], there.gap) == (None, "not judged yet")


def test_without_a_judge_the_papers_numbers_stand_alone(found):
    there = found(rows_of_run("text_only"))["balanced_to_text"]
    assert (there.judge, there.gap) == ("", "no run yet")
    assert (there.paper_win, there.paper_loss) == (37.7, 34.7)


def test_names_of_runs_may_hold_dashes_and_scales_dots():
    assert judge_label("likelihood:my-run-2.8b-seed10@9") == "likelihood of my-run"
