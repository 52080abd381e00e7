"""Two runs, item by item: the differences, how sure they are, and how they are told."""

import dataclasses
import json

import numpy as np
import pytest
from answered_runs import ACC, BITS, MODEL, QUICK, answer, compared, keep, make_run, shares, told

from eval.compare.command import compare, write_comparison
from eval.compare.comparison import compare_runs
from eval.compare.lines import Bootstrap
from eval.compare.text import comparison_text
from eval.items import Answers, Metric, answers_folder, read_answers
from mixsched import Phase, Plan, Schedule, Tokens
from mixsched.errors import UsageError


def test_differences_are_b_minus_a_and_better_goes_by_the_metric(pair):
    rng = np.random.default_rng(0)
    for run, p, bits in zip(pair, (0.5, 0.8), (2.0, 1.5), strict=True):
        answer(run, "nano_capitals", shares(rng, p))
        answer(run, "nano_kinds", shares(np.random.default_rng(1), 0.5))
        documents = [[bits * size, size] for size in (100.0, 200.0, 300.0, 250.0, 120.0, 130.0, 140.0)]
        answer(run, "nano_solutions", documents, metric="bits_per_byte", declared=BITS)
    lines = {line.name: line for line in compared(pair).tasks}
    capitals, kinds, bits = (lines[name] for name in ("nano_capitals", "nano_kinds", "nano_solutions"))
    assert capitals.difference.value == pytest.approx(capitals.difference.b - capitals.difference.a)
    assert capitals.difference.low < 0.3 < capitals.difference.high
    assert capitals.verdict == "better"
    assert (bits.difference.a, bits.difference.b, bits.verdict) == (pytest.approx(2.0), pytest.approx(1.5), "better")
    assert (kinds.difference.value, kinds.verdict) == (0, "")
    backwards = {line.name: line for line in compared(pair[::-1]).tasks}
    assert backwards["nano_capitals"].verdict == backwards["nano_solutions"].verdict == "worse"


def test_items_are_paired_by_name_whatever_their_order(pair):
    scores = shares(np.random.default_rng(0), 0.5)
    for run in pair:
        answer(run, "task", scores)
    folder = answers_folder(pair[1], 32)
    kept = read_answers(folder, "task")
    keep(pair[1], Answers(kept.record, kept.items[::-1]))
    (line,) = compared(pair).tasks
    assert (line.difference.value, line.difference.stderr) == (0, 0)


def test_the_same_numbers_for_a_task_whatever_else_is_compared(pair):
    rng = np.random.default_rng(0)
    for run in pair:
        for name in ("nano_capitals", "nano_kinds", "other"):
            answer(run, name, shares(rng, 0.5))
    alone = compared(pair, tasks=["nano_kinds"]).tasks[0]
    among = compared(pair).tasks
    assert [line.name for line in among] == ["nano_capitals", "nano_kinds", "other"]
    assert dataclasses.replace(among[1], p_holm=None) == dataclasses.replace(alone, p_holm=None)
    assert comparison_text(compared(pair)) == comparison_text(compared(pair))
    other_seed = compared(pair, tasks=["nano_kinds"], bootstrap=Bootstrap(2_000, seed=1)).tasks[0]
    assert other_seed.difference.low != alone.difference.low


def test_the_errors_of_tasks_are_drawn_independently(pair):
    """Of equal items, whose errors would be the same if they were drawn alike, and would add up in an average."""
    for run, p in zip(pair, (0.5, 0.7), strict=True):
        for name in ("nano_capitals", "nano_kinds"):
            answer(run, name, shares(np.random.default_rng(0), p))
    found = compared(pair)
    first, second = (line.difference for line in found.tasks)
    assert first.value == second.value
    assert first.low != second.low
    knowledge = next(line.difference for line in found.averages if line.name == "nano/knowledge")
    assert knowledge.high - knowledge.low == pytest.approx((first.high - first.low) / np.sqrt(2), rel=0.1)


