"""The whole command: what it prints, what it keeps, and the sentence for every mistake."""

import json
import shutil

import pytest
from judge_server import longer_wins

from eval.judge.kept import judgements_path, read_judgements, safe_name
from eval.judge.pairs import Comparison
from eval.judge.rates import rates_of
from eval.results import read_rows
from eval.rundir import RunFolder
from mixsched.errors import UsageError


def always_first(*_: str) -> str:
    return "Mine is best.\n[[A]]"


def test_the_table_tells_rates_orders_lengths_and_cost(server, two_runs, judge_here):
    output = judge_here(*two_runs, server, "--price-in=2.5", "--price-out=10")
    assert "A  code25-nano-seed0 after step 5" in output
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert any(line.startswith("A wins 50.0%") for line in lines)
    assert any(line.startswith("tie 25.0%") for line in lines)
    assert any(line.startswith("B wins 25.0%") for line in lines)
    assert any(line.startswith("A wins, ties split 62.5%") for line in lines)
    assert any(line.startswith("A wins less B wins 25.0%") for line in lines)
    assert "1 of them has identical answers: a tie, not asked about" in output
    assert "A shown first 54.5% 18.2% 27.3% 11" in lines
    assert "both orders have one verdict on 100.0% of 11 pairs" in output
    assert "the answer shown first wins 50.0% of 18 verdicts" in output
    assert "A is longer 100.0% 0.0% 0.0% 6" in lines
    # 22 replies of 100 and 5 tokens.
    assert "2,200 tokens in, 110 out\n  cost 0.0066, of which now 0.0066\n" in output
    assert "cost 0.0066, of which now 0.0000" in judge_here(*two_runs, server, "--price-in=2.5", "--price-out=10")
    assert max(len(line) for line in output.splitlines() if "kept in" not in line) <= 100


def test_a_bias_of_order_is_told_and_makes_ties(server, two_runs, judge_here):
    server.rule = always_first
    output = judge_here(*two_runs, server)
    assert "both orders have one verdict on 0.0% of 11 pairs" in output
    assert "the answer shown first wins 100.0% of 22 verdicts" in output
    assert {row.metric: row.value for row in read_rows(two_runs[0].results)}["tie_rate"] == 1.0


def test_unparsed_replies_are_counted_apart(server, two_runs, judge_here):
    server.rule = lambda instruction, *texts: "maybe A" if "item03" in instruction else longer_wins(instruction, *texts)
    output = " ".join(judge_here(*two_runs, server).split())
    assert "of 11 pairs" in output
    assert "besides, 1 pair has a reply without a readable verdict and counts nowhere" in output
    _, judgements = read_judgements(only_file(two_runs[0]))
    assert [reply.text for reply in judgements[3].replies] == ["maybe A", "maybe A"]
    assert {row.n for row in read_rows(two_runs[0].results)} == {11}


def test_a_judge_of_whom_nothing_can_be_read_gives_no_rows(server, two_runs, judge_here):
    server.rule = lambda *_: "maybe"
    a, b = two_runs
    output = judge_here(a, b, server, "--limit=3")
    assert "3 pairs have a reply without a readable verdict, so there is no rate" in output
    assert not read_rows(a.results)


def test_the_endpoint_is_asked_in_the_manner_of_the_command_line(server, two_runs, judge_here, failure):
    server.delay_s = 0.05
    judge_here(*two_runs, server, "--max-tokens=7", "--concurrency=3")
    assert {asked["max_tokens"] for asked in server.requests} == {7}
    assert server.most_open == 3
    assert {each.judge for each in read_judgements(only_file(two_runs[0]))[1]} == {"openai:rule"}
    server.failures.append(failure(429, retry_after="5"))
    with pytest.raises(UsageError, match="gave no answer for too long"):
        judge_here(*two_runs, server, "--max-tokens=8", "--patience=1")


def test_what_was_asked_otherwise_is_another_measurement(server, two_runs, judge_here):
    for tokens in (7, 7, 8):
        judge_here(*two_runs, server, f"--max-tokens={tokens}")
    rows = [row for row in read_rows(two_runs[0].results) if row.metric == "win_rate"]
    assert len({row.asked for row in rows}) == len(rows) == 2


def only_file(run: RunFolder):
    (file,) = (run.path / "judgements/5").glob("*.jsonl")
    return file


