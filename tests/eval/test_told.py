"""The table of an evaluation, to the letter, from answers made by hand."""

from eval.evaluate import Report
from eval.items import Answers, Item, Kind, Metric, TaskRecord
from eval.results import Row
from eval.suites import Suite
from eval.told import told

SUITE = Suite("s", {"reasoning": ("x", "gone"), "knowledge": ("y",), "code": ()}, apart=("open",))
ACC, BITS = Metric(chance=0.25), Metric("ratio", higher_is_better=False)


def answers(task, kind: Kind, metrics, *scores, verdicts=(), truncated=0, **settings) -> Answers:
    ended = [*verdicts] + [None] * (len(scores) - len(verdicts))
    items = [Item(str(n), "", "", score, verdicts=ended[n]) for n, score in enumerate(scores)]
    return Answers(TaskRecord(task, kind, next(iter(metrics), ""), metrics, settings, truncated), items)


def row(average, value, stderr, *covers) -> Row:
    name = f"s/{average}"
    return Row(
        "run", "code25", "nano", 0, 5, 1_280, name, "average", value, stderr, len(covers), "now", "1", covers=[*covers]
    )


def report(*of: Answers, averages=(), skipped=None) -> Report:
    return Report(5, {each.record.task: each for each in of}, skipped or {}, [*averages], new=0)


X = answers(
    "x",
    "choice",
    {"acc": ACC, "exact_match": Metric(), "bits_per_byte": BITS},
    {"acc": 1.0, "exact_match": 0.0, "bits_per_byte": [3.0, 2.0]},
    {"acc": 0.0, "exact_match": 0.0, "bits_per_byte": [5.0, 2.0]},
)
Y = answers("y", "choice", {"acc": Metric()}, {"acc": 1.0}, {})
OPEN = answers("open", "generation", {}, {}, {}, {})


def test_tasks_stand_in_their_groups_with_errors_and_chance_and_averages_say_what_they_lack():
    averages = [row("reasoning", 0.5, 0.5, "x"), row("knowledge", 1.0, None, "y"), row("nl_average", 0.75, 0.25, *"xy")]
    assert told(report(OPEN, Y, X, averages=averages, skipped={"gone": "no file"}), SUITE).splitlines() == [
        "        metric        value ± error  chance       n  besides",
        "reasoning",
        "  x     acc             50.0 ± 50.0    25.0       2  exact 0.0  bits/byte 2.0000",
        "knowledge",
        "  y     acc               100.0 ± ?               1",
        "not averaged",
        "  open  answers                                   3  for a judge",
        "averages of headline values",
        "  s/reasoning     50.0 ± 50.0  1 of 2, without gone",
        "  s/knowledge    100.0 ± ?  all 1",
        "  s/nl_average    75.0 ± 25.0  2 of 3, without gone",
        "skipped gone: no file",
    ]


def test_tasks_without_a_suite_stand_in_no_group_and_ratios_are_no_percentages():
    bits = answers("heldout/text", "heldout", {"bits_per_byte": BITS}, *[{"bits_per_byte": [4.0, 2.0]}] * 2)
    lines = told(report(bits, Y), None).splitlines()
    assert lines[1].split() == ["heldout/text", "bits/byte", "2.0000", "±", "0.0000", "2"]
    assert lines[2].split() == ["y", "acc", "100.0", "±", "?", "1"]
    assert len(lines) == 3


def test_what_a_reader_must_know_of_a_task_is_noted():
    ended = [["passed", "failed"], ["passed", "sandbox_error"]]
    scores = {"pass@1": 1.0}, {"pass@1": 1.0}
    task = answers(
        "f", "program", {"pass@1": Metric()}, *scores, verdicts=ended, truncated=1_234, differs="half of its items"
    )
    assert told(report(task), None).splitlines()[2:] == [
        "f: half of its items",
        "f: 1,234 requests were cut to fit the model's context, which makes the task harder",
        "f: programs: 2 passed, 1 failed, 1 sandbox_error",
        "f: a sandbox_error says nothing about a program and counts nowhere; evaluate again with --again",
    ]
