"""Every mistake of a user: one clear sentence, exit code 2, no traceback, nothing half-written."""

import fcntl
import json
import re
import shutil
import sys
from pathlib import Path

import pytest

import train.__main__
import train.prepare.__main__
from eval.rundir import RunFolder, read_plan
from train.rows import Arguments, show_rows


def experiment_file(folder: Path, body: str) -> str:
    path = folder / "mine.py"
    head = "from train.experiment import Experiment, Stage\nfrom mixsched import Group\n"
    path.write_text(head + body + "\n")
    return f"--exp={path}"


def with_mix(mix: str) -> str:
    return f"experiment = Experiment(stages=(Stage('pretrain', paper_tokens=10**9, mix={mix}),))"


def test_experiment_that_does_not_exist(refused):
    said = refused("train", "--exp", "experiments/code52.py")
    assert "no experiment file 'experiments/code52.py'" in said
    assert "did you mean 'code" in said
    assert "synthetic_epochs16" in said


def test_experiment_that_is_not_python(refused, tmp_path):
    path = tmp_path / "code25.toml"
    path.write_text("")
    assert "must be a Python file" in refused("train", "--exp", str(path))


def test_experiment_with_a_syntax_error_names_the_line(refused, tmp_path):
    assert "not valid Python at line 3" in refused("train", experiment_file(tmp_path, "experiment = = 1"))


def test_experiment_that_defines_none(refused, tmp_path):
    assert "must define `experiment" in refused("train", experiment_file(tmp_path, "other = 1"))
    assert "it defines a int" in refused("train", experiment_file(tmp_path, "experiment = 1"))


def test_experiment_that_raises_names_the_line_of_the_users_file(refused, tmp_path):
    said = refused("train", experiment_file(tmp_path, "\n\ndef f():\n    return 1 / 0\n\nf()"))
    assert "raised at line 6: ZeroDivisionError" in said


def test_experiment_given_by_a_relative_path_names_its_line_too(refused, tmp_path, monkeypatch):
    experiment_file(tmp_path, "1 / 0")
    monkeypatch.chdir(tmp_path)
    assert "raised at line 3: ZeroDivisionError" in refused("train", "--exp=mine.py")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("experiment = Experiment(stages=(Stage('a', 10**9, {'text': 1})))", "with its comma"),
        ("experiment = Experiment(stages=(Stage('a', 10**9, {'text': 1}, lr=0.1),))", "Cosine(), Anneal() or None"),
        ("experiment = Experiment(stages=(Stage('a', 10**9, {'text': 1}, lr=None),))", "`lr` of stage 'a' must be"),
        ("experiment = Experiment(stages=(Stage('a', 2e9, {'text': 1}),))", "`paper_tokens` of stage 'a' must be"),
        ("import sys; sys.exit(0)", "raised at line 3: SystemExit"),
    ],
)
def test_experiment_of_the_wrong_parts(refused, tmp_path, body, words):
    assert words in refused("train", experiment_file(tmp_path, body), "--plan")


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seed_that_jax_would_cut(refused, seed):
    assert "`--seed` must lie in 0..2**32-1" in refused("train", "--exp=experiments/code25.py", f"--seed={seed}")


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        ("{'text': 0.75, 'web_code': 0.2}", "must add up to 1, they add up to 0.95 (text 0.75, web_code 0.2)"),
        ("{'text': 1.2, 'web_code': -0.2}", "must not be negative, got -0.2"),
        ("{'text': float('nan'), 'web_code': 0.5}", "must be a finite number, got nan"),
        ("{'text': 0.5, 'code': Group(0.5, {'web_code': 0.5})}", "['code']` must add up to 1, they add up to 0.5"),
    ],
)
def test_weights_that_are_no_mix(refused, tmp_path, mix, words):
    assert words in refused("train", experiment_file(tmp_path, with_mix(mix)), "--plan")


