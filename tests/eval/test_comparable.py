"""What two runs can be compared in, and what is refused or left out by name."""

import dataclasses

import pytest
from answered_runs import QUICK, answer, compared, keep, make_run, told

from eval.compare.comparison import compare_runs
from eval.compare.lines import Bootstrap
from eval.items import Answers, TaskRecord, answers_folder, read_answers
from mixsched.errors import UsageError


def test_items_that_a_side_lacks_are_counted_and_left_out(pair):
    answer(pair[0], "task", [1.0, 0.0, 1.0, None, 1.0])
    answer(pair[1], "task", [None, 0.0, 0.0, None, 1.0, 1.0, 0.0])
    found = compared(pair)
    assert found.tasks[0].n == 3
    assert (found.tasks[0].difference.a, found.tasks[0].difference.b) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert found.notes["task"] == ("1 item left out that only A has", "2 items left out that only B has")


def test_a_task_that_was_asked_in_another_way_is_left_out_by_what_differs(pair):
    for run, temperature in zip(pair, (0.0, 0.8), strict=True):
        answer(run, "programs", [1.0, 0.0], settings={"shots": 0, "temperature": temperature})
        answer(run, "good", [1.0, 0.0], settings={"shots": 0, "lm_eval": str(temperature)})
    found = compared(pair)
    assert [line.name for line in found.tasks] == ["good"]
    assert "`temperature` is 0.0 in" in found.left_out["programs"]
    assert "0.8 in" in found.left_out["programs"]
    assert "`shots`" not in found.left_out["programs"]
    assert "`lm_eval` is 0.0 in" in found.notes["good"][0]


def test_with_another_limit_the_common_items_are_compared_if_they_are_the_same(pair):
    answer(pair[0], "task", [1.0, 0.0, 1.0], settings={"limit": None, "items": 3, "asked": "x"})
    answer(pair[1], "task", [1.0, 0.0], settings={"limit": 2, "items": 2, "asked": "y"})
    found = compared(pair)
    assert found.tasks[0].n == 2
    assert "`limit` is None in" in found.notes["task"][0]
    assert "asked" not in found.notes["task"][0]

    kept = read_answers(answers_folder(pair[1], 32), "task")
    others = [dataclasses.replace(item, prompt="another question") for item in kept.items]
    keep(pair[1], Answers(kept.record, others))
    with pytest.raises(UsageError, match=r"item 'i0' of '.*code-nano-seed0' has another prompt"):
        compared(pair)

    others = [dataclasses.replace(item, choices=["yes", "perhaps"]) for item in kept.items]
    keep(pair[1], Answers(kept.record, others))
    with pytest.raises(UsageError, match=r"item 'i0' of '.*code-nano-seed0' has another prompt, other choices"):
        compared(pair)

    answer(pair[1], "task", [1.0, 0.0, 0.0], settings={"limit": None, "items": 3, "asked": "y"})
    with pytest.raises(UsageError, match="`asked` is x in"):
        compared(pair)


def test_texts_that_were_cut_for_one_run_more_than_for_the_other_are_told(pair):
    for run in pair:
        answer(run, "task", [1.0, 0.0])
    assert "task" not in compared(pair).notes
    kept = read_answers(answers_folder(pair[1], 32), "task")
    keep(pair[1], Answers(dataclasses.replace(kept.record, truncated=1200), kept.items))
    assert "1,200 in" in compared(pair).notes["task"][0]


def test_what_only_one_run_was_asked_is_told(pair):
    for run in pair:
        answer(run, "both", [1.0, 0.0])
    answer(pair[1], "more", [1.0, 0.0])
    keep(pair[0], Answers(TaskRecord("dolly", "generation", "", {}, {}), []))
    keep(pair[1], Answers(TaskRecord("dolly", "generation", "", {}, {}), []))
    found = compared(pair)
    assert found.left_out == {
        "more": "the runs of A were not asked it",
        "dolly": "has no metric, only answers for a judge",
    }
    assert "Left out more: the runs of A were not asked it." in told(found)


def test_steps_are_the_last_of_all_seeds_or_as_asked(tmp_path):
    runs = [make_run(tmp_path / f"a-seed{seed}", seed=seed) for seed in (0, 1)]
    other = make_run(tmp_path / "b")
    for run in (*runs, other):
        answer(run, "task", [0.0, 1.0], step=16)
        answer(run, "task", [1.0, 1.0], step=128 if run is other else 32)
    answer(runs[0], "task", [0.0, 0.0], step=64)
    found = compare_runs(tmp_path / "a", other.path, bootstrap=QUICK)
    assert (found.a.step, found.b.step) == (32, 128)
    assert "A was evaluated after step 32, B after step 128." in told(found)
    assert compare_runs(tmp_path / "a", other.path, step=16, bootstrap=QUICK).tasks[0].difference.a == 0.5
    with pytest.raises(UsageError, match=r"'.*a-seed1' was not evaluated after step 64, only after 16, 32"):
        compare_runs(tmp_path / "a", other.path, step=64, bootstrap=QUICK)


def test_what_can_not_be_compared_is_refused_by_name(pair, tmp_path):
    with pytest.raises(UsageError, match=r"text-nano-seed0' holds no answers to any task; evaluate it"):
        compared(pair)
    answer(pair[0], "a", [1.0, 0.0])
    answer(pair[1], "b", [1.0, 0.0])
    with pytest.raises(UsageError, match=r"nothing of .* can be compared: a: the runs of B were not asked it"):
        compared(pair)
    with pytest.raises(UsageError, match="did you mean 'code-nano'"):
        compare_runs(pair[0].path, tmp_path / "cod-nano", bootstrap=QUICK)
    with pytest.raises(UsageError, match="both sides hold the run"):
        compare_runs(pair[0].path, tmp_path / "text-nano", bootstrap=QUICK)
    with pytest.raises(UsageError, match="no run was asked the task 'aa'"):
        compared(pair, tasks=["aa"])
    with pytest.raises(UsageError, match="`resamples` must be at least 100, got 0"):
        compared(pair, bootstrap=Bootstrap(0))
    with pytest.raises(UsageError, match="`seed` must be at least 0, got -1"):
        compared(pair, bootstrap=Bootstrap(seed=-1))
