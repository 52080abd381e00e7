"""Chip-hours are the paper's figures where it has any, and are of an experiment's own stages alone."""

import dataclasses
from pathlib import Path

import pytest

from train.cost import chip_hours
from train.experiment import Anneal, Experiment, Stage
from train.load_experiment import load_experiment
from train.scales import SCALES

BILLION = 10**9
TEXT = {"text": 1}


def hours(*stages: Stage, scale: str) -> float | None:
    return chip_hours(Experiment(stages), scale, SCALES[scale])


@pytest.mark.parametrize(
    ("name", "scale", "told"),
    [
        ("code25", "470m", 4_736),
        ("code25", "2.8b", 13_824),
        ("text_only", "470m", 9_472),
        ("balanced_to_text", "470m", 4_736),
        ("text_only_cooldown_with_code", "470m", 1_024),
        # The paper gives no figure for its cooldown at this size.
        ("text_only_cooldown_with_code", "2.8b", 13_824 / 5),
    ],
)
def test_chip_hours_are_the_papers(name, scale, told):
    found = chip_hours(load_experiment(Path(f"experiments/{name}.py")), scale, SCALES[scale])
    assert found == pytest.approx(told, rel=1e-4)


def test_the_figure_for_a_cooldown_is_for_one_of_its_length_alone():
    rate = 4_736 / 200
    first = Stage("first", 100 * BILLION, TEXT)
    assert hours(first, Stage("cooldown", 40 * BILLION, TEXT, Anneal()), scale="470m") == pytest.approx(
        100 * rate + 1_024, rel=1e-4
    )
    assert hours(first, Stage("cooldown", 20 * BILLION, TEXT, Anneal()), scale="470m") == pytest.approx(
        120 * rate, rel=1e-4
    )
    assert hours(Stage("first", 40 * BILLION, TEXT), scale="470m") == pytest.approx(40 * rate, rel=1e-3)


def test_there_are_none_for_a_model_that_the_paper_has_not():
    stage = Stage("first", 200 * BILLION, TEXT)
    assert hours(stage, scale="nano") is None
    scale = SCALES["470m"]
    wider = dataclasses.replace(scale, model=dataclasses.replace(scale.model, layers=17))
    assert chip_hours(Experiment((stage,)), "470m", wider) is None