def test_weights_that_name_an_unknown_source(refused, tmp_path, tiny_arguments):
    mistaken = experiment_file(tmp_path, with_mix("{'text': 0.5, 'web_cod': 0.5}"))
    said = refused("train", *tiny_arguments(tmp_path / "runs"), mistaken)
    assert "'web_cod'" in said
    assert "did you mean 'web_code'?" in said
    assert not (tmp_path / "runs").exists()


def test_misspelt_scale_offers_the_nearest(refused):
    assert "did you mean 'nano'?" in refused("train", "--exp=experiments/code25.py", "--scale", "nanno")


def test_misspelt_option_offers_the_nearest(refused):
    said = refused("train", "--exp=experiments/code25.py", "--model.widht", "64")
    assert "--model.width" in said


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--batch-size=0", "`batch_size` must be at least 1"),
        ("--model.width=30", "`width` must be a multiple of"),
        ("--model.dtype=float16", "`dtype` must be one of"),
        ("--optimizer.b1=1.5", "`b1` and `b2` must lie in 0..1"),
        ("--optimizer.clip-norm=0", "`clip_norm` must be above 0"),
    ],
)
def test_override_that_cannot_be(refused, option, words):
    assert words in refused("train", "--exp=experiments/code25.py", option, "--plan")


def test_batch_that_the_devices_do_not_divide(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--batch-size=12")
    assert "`--batch-size` must be a multiple of the 8 devices" in said
    assert not (tmp_path / "runs").exists()


def test_loss_that_is_not_finite_names_the_step_and_the_batch(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--optimizer.peak-lr=1e30")
    assert re.search(r"step \d+ has loss \S+ and gradient norm (nan|inf) \(its batch: (\w+ \d,? ?)+\)", said)
    lines = (tmp_path / "runs" / "code25-nano-seed0" / "metrics.jsonl").read_text().splitlines()
    assert all("NaN" not in line and "Infinity" not in line for line in lines)


def test_steps_that_may_be_skipped_are_so_up_to_a_number_in_a_row(refused, tmp_path, tiny_arguments, capsys):
    arguments = [*tiny_arguments(tmp_path / "runs"), "--optimizer.peak-lr=1e30"]
    said = refused("train", *arguments, "--not-finite=skip", "--most-skipped=3", "--log-every-steps=2")
    run = RunFolder(tmp_path / "runs" / "code25-nano-seed0")
    incidents = [json.loads(line) for line in run.incidents.read_text().splitlines()]
    steps = [each["step"] for each in incidents]
    assert len(steps) == 4
    assert steps == list(range(steps[0], steps[0] + 4))
    assert f"step {steps[-1]} has loss" in said
    assert "behind 3 in a row that were skipped" in said
    # The rows are all there, and the command that is told shows them.
    assert f"python -m train.rows {run.path} --step {steps[-1]}" in said
    plan = read_plan(run)
    for each in incidents:
        placed = plan.batch(each["step"])
        batch = zip(placed.source, placed.record, strict=True)
        assert sorted((plan.sources.index(name), row) for name, rows in each["records"].items() for row in rows) == (
            sorted((int(source), int(record)) for source, record in batch)
        )
        assert each["skipped"]
        assert "nan" in (each["loss"], each["grad_norm"]) or "inf" in (each["loss"], each["grad_norm"])
    show_rows(Arguments(run.path, step=steps[-1]))
    shown = capsys.readouterr().out
    for name, rows in incidents[-1]["records"].items():
        assert all(f"{name}, row {row:,}, epoch 0" in shown for row in rows)


@pytest.fixture
def damaged(shards, tmp_path):
    """A copy of the tiny shards that a test may damage."""
    return Path(shutil.copytree(shards, tmp_path / "damaged"))


def test_missing_shard(refused, tmp_path, tiny_arguments, damaged):
    (damaged / "text" / "00000-of-00001.array_record").unlink()
    said = refused("train", *tiny_arguments(tmp_path / "runs"), f"--shards={damaged}")
    assert "text/00000-of-00001.array_record' is missing" in said
    assert not (tmp_path / "runs").exists()


def test_truncated_shard(refused, tmp_path, tiny_arguments, damaged):
    shard = damaged / "web_code" / "00000-of-00001.array_record"
    shard.write_bytes(shard.read_bytes()[:-100])
    said = refused("train", *tiny_arguments(tmp_path / "runs"), f"--shards={damaged}")
    assert "web_code/00000-of-00001.array_record' has" in said
    assert "truncated" in said


def test_shards_of_another_context(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--model.context-tokens=64")
    assert "have context 32, this run needs 64" in said


def test_shards_of_another_vocabulary(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--model.vocab-size=4096")
    assert "has 640 words, this model has 4,096" in said


def test_documents_that_end_in_another_token(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), "--model.document-end=5")
    assert "end in token 1, the tokenizer's EOS, but `--model.document-end` is 5; set it to 1" in said


def test_shards_of_another_tokenizer(refused, tmp_path, tiny_arguments, damaged):
    manifest = damaged / "markup" / "manifest.json"
    told = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(told | {"tokenizer": "0" * 64}))
    said = refused("train", *tiny_arguments(tmp_path / "runs"), f"--shards={damaged}")
    assert "markup' were made with another tokenizer" in said


def test_folder_without_shards(refused, tmp_path, tiny_arguments):
    said = refused("train", *tiny_arguments(tmp_path / "runs"), f"--shards={tmp_path / 'none'}")
    assert "holds no tokenizer.model" in said


def begun_run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    assert train.__main__.main() == 0


def test_run_folder_that_is_taken(refused, tmp_path, tiny_arguments, monkeypatch, capsys):
    arguments = tiny_arguments(tmp_path / "runs")
    begun_run(arguments, monkeypatch)
    run = tmp_path / "runs" / "code25-nano-seed0"
    before = {path: path.read_bytes() for path in run.glob("*.json*")}

    assert "already holds a run; continue it with `--resume`" in refused("train", *arguments)
    said = refused("train", *arguments, "--resume", "--optimizer.peak-lr=0.001")
    assert "settings.optimizer.peak_lr was 0.004, now 0.001" in said
    said = refused("train", *arguments, "--resume", experiment_file_named_code25(tmp_path))
    assert "plan.schedule.phases.0.weights" in said
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another process is writing" in refused("train", *arguments, "--resume")
        assert "another process is writing" in refused("eval", f"--run={run}")
    assert "has no checkpoint after step 7; it has: 16, 32" in refused("eval", f"--run={run}", "--step=7")

    assert "`--rows` must be at least 1" in refused("eval", f"--run={run}", "--rows=0")
    assert "holds no tokenizer.model" in refused("eval", f"--run={run}", f"--shards={tmp_path}")
    assert before == {path: path.read_bytes() for path in run.glob("*.json*")}
    (run / "config.json").unlink()
    assert "of a run whose config.json is gone" in refused("train", *arguments)


def experiment_file_named_code25(folder: Path) -> str:
    path = folder / "code25.py"
    path.write_text(Path("experiments/code25.py").read_text().replace("code_percent=25", "code_percent=50"))
    return f"--exp={path}"


def test_eval_and_figures_of_what_is_no_run(refused, tmp_path):
    assert "is no run: it holds no config.json" in refused("eval", f"--run={tmp_path}")
    assert "is no run and holds none" in refused("figures", "curves", f"--runs={tmp_path}")


def test_bundled_shards_of_another_corpus(refused, tmp_path, monkeypatch, shards):
    made = tmp_path / "shards" / "bundled-v2048-c256"
    shutil.copytree(shards, made)
    experiment = Path("experiments/code25.py").resolve()
    monkeypatch.chdir(tmp_path)
    assert "was not made from today's bundled corpus" in refused("train", f"--exp={experiment}")