def test_rows_follow_from_the_kept_judgements_alone_and_are_not_doubled(server, two_runs, judge_here):
    for _ in range(2):
        judge_here(*two_runs, server)
    rows = read_rows(two_runs[0].results)
    comparison, judgements = read_judgements(only_file(two_runs[0]))
    rates = rates_of(judgements, seed=0)
    assert comparison == Comparison("dolly", "code25-nano-seed0", 5, "text_only-nano-seed0", 5)
    assert {row.task for row in rows} == {"win_rate/dolly/vs/text_only-nano-seed0@5/openai:rule"}
    assert [(row.metric, row.value, row.stderr, row.n) for row in rows] == [
        ("win_rate", rates.win.value, rates.win.stderr, 12),
        ("loss_rate", rates.loss.value, rates.loss.stderr, 12),
        ("tie_rate", rates.tie.value, rates.tie.stderr, 12),
        ("win_rate_ties_split", rates.split.value, rates.split.stderr, 12),
    ]
    assert {(row.run, row.experiment, row.step, row.tokens) for row in rows} == {
        ("code25-nano-seed0", "code25", 5, 5 * 8 * 32)
    }
    assert not two_runs[1].results.exists()


def test_several_judges_are_told_one_by_one_and_by_majority(server, two_runs, judge_here):
    output = judge_here(*two_runs, server, "--judge=openai:org/other model")
    assert "judge openai:rule at" in output
    assert "judge openai:org/other model at" in output
    assert "1 and 2     12  100.0%" in output
    assert "most of the 2 judges" in output
    assert len(server.requests) == 44
    tasks = {row.task.rpartition("@5/")[2] for row in read_rows(two_runs[0].results)}
    assert tasks == {"openai:rule", "openai:org/other model", "majority(openai:org/other model+openai:rule)"}


def test_a_judge_that_fails_leaves_what_another_said(server, two_runs, judge_here, failure):
    judge_here(*two_runs, server)
    server.failure_of = lambda *_: failure(404)
    with pytest.raises(UsageError, match="knows no model 'other'"):
        judge_here(*two_runs, server, "--judge=openai:other")
    assert len(read_judgements(only_file(two_runs[0]))[1]) == 12


def test_other_checkpoints_are_other_measurements(server, two_runs, judge_here, make_run):
    a, b = two_runs
    answers = {f"item{number:02}": "a much, much longer answer" for number in range(12)}
    make_run(b.path, answers, step=9)
    judge_here(a, b, server)
    judge_here(a, b, server, "--step=5", "--step-b=9")
    judge_here(a, b, server, "--step=5")
    tasks = [row.task for row in read_rows(a.results) if row.metric == "win_rate"]
    assert tasks == [f"win_rate/dolly/vs/text_only-nano-seed0@{step}/openai:rule" for step in (9, 5)]


@pytest.mark.parametrize(("pairs", "words"), [(29, "fewer than 30 prompts"), (30, "A and B differ at 95%")])
def test_a_difference_is_claimed_of_prompts_enough(server, tmp_path, judge_here, make_run, pairs, words):
    a = make_run(tmp_path / "runs/a", {str(n): "long" for n in range(pairs)})
    b = make_run(tmp_path / "runs/b", {str(n): "b" for n in range(pairs)})
    assert words in judge_here(a, b, server)


def test_no_difference_is_told_as_such(server, tmp_path, judge_here, make_run):
    a = make_run(tmp_path / "runs/a", {str(n): "long" if n % 2 else "l" for n in range(30)})
    b = make_run(tmp_path / "runs/b", {str(n): "b" if n % 2 else "bong" for n in range(30)})
    assert "not distinguishable from zero" in " ".join(judge_here(a, b, server).split())


def test_settings_that_differ_are_told(server, tmp_path, judge_here, make_run):
    a = make_run(tmp_path / "runs/a", {"x": "1"}, settings={"limit": None, "temperature": 0.0})
    b = make_run(tmp_path / "runs/b", {"x": "22"}, settings={"limit": None, "temperature": 0.7})
    assert "asked differently: temperature (0.0 and 0.7)" in judge_here(a, b, server)


def test_names_are_safe_and_apart():
    assert safe_name("dolly-vs-b") == "dolly-vs-b"
    names = ["openai:a/b", "openai:a_b", "openai:a:b", "../../etc/passwd", "..", "", "ä", "o" * 999, "o" * 998]
    safe = [safe_name(name) for name in names]
    assert len(set(safe)) == len(names)
    assert all("/" not in name and name.strip(".") and len(name) < 200 for name in safe)


