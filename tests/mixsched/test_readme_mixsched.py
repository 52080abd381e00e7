"""Every example in mixsched's README runs, in the order of the page; its plan file and its commands too."""

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mixsched import Plan

README = Path("mixsched/README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)([^\n]*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[tuple[str, str]]:
    """Options and text of the blocks of a kind, in order."""
    return [(options.strip(), text) for word, options, text in BLOCKS if word == kind]


def test_every_python_example_runs_in_turn() -> None:
    names: dict = {}
    examples = blocks("python")
    assert len(examples) > 8
    for options, text in examples:
        code = compile(text, "mixsched/README.md", "exec")
        # `make test-torch` runs this file too, with torch.
        if options != "torch" or importlib.util.find_spec("torch"):
            exec(code, names)
    assert names["plan"].counts(100).sum() == 32
    assert "code reaches its limit of 1,000 samples in step 124" in names["plan_text"](names["limited"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What the commands of the page name: the plan file, another, and a run that served its plan."""
    ((_, text),) = blocks("toml")
    (tmp_path / "mix.toml").write_text(text)
    (tmp_path / "other.toml").write_text(text.replace("seed = 0", "seed = 1"))
    plan = Plan.load(tmp_path / "mix.toml")
    served = dict(zip(plan.sources, plan.served(7).tolist(), strict=True))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").write_text(json.dumps(plan.to_json()))
    (tmp_path / "run" / "metrics.jsonl").write_text(json.dumps({"steps_done": 7, "served": served}) + "\n")
    return tmp_path


LINES = [line.partition("#")[0].strip() for _, text in blocks("sh") for line in text.splitlines()]
COMMANDS = [line for line in LINES if line.startswith("python -m mixsched")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_page_does_what_it_says(folder: Path, command: str) -> None:
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "mixsched"]
    root = str(Path.cwd())
    done = subprocess.run(
        [sys.executable, *words[1:]], cwd=folder, env={"PYTHONPATH": root}, text=True, capture_output=True, check=False
    )
    # Plans of two seeds differ, which is what `diff` exits with 1 for.
    assert (done.returncode, done.stderr) == (words[3] == "diff", "")
    assert done.stdout


def test_every_command_is_among_them() -> None:
    assert {shlex.split(command)[3] for command in COMMANDS} == {"plan", "plot", "diff", "audit"}


def test_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (Path("mixsched") / link).exists()] == []
