"""A change of a run's weights that was decided while it trained: read from a file, entered in the run's plan."""

import dataclasses
from pathlib import Path

import mixsched
from eval.rundir import RunFolder
from mixsched.errors import UsageError
from mixsched.fields import check_fields, check_kind, whole
from mixsched.mixes import mix_from_json, sources_of
from mixsched.toml import from_toml
from train.rundir import record_plan


@dataclasses.dataclass(frozen=True)
class Change:
    """The weights from `at_step` on (None: from where the run stands) up to `until_step` (None: the end), and why."""

    weights: mixsched.Mix
    at_step: int | None = None
    until_step: int | None = None
    reason: str = ""

    def __post_init__(self):
        # Refused here, before anything is opened or begun.
        _ = self.sources
        check_kind("`reason`", self.reason, str, "give a text")
        for name, step in (("`at_step`", self.at_step), ("`until_step`", self.until_step)):
            if step is not None:
                whole(name, step)

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source that the weights name."""
        return sources_of(self.weights)


def read_change(path: Path) -> Change:
    """The change that a TOML file declares: `weights`, and where wanted `at_step`, `until_step` and `reason`.

    Raises UsageError if there is no such file, or it declares something else.
    """
    if not path.is_file():
        raise UsageError(f"there is no file '{path}'; name a TOML file with `weights` in it")
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        raise UsageError(f"'{path}' is no text; name a TOML file with `weights` in it") from None
    fields = check_fields(
        "change of weights",
        from_toml(text, what=f"'{path}'"),
        needed={"weights"},
        known={"at_step", "until_step", "reason"},
    )
    return Change(
        mix_from_json(fields["weights"]), fields.get("at_step"), fields.get("until_step"), fields.get("reason", "")
    )


def amend_run(
    folder: RunFolder, plan: mixsched.Plan, change: Change, *, rows: dict[str, int], steps_done: int
) -> mixsched.Plan:
    """The run's plan with the change, written to its folder; `rows` are those of the sources it names.

    Raises UsageError, and leaves the folder as it is, for a step that is done already or beyond the end.
    """
    at_step = steps_done if change.at_step is None else change.at_step
    amended = plan.amend(
        at_step,
        change.weights,
        sources=rows,
        served_steps=steps_done,
        until_step=change.until_step,
        reason=change.reason,
    )
    record_plan(folder, amended)
    return amended
