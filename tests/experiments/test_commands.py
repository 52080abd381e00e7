"""`python -m experiments` as it is typed: mistakes are told in a sentence, and its tables say what they should."""

import re
import sys

import pytest
from grids import write_experiment

from experiments.__main__ import main


@pytest.fixture
def told(monkeypatch, capsys):
    """Run a command line in this process and return what it prints."""

    def run(*words: str) -> str:
        monkeypatch.setattr(sys, "argv", ["experiments", *words])
        assert main() == 0
        return capsys.readouterr().out

    return run


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lst"], "there is no command 'lst'; did you mean 'list'?"),
        (["run", "code2"], "there is no experiment 'code2'; did you mean 'code25'?"),
        (["run", "--figure", "curriculum"], "did you mean 'curricula'?"),
        (["run"], "say which experiments: their names, `--figure`, or `--all`"),
        (["run", "--all", "--jobs", "0"], "`--jobs` must be at least 1, got 0"),
        (["run", "--all", "--seeds", "0"], "`--seeds` must be at least 1, got 0"),
        (["run", "--all", "--scale", "nan"], "did you mean 'nano'?"),
        (["run", "--all", "--suite", "nanno"], "did you mean 'nano'?"),
        (["run", "--all", "--judge", "openai:"], "`--judge` must be likelihood, openai:MODEL or none, got 'openai:'"),
        (["run", "--all", "--ray-address", "auto"], "`--ray-address` needs `--on ray`"),
        (["plan", "--all", "--experiments", "nowhere"], "'nowhere' is none"),
        (["keep", "--batch-size", "8"], "settings.batch_size was 16, now 8; name another folder by `--results`"),
        (["run", "--all", "--keep", "--shards", "mine"], "`--shards` is 'mine'; name another folder by `--results`"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(refused, words, sentence):
    assert sentence in refused("experiments", *words)


def test_a_broken_file_of_a_folder_is_named(refused, tmp_path):
    (tmp_path / "broken.py").write_text("experiment = (\n")
    assert "broken.py' is not valid Python at line 1" in refused("experiments", "list", f"--experiments={tmp_path}")


def test_the_list_fits_in_140_columns_and_shows_every_experiment(told, tmp_path):
    write_experiment(tmp_path / "more", "mine", starts_from="code50")
    lines = told("list", "--runs=none", f"--experiments={tmp_path / 'more'}").splitlines()
    assert max(map(len, lines)) <= 140
    assert re.split(r"\s{2,}", next(line for line in lines if line.startswith("code25 "))) == [
        *("code25", "4 curricula math", "text 75, code 25", "150", "50", "4,736", "13,824", "0/3")
    ]
    assert "  mine" in "\n".join(lines)


def test_an_empty_folder_of_runs_has_a_status(told, tmp_path):
    output = told("status", f"--runs={tmp_path / 'none'}", "--figure", "4", "--seeds=1")
    assert "0 of 6 runs at scale nano and 0 of 0 judgements are done" in output
    assert "no run trains now" in output
    assert not (tmp_path / "none").exists()


def test_a_plan_tells_steps_tokens_and_the_papers_chip_hours(told, tmp_path):
    runs = f"--runs={tmp_path / 'none'}"
    assert "6 runs of 1,470 steps and 6,021,120 tokens in all" in told("plan", runs, "--figure", "4", "--seeds=1")
    output = told("plan", runs, "balanced_to_text_cooldown_with_code", "--seeds=2", "--scale=470m")
    assert "20,992 TPU v5e chip-hours by the paper's figures" in output
    assert "tokens/s" not in output


def test_commands_repeat_what_was_changed_of_the_scale(told):
    words = ("--runs=r", "--model.layers=1", "--batch-size=8", "--judge=none", "--seeds=1", "--shards=s")
    [line] = [line for line in told("plan", "code25", "--commands", *words).splitlines() if line[0] != "#"]
    assert line == (
        "python -m train --exp=experiments/code25.py --runs=r --shards=s --model.layers=1 --batch-size=8 --resume && "
        "python -m eval --run=r/code25-nano-seed0 --suite=nano --shards=s  # 1"
    )


def test_commands_without_a_suite_only_train(told):
    _, line = told("plan", "code25", "--commands", "--suite=none", "--seeds=1").splitlines()
    assert line == "python -m train --exp=experiments/code25.py --resume  # 1"


def test_help_names_every_command(told):
    assert all(f"\n  {word} " in told("--help") for word in ("list", "plan", "run", "status", "keep"))
