"""Weights that a rule sets while a run trains, by the losses of its sources, and what a continued run needs of them."""

import dataclasses
import json
from collections.abc import Callable, Mapping

import mixsched
from eval.rundir import RunFolder
from mixsched.errors import UsageError
from mixsched.online import ADO, Online
from train.experiment import Adaptive, paper_steps
from train.rundir import write_text
from train.scales import Scale

# The loop reads a step's losses when the next step is already running: what they decide holds from the one after.
LEAD_STEPS = 1

Observe = Callable[[int, Mapping[str, float]], mixsched.Plan]


def follow(
    folder: RunFolder, adaptive: Adaptive, scale: Scale, plan: mixsched.Plan, *, first_step: int, steps_done: int
) -> tuple[mixsched.Plan, Observe]:
    """The plan as the rule amended it from `first_step` up to `steps_done`, and what to tell it from there on.

    Told the mean loss of each source in a step, in nats a token, it returns the plan that holds from then on. All that
    it was told stands in the run's `online.jsonl`, from which its state and its decisions come again. Raises UsageError
    if that file does not reach `steps_done`.
    """
    rule = ADO(
        skip_steps=paper_steps(adaptive.skip_paper_tokens, scale),
        refit_steps=paper_steps(adaptive.refit_paper_tokens, scale),
    )
    before = tuple(amendment for amendment in plan.amendments if amendment.at_step < first_step)
    online = Online.replay(
        dataclasses.replace(plan, amendments=before),
        rule,
        _read_log(folder, first_step, steps_done),
        every_steps=paper_steps(adaptive.every_paper_tokens, scale),
        from_step=first_step,
        lead_steps=LEAD_STEPS,
    )

    def observe(step: int, losses: Mapping[str, float]) -> mixsched.Plan:
        online.observe(step, losses)
        with folder.online.open("a") as stream:
            stream.write(json.dumps(online.log[-1]) + "\n")
        return online.plan

    return online.plan, observe


def _read_log(folder: RunFolder, first_step: int, steps_done: int) -> list[dict]:
    """What the rule was told up to the checkpoint that a run goes on from; later lines are dropped from the file."""
    lines = folder.online.read_text().splitlines() if folder.online.exists() else []
    entries = [json.loads(line) for line in lines[: steps_done - first_step]]
    if [entry["step"] for entry in entries] != list(range(first_step, steps_done)):
        raise UsageError(
            f"'{folder.online}' does not tell of all {steps_done - first_step:,} steps that were done, by which the "
            "weights were set; restore it to continue, or start another run"
        )
    write_text(folder.online, "".join(json.dumps(entry) + "\n" for entry in entries))
    return entries
