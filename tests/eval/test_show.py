"""A person reads items: all of the text, nothing hidden, nothing that a terminal would obey."""

import subprocess
import sys
from pathlib import Path

import pytest
from answered_runs import ACC, answer, keep, make_run
from hypothesis import given
from hypothesis import strategies as st

from eval.item_text import item_text
from eval.items import Answers, Item, Metric, TaskRecord
from eval.show import show
from mixsched.errors import UsageError

CHOICE = Item(
    item="7",
    prompt="The capital of Peru is",
    target=" Lima",
    scores={"acc": 0.0, "bits_per_byte": [12.0, 5.0]},
    choices=[" Lima", " Quito"],
    gold=0,
    loglikelihoods=[-8.3178, -7.25],
)
PROGRAM = Item(
    item="HumanEval/0",
    prompt='def one():\n\t"""Return 1. """  \n',
    target="assert one() == 1",
    scores={"pass@1": 0.5},
    outputs=["    return 1\n", "    while True:\n        pass"],
    verdicts=["passed", "timeout"],
)


def test_choices_are_marked_as_chosen_and_right_with_their_log_likelihoods():
    assert item_text(CHOICE, width=80).splitlines() == [
        "item 7  acc 0  bits_per_byte 2.4000 (12/5)",
        "prompt",
        "| The capital of Peru is",
        "choice 1  -8.3178 nats  right",
        "|  Lima",
        "choice 2  -7.2500 nats  chosen",
        "|  Quito",
    ]


def test_outputs_stand_with_their_verdicts_and_white_space_can_be_seen():
    assert item_text(PROGRAM, width=80).splitlines() == [
        "item HumanEval/0  pass@1 0.5",
        "prompt",
        "| def one():",
        '| \\t"""Return 1. """··',
        "|",
        "target",
        "| assert one() == 1",
        "output 1  passed",
        "|     return 1",
        "|",
        "output 2  timeout",
        "|     while True:",
        "|         pass",
    ]


def test_prompts_that_differ_by_choice_are_all_shown():
    item = Item("0", ["Ann left since she", "Bob left since she"], "Ann", {}, choices=["Ann", "Bob"], gold=0)
    text = item_text(item, width=80)
    assert "prompt of choice 1\n| Ann left" in text
    assert "prompt of choice 2\n| Bob left" in text


@given(st.text(), st.integers(30, 120))
def test_a_text_comes_whole_in_lines_that_fit_and_hold_nothing_that_a_terminal_obeys(text, width):
    lines = item_text(Item("0", text, "yes", {}), width=width).splitlines()
    shown = lines[2 : lines.index("target")] if text else []
    assert all(len(line) <= width and line.isprintable() for line in shown)
    told = "".join(("\n" if line[0] == "|" else "") + line[2:] for line in shown)
    known = "\n".join(
        "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in line) for line in text.split("\n")
    )
    # Where a line is cut at a space, the space is at the line's end, and is not shown there.
    assert told.replace(" ", "").replace("·", "").strip("\n") == known.replace(" ", "").replace("·", "").strip("\n")


def test_a_long_line_goes_on_with_all_of_its_spaces():
    item = Item("0", "x" * 20 + "   y", "", {})
    assert item_text(item, width=22).splitlines() == ["item 0", "prompt", "| " + "x" * 20, ":    y"]


@pytest.fixture
def run(tmp_path):
    run = make_run(tmp_path / "code-nano-seed0")
    answer(run, "nano_capitals", [1.0, 0.0] * 50)
    answer(run, "nano_kinds", [1.0] * 90 + [0.0, None])
    record = TaskRecord("humaneval", "program", "pass@1", {"pass@1": Metric()}, {})
    keep(
        run, Answers(record, [PROGRAM, Item("HumanEval/1", "", "", {"pass@1": 1.0}, outputs=[""], verdicts=["passed"])])
    )
    keep(run, Answers(TaskRecord("dolly", "generation", "", {}, {}), [Item("0", "Why?", "", {}, outputs=["So."])]))
    return run


