"""Losses that stand out: which do, and that a run that goes on judges them as one that was never interrupted."""

import json

import numpy as np
import pytest

import mixsched
from eval.rundir import RunFolder
from train.metrics import Meter
from train.numbers import NumberOptions
from train.spikes import LEAST, WINDOW, SpikeRule, last_losses
from train.step import Metrics

PHASE = mixsched.Phase("p", mixsched.Steps(40), {"a": 0.5, "b": 0.5}, mixsched.Constant(0.1))
PLAN = mixsched.Plan(mixsched.Schedule((PHASE,), batch_size=4, context_tokens=8), {"a": 50, "b": 50}, seed=0)


def noise(count: int) -> list[float]:
    return (3 + 0.1 * np.random.default_rng(0).normal(size=count)).tolist()


def test_a_loss_far_above_those_before_it_is_a_spike_and_noise_is_not():
    rule = SpikeRule()
    assert not any(rule.look(loss) for loss in noise(500))
    spike = rule.look(5.0)
    assert spike is not None
    assert spike.median == pytest.approx(3, abs=0.1)
    assert 3.3 < spike.limit < 4.2
    assert rule.look(1.0) is None


def test_an_outlier_does_not_hide_the_next_and_a_new_level_is_one_after_a_while():
    rule = SpikeRule(noise(WINDOW))
    assert rule.look(50.0)
    assert rule.look(5.0)
    found = [bool(rule.look(5.0 + each - 3)) for each in noise(2 * WINDOW)]
    assert found[0]
    assert not any(found[WINDOW:])


def test_nothing_is_judged_before_there_are_enough():
    rule = SpikeRule()
    assert not any(rule.look(loss) for loss in [3.0] * (LEAST - 1) + [9.0])
    assert rule.look(9.0)


def metrics(step: int, loss: float, grad_norm: float = 1.0) -> Metrics:
    counts = PLAN.counts(step)
    return Metrics(np.float32(loss), np.float32(grad_norm), counts * 8 * np.float32(loss), counts * 8)  # pyright: ignore[reportArgumentType]


def pushed(
    folder: RunFolder, losses: list[float], *, first_step: int = 0, every_steps: int = 1, **options
) -> list[dict]:
    """The lines and incidents of steps with such losses, as the loop would write them."""
    folder.path.mkdir(exist_ok=True)
    meter = Meter(folder, PLAN, first_step=first_step, every_steps=every_steps, watch=lambda _: None, **options)
    for step, loss in enumerate(losses, start=first_step):
        meter.push(step, metrics(step, loss), waited_s=0.0)
    meter.flush()
    return [json.loads(line) for line in folder.metrics.read_text().splitlines()]


def test_a_spike_is_written_with_its_sources_and_rows_by_a_run_that_goes_on_as_by_one_that_was_never_stopped(tmp_path):
    losses = [*noise(30), 7.0, 3.0]
    whole, parts = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "parts")
    pushed(whole, losses)
    pushed(parts, losses[:25])
    pushed(parts, losses[25:], first_step=25)
    assert parts.incidents.read_text() == whole.incidents.read_text()
    (told,) = map(json.loads, whole.incidents.read_text().splitlines())
    assert (told["kind"], told["step"], told["steps_done"], told["loss"]) == ("spike", 30, 31, 7.0)
    assert told["source_loss"] == {"a": 7.0, "b": 7.0}
    assert told["median"] < told["limit"] < 7
    assert {name: len(rows) for name, rows in told["records"].items()} == {"a": 2, "b": 2}


def test_lines_of_several_steps_say_nothing_of_how_losses_vary(tmp_path):
    folder = RunFolder(tmp_path)
    pushed(folder, noise(20), every_steps=4)
    assert last_losses(folder.metrics, PLAN) == []
    pushed(folder, [2.0, 2.5], first_step=20)
    assert last_losses(folder.metrics, PLAN) == [2.0, 2.5]


def test_a_skipped_step_is_counted_as_served_and_is_in_no_mean(tmp_path):
    folder = RunFolder(tmp_path)
    lines = pushed(
        folder, [1.0, np.nan, 2.0, np.inf, np.inf], every_steps=3, numbers=NumberOptions("skip", most_skipped=2)
    )
    assert [line["skipped_steps"] for line in lines] == [1, 2]
    assert lines[0]["loss"] == 1.5
    assert lines[0]["source_loss"] == {"a": 1.5, "b": 1.5}
    assert lines[0]["counts"] == {"a": 6, "b": 6}
    assert (lines[1]["loss"], lines[1]["grad_norm"], lines[1]["source_loss"]) == (None, None, {"a": None, "b": None})
    assert lines[1]["served"] == {"a": 10, "b": 10}
    incidents = [json.loads(line) for line in folder.incidents.read_text().splitlines()]
    assert [(each["step"], each["loss"]) for each in incidents] == [(1, "nan"), (3, "inf"), (4, "inf")]