def test_clusters_widen_the_interval(pair):
    rng = np.random.default_rng(0)
    for run, p in zip(pair, (0.4, 0.6), strict=True):
        scores = np.repeat(shares(rng, p, 40), 10).tolist()
        answer(run, "clustered", scores, clusters=[str(place // 10) for place in range(400)])
        answer(run, "single", scores)
    clustered, single = compared(pair).tasks
    assert clustered.difference.value == single.difference.value
    assert clustered.difference.stderr == pytest.approx(np.sqrt(10) * single.difference.stderr, rel=0.1)


def test_averages_are_the_suites_and_say_what_they_lack(pair):
    rng = np.random.default_rng(0)
    for run, p in zip(pair, (0.5, 0.7), strict=True):
        for name in ("nano_capitals", "nano_glosses", "nano_cloze"):
            answer(run, name, shares(rng, p))
    found = compared(pair)
    lines = {line.name: line for line in found.averages}
    assert list(lines) == ["nano/reasoning", "nano/knowledge", "nano/nl_average"]
    knowledge = lines["nano/knowledge"]
    assert (knowledge.covers, knowledge.missing) == (("nano_capitals", "nano_glosses"), ("nano_kinds",))
    tasks = {line.name: line.difference for line in found.tasks}
    assert knowledge.difference.value == pytest.approx((tasks["nano_capitals"].value + tasks["nano_glosses"].value) / 2)
    assert knowledge.difference.stderr == pytest.approx(
        np.hypot(tasks["nano_capitals"].stderr, tasks["nano_glosses"].stderr) / 2
    )
    assert "nano/knowledge is over nano_capitals, nano_glosses; it lacks nano_kinds." in told(found)


def test_a_suite_takes_its_own_tasks_and_held_out_text_alone(pair):
    for run in pair:
        for name in ("nano_capitals", "boolq", "mine"):
            answer(run, name, [1.0, 0.0])
        answer(run, "heldout/text", [[20.0, 10], [30.0, 10]], metric="bits_per_byte", declared=BITS)
    assert [line.name for line in compared(pair, suite="nano").tasks] == ["nano_capitals", "heldout/text"]
    assert [line.name for line in compared(pair).tasks] == ["boolq", "nano_capitals", "heldout/text", "mine"]
    with pytest.raises(UsageError, match="did you mean 'nano'"):
        compared(pair, suite="nan")


def make_seeds(folder, experiment: str, values: dict[int, float]) -> None:
    for seed, p in values.items():
        run = make_run(folder / f"{experiment}-seed{seed}", seed=seed)
        answer(run, "nano_kinds", shares(np.random.default_rng(seed), p))


def test_several_seeds_are_found_by_what_their_folders_begin_with_and_widen_the_interval(tmp_path):
    make_seeds(tmp_path, "text-nano", {0: 0.3, 2: 0.5, 10: 0.7})
    make_seeds(tmp_path, "code-nano", {0: 0.7, 2: 0.3, 10: 0.6})
    make_run(tmp_path / "text-nano-seed0-copy")
    found = compare_runs(tmp_path / "text-nano", tmp_path / "code-nano", bootstrap=QUICK)
    assert found.a.seeds == found.b.seeds == (0, 2, 10)
    assert found.covers_seeds
    assert found.same_seeds
    one = compare_runs(tmp_path / "text-nano-seed0", tmp_path / "code-nano-seed2", bootstrap=QUICK)
    assert found.tasks[0].difference.stderr > 3 * one.tasks[0].difference.stderr
    assert "of seeds (3 and 3, compared one by one, by Student's t)" in told(found)
    assert "not that of seeds (1 and 1;" in told(one)


def test_runs_that_differ_in_more_than_their_seeds_are_no_seeds_of_one_experiment(tmp_path):
    make_seeds(tmp_path, "text-nano", {0: 0.3, 1: 0.5})
    make_seeds(tmp_path, "code-nano", {0: 0.7, 1: 0.3})

    def refused(changes: dict, what: str) -> None:
        file = tmp_path / "code-nano-seed1/config.json"
        before = file.read_text()
        file.write_text(json.dumps(json.loads(before) | changes))
        with pytest.raises(UsageError, match=rf"code-nano-seed1' are not two seeds of one experiment: they {what};"):
            compare_runs(tmp_path / "text-nano", tmp_path / "code-nano", bootstrap=QUICK)
        file.write_text(before)

    refused({"settings": {"model": MODEL, "batch_size": 16}}, "differ in their settings")
    refused({"data": {"text": "x"}, "tokenizer": "y"}, "differ in their tokenizer, data")
    refused({"seed": 0}, "have the same seed")
    for seed, step in ((0, 64), (1, 128)):
        schedule = Schedule((Phase("pretrain", Tokens(step), {"text": 1.0}),), batch_size=2, context_tokens=32)
        plan = Plan(schedule, rows={"text": 10}, seed=seed)
        (tmp_path / f"code-nano-seed{seed}/plan.json").write_text(json.dumps(plan.to_json()))
    refused({}, "differ in their schedule")


def test_seeds_that_differ_are_not_compared_one_by_one(tmp_path):
    make_seeds(tmp_path, "text-nano", {0: 0.3, 1: 0.5})
    make_seeds(tmp_path, "code-nano", {0: 0.7, 2: 0.3})
    found = compare_runs(tmp_path / "text-nano", tmp_path / "code-nano", bootstrap=QUICK)
    assert (found.covers_seeds, found.same_seeds) == (True, False)


def test_a_metric_of_choice_and_those_that_are_no_means(pair):
    for run in pair:
        answer(run, "task", [[0, 1], [1, 1]], metric="f1", declared=Metric("f1"))
        answer(run, "normed", [1.0, 0.0], metric="acc_norm")
    assert [line.metric for line in compared(pair, metric="acc_norm").tasks] == ["acc_norm"]
    found = compared(pair)
    assert found.left_out == {"task": "'f1' is no mean over items; choose another with --metric"}
    with pytest.raises(UsageError, match="normed: has no metric 'acc_nrm', only acc_norm"):
        compared(pair, metric="acc_nrm")


def test_by_chance_alone_some_are_distinguishable_and_holm_says_which_remain(pair):
    """Forty tasks without a difference, one with a large one."""
    rng = np.random.default_rng(1)
    for number in range(40):
        for run in pair:
            answer(run, f"task{number:02}", shares(rng, 0.5, 200))
    for run, p in zip(pair, (0.3, 0.7), strict=True):
        answer(run, "real", shares(rng, p, 200))
    found = compared(pair, bootstrap=Bootstrap(10_000))
    marked = [line.name for line in found.tasks if line.verdict]
    assert 2 <= len(marked) <= 7
    assert [line.name for line in found.tasks if line.p_holm < 0.05] == ["real"]
    text = told(found)
    assert f"{len(marked)} of 41 tasks are distinguishable from zero, where about 2.1 would be by chance" in text
    assert "after Holm's correction real." in text


def test_tasks_at_chance_are_told(pair):
    for run, p in zip(pair, (0.5, 0.52), strict=True):
        answer(run, "guessed", shares(np.random.default_rng(0), p))
        answer(run, "known", shares(np.random.default_rng(0), p + 0.3))
        answer(run, "unknown", shares(np.random.default_rng(0), p), declared=Metric())
    assert compared(pair).at_chance == ("guessed",)


def test_the_command_prints_the_table_and_writes_it_as_data(pair, tmp_path, capsys):
    for run, p in zip(pair, (0.4, 0.7), strict=True):
        answer(run, "nano_kinds", shares(np.random.default_rng(0), p))
        answer(run, "one_item", [1.0], declared=ACC)
    file = tmp_path / "table.json"
    compare(pair[0].path, pair[1].path, resamples=500, json_file=file)
    out = capsys.readouterr().out
    assert "B is better on nano_kinds: distinguishable from zero at 95%." in out
    assert "Not distinguishable from zero at 95%: one_item." in out
    table = json.loads(file.read_text())
    line = next(line for line in table["tasks"] if line["name"] == "nano_kinds")
    assert line["verdict"] == "better"
    assert f"{line['difference']['value']:+.4f}" in out
    assert (table["covers"], table["resamples"], table["a"]["seeds"]) == ("items", 500, [0])
    again = tmp_path / "again.json"
    write_comparison(again, compared(pair, bootstrap=Bootstrap(500)))
    assert again.read_bytes() == file.read_bytes()


def test_tasks_that_are_left_out_for_one_reason_stand_in_one_sentence(pair):
    for run in pair:
        answer(run, "task", [1.0, 0.0, 1.0])
    for name in ("more", "other"):
        answer(pair[1], name, [1.0])
    assert "Left out more, other: the runs of A were not asked it." in told(compared(pair))


def test_a_folder_for_the_table_that_is_not_there_is_told_first(pair, tmp_path):
    with pytest.raises(UsageError, match=r"there is no folder '.*nowhere' for `--json`"):
        compare(pair[0].path, pair[1].path, json_file=tmp_path / "nowhere" / "table.json")