def test_without_a_task_the_tasks_are_listed_with_their_headlines(run, capsys):
    show(run.path)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "code-nano-seed0 after step 32"
    cells = {line.split()[0]: line.split()[1:] for line in out[2:]}
    assert cells["dolly"] == ["generation", "1"]
    assert cells["nano_capitals"] == ["choice", "100", "acc", "0.5000", "0.0503", "0.5000", "0.5000"]
    assert cells["nano_kinds"][:6] == ["choice", "92", "acc", "0.9890", "0.0110", "0.5000"]
    assert cells["nano_kinds"][6] == "<0.0001"
    assert cells["humaneval"] == ["program", "2", "pass@1", "0.7500", "0.2500"]


def shown(capsys) -> list[str]:
    return [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("item ")]


def test_items_are_chosen_by_count_name_grade_and_verdict(run, capsys):
    show(run.path, "nano_capitals", count=3)
    assert shown(capsys) == ["i0", "i1", "i2"]
    show(run.path, "nano_capitals", count=2, only="wrong")
    assert shown(capsys) == ["i1", "i3"]
    show(run.path, "nano_kinds", only="wrong")
    assert shown(capsys) == ["i90"]
    show(run.path, "nano_capitals", item="i42")
    assert shown(capsys) == ["i42"]
    show(run.path, "humaneval", only="timeout")
    assert shown(capsys) == ["HumanEval/0"]
    show(run.path, "humaneval", only="passed")
    assert shown(capsys) == ["HumanEval/0", "HumanEval/1"]
    show(run.path, "humaneval", only="right")
    assert shown(capsys) == ["HumanEval/1"]
    show(run.path, "dolly")
    assert shown(capsys) == ["0"]


def test_right_and_wrong_go_by_the_metric_that_is_asked_for(run, capsys):
    metrics = {"acc": ACC, "acc_norm": ACC, "bits": Metric("ratio")}
    items = [Item("a", "", "", {"acc": 1.0, "acc_norm": 0.0, "bits": [1, 1]})]
    keep(run, Answers(TaskRecord("normed", "choice", "acc", metrics, {}), items))
    show(run.path, "normed", only="wrong", metric="acc_norm")
    assert shown(capsys) == ["a"]
    show(run.path, "normed", only="wrong")
    assert shown(capsys) == []
    with pytest.raises(UsageError, match="`--only wrong` fits no item of 'normed'"):
        show(run.path, "normed", only="wrong", metric="bits")


def test_what_there_is_not_is_refused_with_what_there_is(run):
    with pytest.raises(UsageError, match="did you mean 'nano_capitals'"):
        show(run.path, "nano_capitols")
    with pytest.raises(UsageError, match="no item 'i100'; its items are named i0, i1, i2"):
        show(run.path, "nano_capitals", item="i100")
    with pytest.raises(UsageError, match="did you mean 'passed'"):
        show(run.path, "humaneval", only="pased")
    with pytest.raises(UsageError, match="did you mean 'acc'"):
        show(run.path, "nano_capitals", metric="ac")
    with pytest.raises(UsageError, match="`--count` must be at least 1"):
        show(run.path, "nano_capitals", count=0)
    with pytest.raises(UsageError, match="not evaluated after step 16, only after 32"):
        show(run.path, step=16)
    with pytest.raises(UsageError, match="is no run"):
        show(run.path.parent)


SHOW = """
import sys
from pathlib import Path
from eval.show import show
from mixsched import cli
cli.run(lambda: show(Path(sys.argv[1]), sys.argv[2], count=5_000))
"""


def test_a_reader_that_leaves_early_meets_no_traceback(run):
    # More than a pipe holds, so that the writer is told that nobody reads.
    answer(run, "long", [1.0] * 5_000)
    command = [sys.executable, "-c", SHOW, str(run.path), "long"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"code-nano-seed0")
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_a_name_that_leads_out_of_the_answers_is_no_task(run):
    (run.path / "evaluations/other.json").write_text("{}")
    with pytest.raises(UsageError, match=r"was not asked the task '\.\./other' after step 32"):
        show(run.path, "../other")
