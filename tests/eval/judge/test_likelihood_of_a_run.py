"""The likelihood judge with a trained run as its reference, by the real command."""

import pytest

from eval.judge.kept import read_judgements
from eval.results import read_rows
from mixsched.errors import UsageError

# As the tiny corpus of these tests has it, and as no corpus has it.
WORDS = ["the function returns", "and the same", "in the list of", "import sys"]
NOISE = ["zqxj vkqz wjx", "qq zz xx jj vv", "~^|~^|~^|", "XQZ XQZ"]


@pytest.fixture
def runs(tmp_path, make_run):
    a = make_run(tmp_path / "runs/a", dict(zip("wxyz", WORDS, strict=True)))
    b = make_run(tmp_path / "runs/b", dict(zip("wxyz", NOISE, strict=True)))
    return a, b


def test_a_run_judges_by_the_likelihood_of_answers(runs, finished_run, judge_here):
    output = judge_here(*runs, None, f"--judge=likelihood:{finished_run.path}")
    assert "judge likelihood:code25-nano-seed0@32: likelihood of code25-nano-seed0 after step 32, no LLM" in output
    assert "shown first" not in output
    assert {row.task for row in read_rows(runs[0].results)} == {"win_rate/dolly/vs/b@5/likelihood:code25-nano-seed0@32"}
    (file,) = (runs[0].path / "judgements/5").glob("*.jsonl")
    judgements = read_judgements(file)[1]
    assert [each.outcome for each in judgements] == ["a"] * 4
    assert all(0 > each.scores[0] > each.scores[1] for each in judgements)


def test_an_answer_that_does_not_fit_the_reference_is_not_compared(runs, finished_run, judge_here, make_run):
    answers = dict(zip("wxyz", [*WORDS[:3], "far too long " * 40], strict=True))
    a = make_run(runs[0].path, answers)
    with pytest.raises(
        UsageError, match=r"has a context of 32 tokens, and an answer has \d+; name a run with a longer"
    ):
        judge_here(a, runs[1], None, f"--judge=likelihood:{finished_run.path}")


def test_a_reference_without_checkpoints_is_refused(runs, judge_here, make_run, tmp_path):
    reference = make_run(tmp_path / "runs/reference", {})
    with pytest.raises(UsageError, match="holds no checkpoints; train it first"):
        judge_here(*runs, None, f"--judge=likelihood:{reference.path}")


def test_shards_with_another_tokenizer_are_refused(runs, finished_run, judge_here, shards, tmp_path):
    other = tmp_path / "shards"
    (other / "text").mkdir(parents=True)
    (other / "tokenizer.model").write_bytes((shards / "tokenizer.model").read_bytes() + b"\n")
    with pytest.raises(UsageError, match="holds another tokenizer than the run's; name the `--shards`"):
        judge_here(*runs, None, f"--judge=likelihood:{finished_run.path}", f"--shards={other}")
