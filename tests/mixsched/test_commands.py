"""`python -m mixsched` as it is typed: plans told, drawn, compared, held against runs; every mistake answered."""

import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from mixsched import Plan, UsageError
from mixsched.audit import audited, read_lines

# A group may not be called as a source.
PLAN = """
seed = 0
limits = { code = 2 }

[rows]
text = 5_000
code = 300
math = 90

[schedule]
batch_size = 16
context_tokens = 128

[[schedule.phases]]
name = "pretrain"
length = { steps = 150 }
weights = { text = 0.5, code = 0.5 }
lr = { kind = "warmup_cosine", peak = 1e-3, end = 1e-4, warmup = { steps = 10 } }

[[schedule.phases]]
name = "cooldown"
length = { tokens = 102_400 }
weights = { text = 0.4, exact = { share = 0.6, of = { code = "2/3", math = "1/3" } } }
lr = { kind = "linear_anneal", end = 1e-6 }
"""


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "mix.toml"
    path.write_text(PLAN)
    return path


def command(*words: object) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "mixsched", *map(str, words)]
    return subprocess.run(whole, text=True, capture_output=True, check=False)


def test_a_plan_is_told(file: pathlib.Path) -> None:
    done = command("plan", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "10 steps up to 0.001, cosine to 0.0001" in done.stdout
    assert "code reaches its limit of 600 samples in step 74 and hands its share over" in done.stdout
    assert f"200 steps, 3,200 samples, 409,600 tokens; plan {Plan.load(file).fingerprint}" in done.stdout


def test_a_plan_is_saved_and_told_from_there(file: pathlib.Path) -> None:
    saved = file.with_name("mix.plan")
    assert command("plan", file, "--save", saved).returncode == 0
    assert command("plan", saved).stdout == command("plan", file).stdout
    assert Plan.load(saved) == Plan.load(file)


def test_a_schedule_alone_is_told_and_becomes_a_plan_with_shards(
    tmp_path: pathlib.Path, write_source: Callable
) -> None:
    path = tmp_path / "schedule.json"
    schedule = Plan.from_toml(PLAN).schedule
    path.write_text(json.dumps(schedule.to_json()))
    alone = command("plan", path)
    assert alone.returncode == 0
    assert "add `rows`, or name the data with --shards" in alone.stdout
    for name, rows in (("text", 70), ("code", 30), ("math", 9)):
        write_source(tmp_path / "shards" / name, np.zeros((rows, 129), np.uint16), shards=1)
    done = command("plan", path, "--shards", tmp_path / "shards")
    assert done.returncode == 0
    assert f"plan {Plan(schedule, {'text': 70, 'code': 30, 'math': 9}, seed=0).fingerprint}" in done.stdout
    over = command("plan", tmp_path / "mix.toml", "--shards", tmp_path / "shards")
    assert (over.returncode, "there is no file" in over.stderr) == (2, True)


def edited(old: str, new: str) -> str:
    assert old in PLAN
    return PLAN.replace(old, new)


# What is declared wrong, and what is said of it.
CANNOT_BE = {
    "unknown unit": (
        edited("steps = 150", "epochs = 150"),
        "a length must be one of .* got {'epochs': 150}; write the unit",
    ),
    "no unit": (edited("{ steps = 150 }", "150"), "a length must be one of .* got 150; write the unit"),
    "length in floats": (
        edited("steps = 150", "steps = 1.5e2"),
        r"`Steps` takes a whole number .* got 150.0; write Steps",
    ),
    "no length": (edited("steps = 150", "steps = 0"), "`length` of phase 'pretrain' must be more than nothing"),
    "weights of 1.1": (edited("code = 0.5", "code = 0.6"), r"add up to 1.1 \(text 0.5, code 0.6\); divide each by 1.1"),
    "a negative weight": (edited("code = 0.5", "code = -0.5"), "must not be negative, got -0.5; use 0"),
    "a weight of nan": (edited("code = 0.5", "code = nan"), r"`weights\['code'\]` must be a finite number, got nan"),
    "a weight in words": (edited("code = 0.5", 'code = "half"'), r"must be a number such as 0.25 or '1/3', got 'half'"),
    "a group that leaks": (
        edited('math = "1/3"', 'math = "1/4"'),
        r"\['exact'\]` must add up to 1, they add up to 0.916",
    ),
    "a source twice": (
        edited("text = 0.4", "text = 0.3, code = 0.1"),
        "names 'code' twice; give each source one weight",
    ),
    "phases of one name": (edited('"cooldown"', '"pretrain"'), "must have different names, 'pretrain'"),
    "a typo in a key": (
        edited("weights = { text = 0.5", "wieghts = { text = 0.5"),
        "lacks weights and has unknown wieghts; its fields",
    ),
    "a source without rows": (
        edited("math = 90\n", ""),
        "the source 'math', which is not among the data; known: code, text",
    ),
    "a typo in a source": (
        edited("math = 90", "maht = 90"),
        r"the source 'math', .*did you mean 'maht'\? Known: code, maht, text",
    ),
    "no rows but weight": (edited("math = 90", "math = 0"), "got 0; a source without rows can have no weight"),
    "a limit that cannot be kept": (
        edited("code = 2 }", 'code = { epochs = 2, then = "error" } }'),
        "its limit of 600 samples at step 75, before the run ends, for the weights ask 1,520 of it; 2.54 times",
    ),
    "limits that leave nobody": (
        edited("code = 2 }", "code = 1, text = 0.1, math = 1 }"),
        "every source that has weight has reached its limit, so nobody can take over",
    ),
    "a limit of no source": (edited("{ code = 2 }", "{ cod = 2 }"), r"`limits` names 'cod', .* did you mean 'code'\?"),
    "an unknown end": (
        edited("code = 2 }", 'code = { epochs = 2, then = "loop" } }'),
        "`then` of a limit must be one of hand_over, stop",
    ),
    "an unknown curve": (edited('"linear_anneal"', '"anneal"'), "whose 'kind' is one of constant, warmup_cosine"),
    "an anneal from nowhere": (
        PLAN.replace('lr = { kind = "warmup_cosine", peak = 1e-3, end = 1e-4, warmup = { steps = 10 } }\n', ""),
        "`start` of the LinearAnneal in phase 'cooldown' must be given: no learning rate precedes it",
    ),
    "a batch of none": (edited("batch_size = 16", "batch_size = 0"), "`batch_size` must be a whole number .* got 0"),
    "nothing": ("", "a plan lacks rows, schedule, seed"),
    "an amendment's rows": (
        PLAN + "\n[[amendments]]\nat_step = 5\nweights = { text = 1 }\nrows = 5\n",
        "`rows` of an amendment must not be 5; give the rows of each new source, by name",
    ),
    "no seed": (edited("seed = 0\n", ""), "a plan lacks seed; its fields are"),
    "another format": ("format = 1\n" + PLAN, "this plan has format 1, this version of mixsched reads 2"),
    "an edit": (f'fingerprint = "{"0" * 64}"\n' + PLAN, "it was edited or damaged"),
    "an amendment beyond the end": (
        PLAN + "\n[[amendments]]\nat_step = 200\nweights = { text = 1 }\n",
        "`at_step` must lie between step 0 and the last step, 199, got 200",
    ),
    "an amendment of the past": (
        PLAN + "".join(f"\n[[amendments]]\nat_step = {step}\nweights = {{ text = 1 }}\n" for step in (50, 40)),
        "between the last amendment at step 50 and the last step, 199, got 40",
    ),
}


@pytest.mark.parametrize("mistake", CANNOT_BE)
def test_a_plan_that_cannot_be_is_refused_when_it_is_declared(tmp_path: pathlib.Path, mistake: str) -> None:
    """Exit 1 with one sentence that says what is wrong and what to do; no traceback, nothing solved or written."""
    text, said = CANNOT_BE[mistake]
    path = tmp_path / "mix.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        Plan.load(path)
    if mistake in ("weights of 1.1", "a limit that cannot be kept", "another format"):
        done = command("plan", path, "--save", tmp_path / "out.plan")
        assert done.returncode == 1
        assert done.stderr == ""
        assert done.stdout.startswith(f"'{path}' cannot be: ")
        assert done.stdout.count("\n") == 1
        assert not (tmp_path / "out.plan").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "nowhere.toml"], "there is no file 'nowhere.toml'; name a plan in JSON or TOML, or a saved one"),
        (["plan", "BROKEN"], "is not TOML: "),
        (["plan", "FILE", "--shards", "nowhere"], "there is no folder 'nowhere'; name the folder that holds"),
        (["plan", "SCHEDULE", "--save", "x.plan"], "`--save` needs a plan, this is a schedule; add `rows`"),
        (["plan", "FILE", "--save", "/dev/full/x"], "may not use '/dev/full"),
        (["plan", "FILE", "--save", "FILE"], "is there and is no saved plan, so it is not overwritten; choose another"),
        (["plan", "FILE", "--save", "/dev/null"], "is there and is no saved plan, so it is not overwritten"),
        (["plan", "FILE", "--save", "."], "'.' is there and is no saved plan"),
        (["plan", "."], "'.' is a folder; name a plan in JSON or TOML, or a saved one"),
        (["plan", "DEEP"], "is not JSON: "),
        (["audit", ".", "--plan", "FILE"], "'.' is no text file; name the metrics.jsonl of a run"),
        (["plot", "FILE", "-o", "mix.gif"], "`-o` must end in .png, .svg, .pdf, got 'mix.gif'"),
        (["plot", "SCHEDULE", "-o", "mix.png"], "is a schedule without `rows`; add them, or name"),
        (["audit", "nowhere.jsonl", "--plan", "FILE"], "'nowhere.jsonl'; name the metrics.jsonl of a run"),
        (["audit", "nowhere.jsonl"], "there is no file 'plan.json'"),
        (["diff", "FILE", "nowhere.toml"], "there is no file 'nowhere.toml'"),
    ],
)
def test_a_mistake_at_the_prompt_is_one_sentence_and_2(file: pathlib.Path, words: list[str], said: str) -> None:
    broken, schedule = file.with_name("broken.toml"), file.with_name("schedule.json")
    broken.write_text("[schedule")
    schedule.write_text(json.dumps(Plan.from_toml(PLAN).schedule.to_json()))
    deep = file.with_name("deep.json")
    deep.write_text("[" * 100_000)
    given = {"FILE": file, "BROKEN": broken, "SCHEDULE": schedule, "DEEP": deep}
    done = command(*(given.get(word, word) for word in words))
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_is_no_command_is_answered_with_the_commands() -> None:
    done = command("plam")
    assert done.returncode == 2
    assert "{plan,plot,diff,audit}" in done.stderr
    assert "python -m mixsched plan mix.toml" in command("--help").stdout


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_plan_is_drawn(file: pathlib.Path, ending: str) -> None:
    out = file.with_name("new") / f"mix.{ending}"
    done = command("plot", file, "-o", out)
    assert (done.returncode, done.stdout) == (0, f"drawn: '{out}'\n")
    content = out.read_bytes()
    if ending == "svg":
        again = command("plot", file, "-o", out.with_name("again.svg"))
        assert again.returncode == 0
        for word in (
            "training tokens (thousands)",
            "share of samples (%)",
            "epochs",
            "learning rate",
            "cooldown",
            "math",
        ):
            assert f"<!-- {word} -->" in content.decode(), word


