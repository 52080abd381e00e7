"""Whether a run may be continued with what is given now, and what its config.json says of it from then on."""

import dataclasses
from collections.abc import Sequence

from eval.results import now
from eval.rundir import RunConfig
from mixsched.differences import differences
from mixsched.errors import UsageError

# Another of these is another run, or does not fit what a checkpoint holds: nothing lets it through.
IDENTITY = ("run", "experiment", "scale", "seed", "starts_from", "adaptive")
SHAPE = ("vocab_size", "context_tokens", "width", "layers", "heads", "hidden")
# A run may move to other devices, and its code may go on; both are written down.
FREE = ("devices", "commit")
# Runs from before these were written down know nothing of them.
NOT_RECORDED = {"libraries": {}, "numbers": {}, "adaptive": None, "devices": {}, "commit": ""}


def continued(
    before: RunConfig, now_given: RunConfig, plan_changes: Sequence[str], *, where: str, steps_done: int, accept: bool
) -> RunConfig | None:
    """The configuration of a run that goes on after `steps_done` steps, with what differs among its `changes`.

    None where nothing differs. Where its data lies may change, what it is may not, and that its fingerprints tell.
    Other devices and another commit refuse nothing. Other libraries, settings or data raise UsageError that names them,
    unless `accept` is set; what the checkpoint can't be continued with (`plan_changes`, another model, batch or
    experiment) raises it in any case.
    """
    unknown = [name for name, nothing in NOT_RECORDED.items() if getattr(before, name) == nothing]
    # Nor may it have more data than when it began, but for what amendments brought in: see `record_data`.
    known = {name: fingerprint for name, fingerprint in before.data.items() if name in now_given.data}
    changed = _differing(
        dataclasses.replace(before, data=known), now_given, without=("shards", "changes", *FREE, *unknown)
    )
    forbidden = _forbidden(before, now_given, unknown) or plan_changes
    if forbidden or (changed and not accept):
        raise UsageError(
            f"'{where}' holds a run of another configuration: {'; '.join(changed or plan_changes)}; give what it was "
            f"started with, or choose another `--seed` or `--runs`{_what_accepting_does(bool(forbidden), accept)}"
        )
    free = _differing(before, now_given, only=[name for name in FREE if name not in unknown])
    told = [*changed, *free, *(f"config.{name} was not recorded" for name in unknown if getattr(now_given, name))]
    if not told:
        return None
    change = {"steps_done": steps_done, "when": now(), "changed": told, "accepted": bool(changed)}
    return dataclasses.replace(
        now_given,
        shards=now_given.shards if changed else before.shards,
        data=before.data | now_given.data,
        changes=[*before.changes, change],
    )


def _forbidden(before: RunConfig, now_given: RunConfig, unknown: Sequence[str]) -> bool:
    def fixed(config: RunConfig) -> list[object]:
        model = [config.settings["model"].get(name) for name in SHAPE]
        identity = [getattr(config, name) for name in IDENTITY if name not in unknown]
        return [*identity, *model, config.batch_size]

    return fixed(before) != fixed(now_given)


def _differing(
    before: RunConfig, now_given: RunConfig, *, without: Sequence[str] = (), only: Sequence[str] | None = None
) -> tuple[str, ...]:
    names = [field.name for field in dataclasses.fields(RunConfig) if field.name not in without]
    compared = names if only is None else only
    old, new = ({name: getattr(config, name) for name in compared} for config in (before, now_given))
    return differences(old, new, name="config")


def _what_accepting_does(forbidden: bool, accept: bool) -> str:
    if not forbidden:
        return "; or go on with it all the same by `--accept-changes`, which config.json will tell of"
    if accept:
        return "; `--accept-changes` lets no other plan, model, batch or experiment through"
    return ""
