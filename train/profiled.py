"""Which steps `--profile-steps` asks to have traced, and the trace of them by JAX's profiler."""

import re
import shlex
from pathlib import Path
from typing import Any

from mixsched.errors import UsageError


def read_steps(text: str) -> range:
    """The steps of FIRST:STOP, the last one excluded; raises UsageError for anything else."""
    found = re.fullmatch(r"(\d{1,18}):(\d{1,18})", text)
    steps = range(int(found[1]), int(found[2])) if found else range(0)
    if not steps:
        raise UsageError(
            f"`--profile-steps` must be FIRST:STOP with FIRST below STOP, got {text!r}; 20:25 are the steps 20 to 24"
        )
    return steps


def check_to_come(steps: range, *, steps_done: int, total_steps: int) -> None:
    """Raise UsageError unless all of `steps` are to come in a run that has done `steps_done`."""
    if steps.start < steps_done or steps.stop > total_steps:
        left = "no step is left" if steps_done == total_steps else f"{steps_done:,}..{total_steps - 1:,} are to come"
        raise UsageError(
            f"`--profile-steps` must name steps that are to come, got {steps.start}:{steps.stop}, but {left}; "
            "name others, or leave it out"
        )


class Profile:
    """Traces `steps`, None for none of them, into `folder`; for a `with` block around the loop.

    A trace slows its steps, and holds the devices of this host alone: each host writes its own beside the others'.
    """

    def __init__(self, steps: range | None, folder: Path):
        self._steps = range(0) if steps is None else steps
        self._folder = folder
        self._tracing = False

    def before(self, step: int, state: Any) -> None:
        """To be called before each step with the state that it starts from, for whose arrays the trace's end waits."""
        if self._steps and step == self._steps.start:
            self._begin()
        elif self._tracing and step == self._steps.stop:
            self._end(state)

    def _begin(self) -> None:
        import jax

        options = jax.profiler.ProfileOptions()
        # Every call of every Python thread would be most of the trace.
        options.python_tracer_level = 0
        jax.profiler.start_trace(self._folder, profiler_options=options)
        self._tracing = True

    def _end(self, state: Any) -> None:
        import jax

        jax.block_until_ready(state)
        self._tracing = False
        jax.profiler.stop_trace()
        print(
            f"traced steps {self._steps.start}..{self._steps.stop - 1}; look at them with `pip install xprof` and "
            f"`xprof --logdir {shlex.quote(str(self._folder))}`, or open its trace.json.gz in https://ui.perfetto.dev"
        )

    def __enter__(self) -> "Profile":
        return self

    def __exit__(self, *_: object) -> None:
        # The run ends in the middle of them, or with the last of them.
        if self._tracing:
            self._end(())