def test_a_picture_shows_the_shares_that_are_served(file: pathlib.Path) -> None:
    """Where the limit on code is reached its colour leaves the picture; the area of text is its share."""
    out = file.with_name("mix.png")
    command("plot", file, "-o", out)
    picture = np.asarray(Image.open(out).convert("RGB")).astype(int)
    counts = {
        name: (
            abs(picture - np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)])).sum(axis=2) < 8
        ).sum()
        for name, colour in (("text", "#0072B2"), ("code", "#D55E00"), ("math", "#009E73"))
    }
    served = dict(zip(("code", "math", "text"), Plan.load(file).served(200).tolist(), strict=True))
    for name in served:
        assert counts[name] / sum(counts.values()) == pytest.approx(served[name] / 3_200, abs=0.02), name


def test_two_plans_are_compared(file: pathlib.Path) -> None:
    other = file.with_name("other.toml")
    other.write_text(edited("text = 0.4, exact = { share = 0.6", "text = 0.1, exact = { share = 0.9"))
    done = command("diff", file, other)
    assert done.returncode == 1
    assert "plan.schedule.phases.1.weights.text was 0.4, now 0.1" in done.stdout
    assert "the first step that serves other samples is step 150" in done.stdout
    before, now = (Plan.load(path).served(200)[2] for path in (file, other))
    assert [line.split() for line in done.stdout.splitlines() if line.startswith("text")] == [
        ["text", f"{before:,}", f"{now:,}", f"{now - before:+,}"]
    ]
    same = command("diff", file, file)
    assert (same.returncode, same.stdout) == (0, "no difference\n")


