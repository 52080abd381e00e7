"""Weights that a rule sets while a run trains, by the losses of its sources, and what a continued run needs of them."""

import dataclasses
import json
from collections.abc import Callable, Mapping

import mixsched
from eval.rundir import RunFolder
from mixsched.atomic import append_durably
from mixsched.errors import UsageError
from mixsched.online import ADO, Online
from mixsched.typed import read_json
from mixsched.weights import flatten
from train.experiment import Experiment, paper_steps
from train.rundir import record_plan, write_text
from train.scales import Scale

# The loop reads a step's losses when the next step is already running: what they decide holds from the one after.
LEAD_STEPS = 1

Observe = Callable[[int, Mapping[str, float]], mixsched.Plan]


def follow(
    folder: RunFolder,
    experiment: Experiment,
    scale: Scale,
    plan: mixsched.Plan,
    *,
    first_step: int,
    steps_done: int,
    writes: bool = True,
) -> tuple[mixsched.Plan, Observe]:
    """The plan as the rule amended it from `first_step` up to `steps_done`, and what to tell it from there on.

    Told the mean loss of each source in a step, in nats a token, it returns the plan that holds from then on, and has
    entered it in `plan.json`. All that it was told stands in the run's `online.jsonl`, from which its state and its
    decisions come again. Every host of a run decides by itself, since all are told the same; those without `writes`
    leave the files to the first. Raises UsageError if that file does not reach `steps_done`, or another rule wrote it.
    """
    adaptive, (stage,) = experiment.adaptive, experiment.stages
    assert adaptive is not None
    assert isinstance(stage.mix, Mapping)
    rule = ADO(
        skip_steps=first_step + paper_steps(adaptive.skip_paper_tokens, scale),
        refit_steps=paper_steps(adaptive.refit_paper_tokens, scale),
    )
    before = tuple(amendment for amendment in plan.amendments if amendment.at_step < first_step)
    told = _read_log(folder, first_step, steps_done)
    online = Online.replay(
        dataclasses.replace(plan, amendments=before),
        rule,
        told,
        every_steps=paper_steps(adaptive.every_paper_tokens, scale),
        from_step=first_step,
        lead_steps=LEAD_STEPS,
        # Not those that only the runs before it read: the rule would give each of them its least share.
        sources=[source for source, share in flatten(stage.mix).items() if share],
    )

    def observe(step: int, losses: Mapping[str, float]) -> mixsched.Plan:
        amendment = online.observe(step, losses)
        if writes:
            # A checkpoint without the lines before it could not be gone on from.
            append_durably(folder.online, (json.dumps(online.log[-1]) + "\n").encode())
        if writes and amendment is not None:
            record_plan(folder, online.plan)
        return online.plan

    if writes:
        write_text(folder.online, "".join(json.dumps(entry) + "\n" for entry in told))
        record_plan(folder, online.plan)
    return online.plan, observe


def _read_log(folder: RunFolder, first_step: int, steps_done: int) -> list[dict]:
    """What the rule was told up to the checkpoint that a run goes on from."""
    lines = folder.online.read_text().splitlines() if folder.online.exists() else []
    try:
        entries = [read_json(line) for line in lines[: steps_done - first_step]]
        steps = [entry["step"] for entry in entries]
    except (ValueError, TypeError, KeyError):
        entries, steps = [], None
    if steps != list(range(first_step, steps_done)):
        raise UsageError(
            f"'{folder.online}' does not tell of all {steps_done - first_step:,} steps that were done, by which the "
            "weights were set; restore it to continue, or start another run"
        )
    return entries
