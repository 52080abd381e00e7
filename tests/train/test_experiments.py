"""Every experiment file resolves to its golden dump at every scale, so that a review shows what a change changes."""

import dataclasses
import json
from pathlib import Path

import pytest

from train.experiment import build_schedule
from train.load_experiment import load_experiment
from train.scales import SCALES
from train.told import tell

FILES = sorted(path for path in Path("experiments").glob("*.py") if path.stem not in {"__init__", "mixes"})
GOLDEN = Path("tests/golden")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_resolves_to_its_golden_dump(path):
    experiment = load_experiment(path)
    dump = {
        name: {"settings": dataclasses.asdict(scale), "schedule": build_schedule(experiment, scale).to_json()}
        for name, scale in SCALES.items()
    }
    golden = GOLDEN / f"{path.stem}.json"
    found = json.dumps(dump, indent=1, sort_keys=True) + "\n"
    assert golden.exists(), f"write {golden}:\n{found}"
    assert found == golden.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_is_short_and_states_its_command(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 40
    assert f"python -m train --exp experiments/{path.stem}.py" in text


def test_code25_at_paper_scale_has_the_papers_steps_and_a_quarter_of_code_to_the_sample():
    scale = SCALES["470m"]
    schedule = build_schedule(load_experiment(Path("experiments/code25.py")), scale)
    told = tell(schedule, scale, "470m", shards=Path("no/shards"))
    assert schedule.total_steps == 47_684
    assert (schedule.batch_size, schedule.context_tokens) == (512, 8_192)
    assert "25.0%   50,000,297,984   6,103,552" in told
    assert 4 * 6_103_552 == 47_684 * 512
    assert "4,736 TPU v5e chip-hours" in told


def test_warmup_at_paper_scale_is_the_papers_and_in_proportion_elsewhere():
    experiment = load_experiment(Path("experiments/text_only.py"))
    paper = build_schedule(experiment, SCALES["470m"])
    assert paper.total_steps == 95_368
    peak = SCALES["470m"].optimizer.peak_lr
    assert paper.learning_rate(1_324) == peak
    assert paper.learning_rate(1_323) < peak
    assert paper.learning_rate(95_367) == pytest.approx(peak / 10)
    nano = build_schedule(experiment, SCALES["nano"])
    assert nano.learning_rate(6) == SCALES["nano"].optimizer.peak_lr > nano.learning_rate(5)