def test_a_difference_that_changes_no_sample_is_told_as_that(file: pathlib.Path) -> None:
    other = file.with_name("other.toml")
    other.write_text(edited("peak = 1e-3", "peak = 2e-3"))
    done = command("diff", file, other)
    assert done.returncode == 1
    assert "the same samples in the same slots of every step" in done.stdout
    other.write_text(edited("tokens = 102_400", "tokens = 92_160"))
    assert "the same samples in all of the 195 steps that both have" in command("diff", file, other).stdout


def lines_of(plan: Plan, every: int, *, kind: str) -> list[dict]:
    """The metrics of a run that serves its plan, as totals or as counts since the line before."""
    before, found = np.zeros(len(plan.sources), int), []
    for steps in range(every, plan.total_steps + 1, every):
        served = plan.served(steps)
        told = served if kind == "served" else served - before
        found.append({"steps_done": steps, kind: dict(zip(plan.sources, told.tolist(), strict=True))})
        before = served
    return found


def write_run(file: pathlib.Path, lines: list[dict]) -> pathlib.Path:
    run = file.with_name("run")
    run.mkdir()
    (run / "plan.json").write_text(json.dumps(Plan.load(file).to_json()))
    metrics = run / "metrics.jsonl"
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return metrics


@pytest.mark.parametrize("kind", ["served", "counts"])
def test_a_run_that_serves_its_plan_passes_the_audit(file: pathlib.Path, kind: str) -> None:
    plan = Plan.load(file)
    metrics = write_run(file, lines_of(plan, 7, kind=kind))
    done = command("audit", metrics)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"28 lines up to step 196: what was served is what the plan {plan.fingerprint[:12]} serves" in done.stdout
    apart = {line.split()[0]: float(line.split()[4]) for line in done.stdout.splitlines()[1:4]}
    assert set(apart) == set(plan.sources)
    assert 0 < max(apart.values()) <= 1


