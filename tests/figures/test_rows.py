"""Which rows count: from every kind of place, after the last step, the last word, of one scale, over the same items."""

import pytest
from study_rows import STEP, a_row, kept, rows_of_run, run_folder

from eval.results import append_rows
from figures.rows import gather, of_scale
from mixsched.errors import UsageError


def value(paths, experiment="code25", task="heldout/text", *, seed=0):
    measured = of_scale(gather(paths), None)
    return measured.row(experiment, task, "bits_per_byte")[seed].value


def test_rows_come_from_run_folders_folders_of_them_and_kept_files(tmp_path):
    run_folder(tmp_path / "runs" / "code25-nano-seed0", [a_row(value=1.5)])
    results = kept(tmp_path / "results", [a_row("code50", value=2.5)])
    assert value([tmp_path / "runs"]) == value([tmp_path / "runs" / "code25-nano-seed0"]) == 1.5
    assert value([results], "code50") == value([results / "nano" / "code50.jsonl"], "code50") == 2.5
    assert of_scale(gather([tmp_path]), None).rows.keys() == {"code25", "code50"}


def test_lines_of_other_kinds_beside_rows_are_not_read(tmp_path):
    folder = run_folder(tmp_path / "runs" / "code25-nano-seed0", [a_row()])
    cache = tmp_path / "runs" / "judgements" / "cache"
    cache.mkdir(parents=True)
    (cache / "judge.jsonl").write_text("no row\n")
    (folder.path / "evaluations").mkdir()
    (folder.path / "evaluations" / "nano_cloze.jsonl").write_text("no row\n")
    assert len(gather([tmp_path / "runs"]).rows) == 1


def test_a_path_that_is_given_twice_counts_once(tmp_path):
    results = kept(tmp_path, [a_row()])
    assert len(gather([results, results / "nano" / "code25.jsonl"]).rows) == 1


def test_a_run_that_has_not_ended_is_left_out_and_said(tmp_path):
    run_folder(tmp_path / "code25-nano-seed0", [a_row()])
    run_folder(tmp_path / "code25-nano-seed1", [a_row(seed=1)], total_steps=STEP + 10)
    gathered = gather([tmp_path])
    assert of_scale(gathered, None).seeds("code25") == (0,)
    assert gathered.notes == (f"left out, since it has not ended: 'code25-nano-seed1', at step {STEP} of {STEP + 10}",)


def test_parameters_are_known_of_run_folders(tmp_path):
    run_folder(tmp_path / "code25-nano-seed0", [a_row()])
    (parameters,) = of_scale(gather([tmp_path]), None).parameters
    # 640 words and a layer of width 32, of width 32 inside.
    assert 640 * 32 < parameters < 2 * 640 * 32


def test_only_the_last_step_counts_and_of_it_the_most_items(tmp_path):
    early = a_row(step=128, value=9.0, n=900)
    few = a_row(value=8.0, n=32, when="2026-01-09T00:00:00+00:00")
    assert value([kept(tmp_path, [a_row(value=2.0), early, few])]) == 2.0


def test_a_seed_that_ended_before_the_others_is_left_out(tmp_path):
    results = kept(tmp_path, [a_row(), a_row(seed=1, step=128)])
    measured = of_scale(gather([results]), None)
    assert measured.seeds("code25") == (0,)
    assert measured.notes == ("left out: 1 run with fewer steps than another seed of the same experiment",)


def test_of_two_values_the_later_wins_and_one_line_counts_them(tmp_path):
    later, earlier = a_row(value=3.0, when="2026-01-02T00:00:00+00:00"), a_row(value=2.0)
    results = kept(tmp_path, [later, earlier, *(a_row(task="heldout/math", value=each) for each in (4.0, 4.0))])
    assert value([results]) == 3.0
    assert of_scale(gather([results]), None).notes == (
        "of 1 measurement there are several values; the latest is taken",
    )


def test_of_two_values_of_one_second_the_last_line_wins(tmp_path):
    assert value([kept(tmp_path, [a_row(value=5.0), a_row(value=4.0)])]) == 4.0


def test_numbers_over_far_fewer_items_than_those_of_other_runs_are_left_out(tmp_path):
    rows = [a_row("code00", n=653), a_row("code25", n=32), a_row("code50", n=640)]
    measured = of_scale(gather([kept(tmp_path, rows)]), None)
    assert measured.rows.keys() == {"code00", "code50"}
    assert "left out: 1 measurement over fewer items" in measured.notes[0]


def test_averages_over_other_tasks_than_most_are_left_out(tmp_path):
    def reasoning(seed, covers):
        return a_row(seed=seed, task="nano/reasoning", metric="average", n=len(covers), covers=covers)

    rows = [reasoning(0, ["a", "b"]), reasoning(1, ["a", "b"]), reasoning(2, ["a", "c"])]
    measured = of_scale(gather([kept(tmp_path, rows)]), None)
    assert sorted(measured.row("code25", "nano/reasoning", "average")) == [0, 1]


def test_rows_of_two_scales_ask_for_one(tmp_path):
    results = kept(tmp_path, [a_row(), a_row(scale="micro", value=1.0), a_row(scale="other")])
    with pytest.raises(UsageError, match="scales nano, micro, other; choose one with `--scale`"):
        of_scale(gather([results]), None)
    assert of_scale(gather([results]), "micro").row("code25", "heldout/text", "bits_per_byte")[0].value == 1.0
    with pytest.raises(UsageError, match="no row of `--scale` '470m', only of nano, micro, other"):
        of_scale(gather([results]), "470m")


def test_no_row_names_the_command_that_makes_some(tmp_path):
    with pytest.raises(UsageError, match=r"no result row of a finished run in .*python -m experiments run"):
        gather([tmp_path])
    run_folder(tmp_path / "code25-nano-seed0", [])
    with pytest.raises(UsageError, match="at step 0 of 245"):
        gather([tmp_path])


def test_a_path_that_is_not_there_and_a_line_that_is_no_row_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"'.*nowhere' does not exist"):
        gather([tmp_path / "nowhere"])
    results = kept(tmp_path, rows_of_run("code25"))
    with (results / "nano" / "code25.jsonl").open("a") as stream:
        stream.write("{\n")
    with pytest.raises(UsageError, match=r"line 14 of '.*code25.jsonl' is no result row"):
        gather([results])


def test_a_run_without_a_plan_counts(tmp_path):
    folder = run_folder(tmp_path / "code25-nano-seed0", [])
    folder.plan.unlink()
    append_rows(folder.results, [a_row()])
    assert value([tmp_path]) == 2.0