def test_a_damaged_line_of_judgements_is_named(server, two_runs, judge_here):
    judge_here(*two_runs, server)
    file = only_file(two_runs[0])
    assert file == judgements_path(two_runs[0], Comparison("dolly", "a", 5, "text_only-nano-seed0", 5), "openai:rule")
    file.write_text(file.read_text() + json.dumps({"item": 1}) + "\n")
    with pytest.raises(UsageError, match="line 13 of"):
        read_judgements(file)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "`--judge` is missing"),
        (["--judge=openia:x"], r"did you mean 'openai'\?"),
        (["--judge=openai:"], "names no model; write it after the colon"),
        (["--judge=likelihood:"], "names no run"),
        (["--judge=openai:x", "--judge=openai:x"], "given twice"),
        (["--judge=openai:x"], "needs a key; put it into the environment: export OPENAI_API_KEY"),
        (["--judge=openai:x", "--base-url=localhost:8000"], "`--base-url` must be an address such as"),
        (["--judge=openai:x", "--base-url=http://u:secret@localhost/v1"], "may hold no key"),
        (["--judge=openai:x", "--limit=0"], "`--limit` must be at least 1"),
        (["--judge=openai:x", "--concurrency=0"], "`--concurrency` must be at least 1"),
        (["--judge=openai:x", "--max-tokens=0"], "`--max-tokens` must be at least 1"),
        (["--judge=openai:x", "--patience=-1"], "`--patience` must be 0 or more"),
        (["--judge=openai:x", "--seed=-1"], "`--seed` must be 0 or more"),
        (["--judge=openai:x", "--price-in=1"], "give both, or neither"),
        (["--judge=openai:x", "--price-in=-1", "--price-out=1"], "`--price-in` must be 0 or more"),
        (
            ["--judge=openai:x", "--task=doly"],
            r"no answers to 'doly' \(tasks with answers: dolly\); make them: python -m",
        ),
        (["--judge=openai:x", "--step=7"], r"after step 7 \(answered after steps: 5\).* --step 7 --data DIR"),
        (["--judge=likelihood:runs/nowhere"], "'runs/nowhere' is no run"),
    ],
)
def test_mistakes_on_the_command_line(two_runs, judge_here, arguments, words):
    with pytest.raises(UsageError, match=words) as stop:
        # Without patience, so that a mistake that is not found ends at once too.
        judge_here(*two_runs, None, "--patience=0", *arguments)
    assert "secret" not in str(stop.value)
    assert "\n" not in str(stop.value)


def test_a_run_that_is_compared_may_not_judge(two_runs, judge_here):
    with pytest.raises(UsageError, match="name a third run"):
        judge_here(*two_runs, None, f"--judge=likelihood:{two_runs[1].path}/../text_only-nano-seed0")


def test_a_run_is_not_compared_with_itself(server, two_runs, judge_here):
    with pytest.raises(UsageError, match="would be compared with itself"):
        judge_here(two_runs[0], two_runs[0], server)


def test_a_run_without_answers_is_told_how_to_get_them(server, two_runs, judge_here):
    shutil.rmtree(two_runs[1].path / "evaluations")
    with pytest.raises(UsageError, match=r"seed0' has no answers to 'dolly' .*--run \S+ --tasks dolly --data DIR$"):
        judge_here(*two_runs, server)


def test_runs_that_answered_other_items_need_a_limit(server, tmp_path, judge_here, make_run):
    a = make_run(tmp_path / "runs/a", {"x": "1", "y": "2", "z": "3"})
    b = make_run(tmp_path / "runs/b", {"x": "22", "y": "33"})
    with pytest.raises(UsageError, match=r"\(3 and 2 of them, and run B lacks item 'z'\).*`--limit 2`"):
        judge_here(a, b, server)
    with pytest.raises(UsageError, match=r"\(2 and 3 of them\)"):
        judge_here(b, a, server)
    assert "of 2 pairs" in judge_here(a, b, server, "--limit=2")


def test_runs_that_were_asked_other_prompts_are_refused(server, tmp_path, judge_here, make_run):
    a, b = make_run(tmp_path / "runs/a", {"x": "1"}), make_run(tmp_path / "runs/b", {"x": "1"}, prompts={"x": "Why?"})
    with pytest.raises(UsageError, match="different prompts for item 'x'"):
        judge_here(a, b, server)


def test_a_task_without_text_is_refused(server, tmp_path, judge_here, make_run):
    a, b = make_run(tmp_path / "runs/a", {"x": None}), make_run(tmp_path / "runs/b", {"x": None})
    with pytest.raises(UsageError, match="asks for no text to be judged"):
        judge_here(a, b, server)


def test_empty_answers_are_judged_as_they_are(server, tmp_path, judge_here, make_run):
    a, b = make_run(tmp_path / "runs/a", {"x": "", "y": ""}), make_run(tmp_path / "runs/b", {"x": "some", "y": ""})
    judge_here(a, b, server)
    rates = {row.metric: row.value for row in read_rows(a.results)}
    assert (rates["win_rate"], rates["loss_rate"], rates["tie_rate"]) == (0.0, 0.5, 0.5)


@pytest.fixture
def started(monkeypatch):
    """The environment of a user with a key and an address in it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")


def test_the_environment_gives_key_and_address(server, two_runs, judge_here, started, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    judge_here(*two_runs, None, "--judge=openai:rule", "--limit=1")
    assert set(server.keys) == {"Bearer sk-mine"}