@pytest.mark.parametrize("place", [0, 20, 65])
def test_a_run_that_served_something_else_is_told_from_which_line_on(file: pathlib.Path, place: int) -> None:
    plan = Plan.load(file)
    lines = lines_of(plan, 3, kind="served")
    for line in lines[place:]:
        line["served"]["text"] += 2
    done = command("audit", write_run(file, lines))
    steps = 3 * (place + 1)
    assert done.returncode == 1
    text = plan.served(steps)[2]
    assert (
        f"line {place + 1}, after {steps} steps, is not what the plan serves: text {text + 2:,} instead of {text:,}\n"
    ) in done.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 of '.*' is not JSON; remove that line"),
        ("[]", "line 2 of '.*' must hold 'steps_done' and, by source, 'served' or 'counts'; got \\[\\]"),
        ('{"steps_done": 1}', "line 2 of '.*' must hold 'steps_done'"),
        ('{"steps_done": 201, "served": {}}', "line 2 of '.*' tells of 201 steps, the plan has 200; name the plan"),
        ('{"steps_done": 6, "served": {"txt": 1}}', r"tells of the source 'txt', .*did you mean 'text'\?"),
        ('{"steps_done": 6, "served": {"text": "1,000"}}', "line 2 of '.*' must hold 'steps_done'"),
        ('{"steps_done": 6, "served": {"text": 5.5}, "counts": {"text": 5}}', "line 2 of '.*' must hold 'steps_done'"),
        ('{"steps_done": true, "served": {"text": 5}}', "line 2 of '.*' must hold 'steps_done'"),
    ],
)
def test_metrics_that_cannot_be_read_are_named_by_line(file: pathlib.Path, line: str, said: str) -> None:
    plan = Plan.load(file)
    first, last = (json.dumps(each) for each in lines_of(plan, 3, kind="served")[:2])
    metrics = file.with_name("metrics.jsonl")
    metrics.write_text(f"{first}\n{line}\n{last}\n")
    with pytest.raises(UsageError, match=said):
        list(read_lines(metrics, plan))


