"""Every experiment file resolves to its golden dump at every scale, so that a review shows what a change changes."""

import dataclasses
import json
from pathlib import Path

import pytest

from figures.reference import known, table2
from mixsched.mixes import mix_to_json
from train.cost import chip_hours
from train.experiment import Adaptive, paper_steps, phases
from train.lineage import load_lineage
from train.load_experiment import experiment_files
from train.scales import SCALES, Scale
from train.told import tell

FILES = experiment_files(Path("experiments"))
GOLDEN = Path("tests/golden")
MEASURES = ("reasoning", "knowledge", "code")


def dumped(path: Path) -> dict:
    """What an experiment declares: its mixes once, lengths and learning rates of its own stages at each scale."""
    lineage = load_lineage(path)
    return {
        "starts_from": lineage.parent,
        "epochs": lineage.experiment.epochs,
        "mixes": {stage.name: mix_to_json(stage.mix) for stage in lineage.experiment.stages},
        "scales": {
            name: {
                "steps": [lineage.first_step(scale), lineage.schedule(scale).total_steps],
                "stages": {
                    phase.name: {field: value for field, value in phase.to_json().items() if field in ("length", "lr")}
                    for phase in phases(lineage.experiment, scale)
                },
                **_adaptive(lineage.experiment.adaptive, scale),
            }
            for name, scale in SCALES.items()
        },
    }


def _adaptive(adaptive: Adaptive | None, scale: Scale) -> dict:
    """The steps after which an algorithm sets the weights, where there is one."""
    if adaptive is None:
        return {}
    tokens = dataclasses.asdict(adaptive)
    return {"adaptive": {name.replace("paper_tokens", "steps"): paper_steps(tokens[name], scale) for name in tokens}}


def check_golden(name: str, dump: dict) -> None:
    golden = GOLDEN / f"{name}.json"
    found = json.dumps(dump, indent=1, sort_keys=True) + "\n"
    assert golden.exists(), f"write {golden}:\n{found}"
    assert found == golden.read_text()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_resolves_to_its_golden_dump(path):
    check_golden(path.stem, dumped(path))


def test_scales_are_their_golden_dump():
    check_golden("scales", {name: dataclasses.asdict(scale) for name, scale in SCALES.items()})


def test_every_golden_dump_is_of_something_that_is_there():
    names = {path.stem for path in FILES}
    assert {path.stem for path in GOLDEN.glob("*.json")} - names == {"plans", "scales"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_is_short_and_states_its_command(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 40
    assert f"python -m train --exp experiments/{path.stem}.py" in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiment_states_the_papers_numbers_and_its_cost(path):
    text, name = path.read_text(), path.stem
    hours = chip_hours(load_lineage(path).experiment, "470m", SCALES["470m"])
    assert f"At 470m: {hours:,.0f} TPU v5e chip-hours" in text
    cells = [f"{measure} {value}" for measure in MEASURES if (value := table2(name, measure)) is not None]
    assert ", ".join(cells) + " (Table 2)" in text if cells else "(Table 2)" not in text
    for figure in ("4", "5a", "5b", "6"):
        for measure in MEASURES:
            number = known(figure, measure, name)
            if number is not None and number.baseline != "code25":
                assert f"{measure} {number.value:+.1f}%".replace(".0%", "%") in text.replace(".0%", "%")
    for figure, measure, words in (
        ("7", "win_rate", "win-rate"),
        ("8", "win_rate", "wins"),
        ("8", "loss_rate", "loses"),
    ):
        if (number := known(figure, measure, name)) is not None:
            assert f"{words} {number.value}%" in text


def test_code25_at_paper_scale_has_the_papers_steps_and_a_quarter_of_code_to_the_sample():
    scale = SCALES["470m"]
    lineage = load_lineage(Path("experiments/code25.py"))
    schedule, told = lineage.schedule(scale), tell(lineage, scale, "470m", shards=Path("no/shards"))
    assert schedule.total_steps == 47_684
    assert (schedule.batch_size, schedule.context_tokens) == (512, 8_192)
    assert "25.0%   50,000,297,984   6,103,552" in told
    assert 4 * 6_103_552 == 47_684 * 512
    assert "4,736 TPU v5e chip-hours" in told


def test_warmup_at_paper_scale_is_the_papers_and_in_proportion_elsewhere():
    lineage = load_lineage(Path("experiments/text_only.py"))
    paper = lineage.schedule(SCALES["470m"])
    assert paper.total_steps == 95_368
    peak = SCALES["470m"].optimizer.peak_lr
    assert paper.learning_rate(1_324) == peak
    assert paper.learning_rate(1_323) < peak
    assert paper.learning_rate(95_367) == pytest.approx(peak / 10)
    nano = lineage.schedule(SCALES["nano"])
    assert nano.learning_rate(6) == SCALES["nano"].optimizer.peak_lr > nano.learning_rate(5)
