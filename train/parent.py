"""The finished run that another one begins from: found, and checked to be the one that its experiment means."""

import dataclasses
from collections.abc import Sequence

import mixsched
from eval.rundir import RunConfig, RunFolder, read_config, read_plan
from mixsched.differences import differences
from mixsched.errors import UsageError
from train.rundir import declared, last_checkpoint


@dataclasses.dataclass(frozen=True)
class Parent:
    """A finished run, with its plan as it was served, amendments among it."""

    folder: RunFolder
    config: RunConfig
    plan: mixsched.Plan

    def extended(self, wanted: mixsched.Plan, phases: Sequence[mixsched.Phase]) -> mixsched.Plan:
        """Its plan, extended by the phases of the run that begins here; `wanted` is what files and data declare.

        Raises UsageError, naming what differs, if it served another plan than is wanted before these phases.
        """
        assert wanted.origin is not None
        self._check(declared(self.plan).differences(wanted.origin))
        return self.plan.extend(*phases, sources=wanted.rows)

    def check_same_data(self, config: RunConfig) -> None:
        """Raise UsageError, naming what differs, if a run has another model, tokenizer or data than this one."""

        def told(of: RunConfig) -> dict:
            data = {name: of.data[name] for name in sorted(self.config.data.keys() & config.data.keys())}
            return {"model": of.settings["model"], "tokenizer": of.tokenizer, "data": data}

        self._check(differences(told(self.config), told(config), name="config"))

    def check_origin_of(self, plan: mixsched.Plan) -> None:
        """Raise UsageError, naming what differs, unless a run's plan goes on from this one's."""
        assert plan.origin is not None
        self._check(self.plan.differences(plan.origin))

    def _check(self, changed: tuple[str, ...]) -> None:
        if changed:
            raise UsageError(
                f"'{self.folder.path}', from which this run starts, is of another configuration: {'; '.join(changed)}; "
                "give what it was started with, or choose other `--runs` and train it there first"
            )


def finished_run(folder: RunFolder, *, for_whom: str, command: str) -> Parent:
    """The run in a folder; raises UsageError, with the `command` that trains it, unless it is there and finished."""
    if not folder.config.exists():
        raise UsageError(f"{for_whom} starts from '{folder.path}', which is no run yet; train it first: {command}")
    plan = read_plan(folder)
    steps_done = last_checkpoint(folder) or 0
    if steps_done != plan.total_steps:
        raise UsageError(
            f"{for_whom} starts from '{folder.path}', of which {steps_done:,} of {plan.total_steps:,} steps are saved; "
            f"finish it first: {command} --resume"
        )
    return Parent(folder, read_config(folder), plan)