def test_counts_that_are_told_again_after_a_crash_count_once(file: pathlib.Path) -> None:
    plan = Plan.load(file)
    lines = lines_of(plan, 10, kind="counts")
    done = command("audit", write_run(file, [*lines[:6], *lines[4:]]))
    assert done.returncode == 0, done.stdout
    assert "22 lines up to step 200" in done.stdout


def test_a_torn_last_line_is_passed_over_and_no_line_is_told(file: pathlib.Path) -> None:
    plan = Plan.load(file)
    metrics = file.with_name("metrics.jsonl")
    metrics.write_text(json.dumps(lines_of(plan, 3, kind="served")[0]) + '\n{"steps_do')
    assert audited(plan, read_lines(metrics, plan)).lines == 1
    metrics.write_text("")
    with pytest.raises(UsageError, match="the metrics hold no line yet; let the run finish a step"):
        audited(plan, read_lines(metrics, plan))


@pytest.mark.parametrize("variant", ["text_only", "balanced_only", "balanced_to_text", "code_to_text"])
def test_the_papers_variants_are_the_tokens_of_its_table_2(variant: str) -> None:
    """400B tokens of pre-training and 40B of cooldown, text and code as in table 2 (in billions, to the step)."""
    wanted = {
        "text_only": [(400, 0)],
        "balanced_only": [(200, 200)],
        "balanced_to_text": [(100, 100), (180, 20)],
        "code_to_text": [(0, 200), (180, 20)],
    }[variant]
    plan = Plan.load(f"experiments/plans/{variant}.toml")
    code = np.array([name in ("web_code", "markup") for name in plan.sources])
    text = np.array([name == "text" for name in plan.sources])
    ends = [*plan.schedule.first_steps[1:], plan.total_steps]
    for first, end, (text_b, code_b) in zip(plan.schedule.first_steps, ends, [*wanted, (16, 8)], strict=True):
        tokens = (plan.served(end) - plan.served(first)) * 8_192
        assert tokens[text].sum() / 1e9 == pytest.approx(text_b, abs=0.01)
        assert tokens[code].sum() / 1e9 == pytest.approx(code_b, abs=0.01)
    assert plan.schedule.learning_rate(plan.total_steps - 1) == 1e-6
