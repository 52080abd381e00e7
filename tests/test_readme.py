"""What the README shows is true: its code runs, its table is what the command prints, its links lead somewhere."""

import json
import re
import textwrap
from pathlib import Path

import pytest

import mixsched
from train.amend import read_change
from train.corpora.document import Document
from train.lineage import load_lineage
from train.scales import SCALES
from train.told import tell

README = Path("README.md").read_text()
BLOCKS = [
    textwrap.dedent(block).strip("\n") for block in re.findall(r"(?:^    .*\n|^\n(?=    ))+", README, re.MULTILINE)
]


def block(words: str) -> str:
    found = [each for each in BLOCKS if words in each]
    assert len(found) == 1, f"{len(found)} blocks of the README hold {words!r}"
    return found[0]


def test_the_plan_table_is_what_the_command_prints():
    scale = SCALES["470m"]
    told = tell(load_lineage(Path("experiments/code25.py")), scale, "470m", shards=scale.shards)
    shown = block("4,736 TPU v5e chip-hours")
    assert shown.split("\n", 2)[0].endswith("--plan")
    assert shown.split("\n", 2)[2] == told


def test_the_scheduler_example_runs():
    names: dict = {}
    exec(block("plan.slots("), names)
    assert names["plan"].counts(40).sum() == 16
    assert isinstance(names["plan"], mixsched.Plan)


def test_the_change_of_weights_is_one(tmp_path):
    path = tmp_path / "change.toml"
    path.write_text(block("reason = ").split("python -m train")[0])
    assert read_change(path).sources == ("math", "text", "web_code")


def test_the_experiment_example_runs_at_every_scale(tmp_path):
    path = tmp_path / "my_experiment.py"
    path.write_text(block("from experiments.mixes import").split("python -m train")[0])
    lineage = load_lineage(path)
    for scale in SCALES.values():
        schedule = lineage.schedule(scale)
        assert schedule.learning_rate(schedule.total_steps - 1) == pytest.approx(1e-6)


def test_the_document_example_is_one():
    line = block('"licence"').splitlines()[0]
    assert Document(**json.loads(line)).source == "text"


def test_every_link_leads_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not Path(link).exists()] == []


def test_every_command_names_a_module_and_files_that_exist():
    for module in set(re.findall(r"python -m ([\w.]+)", README)):
        base = Path(*module.split("."))
        assert base.with_suffix(".py").exists() or (base / "__main__.py").exists(), module
    for target in set(re.findall(r"\bmake (\w+)", README)):
        assert re.search(rf"^{target}:", Path("Makefile").read_text(), re.MULTILINE), target
