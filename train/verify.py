"""`python -m train --verify`: replays recorded steps of a run, and says whether they come out as they did."""

import dataclasses
from pathlib import Path

from eval.rundir import RunFolder
from mixsched.errors import UsageError

# Lines and arrays that differ, of which there may be thousands, are told one by one up to here.
TOLD = 10


@dataclasses.dataclass(frozen=True)
class VerifyArguments:
    """Train recorded steps of a run once more, write nothing, and compare what comes out: exit code 1 if it differs.

    From a kept checkpoint, or from the first step, up to the next checkpoint: each line of metrics.jsonl but for its
    clocks, and there the parameters and the optimizer's state, all of them bit for bit. On another machine, other
    devices or other versions the last bits may differ; it says whether they are the same.

    python -m train --verify runs/code25-nano-seed0
    """

    verify: Path
    """Folder of the run."""
    from_step: int | None = None
    """Where to begin: at 0 or a checkpoint. Default: the last place with recorded steps behind it."""
    steps: int | None = None
    """Replay so many steps at most. Default: up to the next checkpoint that is kept, or else the last line."""
    shards: Path | None = None
    """Folder of the prepared sources, where it is not the one that the run was trained on."""

    def __post_init__(self):
        if self.steps is not None and self.steps < 1:
            raise UsageError(f"`--steps` must be at least 1, got {self.steps}")


def verify(arguments: VerifyArguments) -> int:
    """Replay and tell; 0 where all is the same, 1 where something differs. Raises UsageError if nothing can be."""
    # JAX, Grain and Orbax take seconds to import.
    from train.replay import replay

    told = replay(
        RunFolder(arguments.verify), from_step=arguments.from_step, most_steps=arguments.steps, shards=arguments.shards
    )
    for line in told.notes:
        print(f"note: {line}")
    print(f"replayed steps {told.first_step:,}..{told.stop_step - 1:,} of '{arguments.verify}', from {told.began}")
    print(f"compared {', '.join(told.compared)}")
    if not told.differing:
        print("all of it is the same, bit for bit")
        return 0
    for line in told.differing[:TOLD]:
        print(f"differs: {line}")
    more = len(told.differing) - TOLD
    print(f"{len(told.differing):,} values or arrays differ" + f", {more:,} of them not told here" * (more > 0))
    return 1
