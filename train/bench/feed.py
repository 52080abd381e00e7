"""`python -m train.bench.feed`: how fast one host of a pod feeds its chips, beside what they eat, in one run."""

import dataclasses
import math
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tyro

from eval.bench.timing import median_seconds
from mixsched import Phase, Plan, Ramp, RowSource, Schedule, Steps, StepSource, WarmupCosine, cli
from mixsched.bench.shards import write_sources
from mixsched.errors import UsageError
from train.ahead.kept import kept_prediction
from train.scales import SCALES

# A mix and where it goes; their shares are those of the rows on disk too.
START = {"text": 0.6, "web_code": 0.2, "markup": 0.05, "adjacent": 0.05, "synthetic": 0.1}
END = {"text": 0.3, "web_code": 0.4, "markup": 0.1, "adjacent": 0.1, "synthetic": 0.1}
# What a host must be able to do: so many times what its chips eat.
GOAL_TIMES = 10
# Whose prediction says what chips eat.
SCALE, TOPOLOGY = "470m", "v5e:16x16"


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Time one host's pipeline (plan, shards, Grain, devices) with the rows and batches of 470m.

    python -m train.bench.feed

    It writes shards of random rows into a temporary folder, reads the steps of a plan with a constant and a ramped
    phase, and puts them on CPU devices, as many as the host has chips.
    """

    chip_eats_tokens_per_s: float | None = None
    """Tokens/s that one chip trains on. Default: as predicted for 470m on v5e:16x16."""
    chips: int = 8
    """Chips of a host."""
    hosts: int = 32
    """Hosts of the pod, which share each batch of 512 rows."""
    rows: int = 4_000
    """Rows of all sources together."""
    steps: int = 400
    """Steps a round counts."""
    rounds: int = 3
    """Rounds of each part of the pipeline; told are the medians."""
    delay_ms: float = 0.0
    """Waited in every call that reads rows of a source, as for a bucket's mount. Default: the files of this machine."""

    def __post_init__(self):
        for name in ("chips", "hosts", "rows", "steps", "rounds"):
            if getattr(self, name) < 1:
                raise UsageError(f"`--{name}` must be at least 1, got {getattr(self, name)}")
        if SCALES[SCALE].batch_size % (self.chips * self.hosts):
            raise UsageError(
                f"`--chips` times `--hosts` must divide a batch of {SCALES[SCALE].batch_size} rows, got {self.chips} "
                f"times {self.hosts}"
            )
        eats = self.chip_eats_tokens_per_s
        if eats is not None and not 0 < eats < math.inf:
            raise UsageError(f"`--chip-eats-tokens-per-s` must be above 0 and finite, got {eats}")
        if not 0 <= self.delay_ms < 60_000:
            raise UsageError(f"`--delay-ms` must lie in 0..60,000, got {self.delay_ms}")


@dataclasses.dataclass(frozen=True)
class Delayed:
    """Rows that come some time after they were asked for."""

    rows: RowSource
    delay_s: float

    def __len__(self) -> int:
        return len(self.rows)

    def __getitems__(self, records: Sequence[Any], /) -> Any:
        time.sleep(self.delay_s)
        return self.rows.__getitems__(records)


def eaten_by_a_chip(arguments: Arguments) -> float:
    """Tokens/s that one chip trains on, as given or predicted."""
    if arguments.chip_eats_tokens_per_s is not None:
        return arguments.chip_eats_tokens_per_s
    prediction = kept_prediction(SCALE, TOPOLOGY)
    if prediction is None:
        raise UsageError(
            f"no prediction for {SCALE} on {TOPOLOGY} is kept; keep one with `python -m train.ahead --scale {SCALE} "
            f"--topology {TOPOLOGY} --keep`, or say what a chip eats by `--chip-eats-tokens-per-s`"
        )
    return prediction.tokens_per_s_a_chip


def steps_of_a_host(arguments: Arguments, folder: Path) -> StepSource:
    """Sources written into `folder`, and the part of one host in the steps of a plan over them."""
    scale = SCALES[SCALE]
    rows = {name: max(1, int(share * arguments.rows)) for name, share in START.items()}
    context_tokens, vocab_size = scale.model.context_tokens, scale.model.vocab_size
    sources: Mapping[str, RowSource] = write_sources(
        folder, rows, context_tokens=context_tokens, vocab_size=vocab_size, seed=0
    )
    if arguments.delay_ms:
        sources = {name: Delayed(source, arguments.delay_ms / 1e3) for name, source in sources.items()}
    half = Steps(-(-arguments.steps // 2))
    curve = WarmupCosine(peak=scale.optimizer.peak_lr, end=0.0, warmup=Steps(1))
    phases = (Phase("constant", half, START, curve), Phase("ramp", half, Ramp(START, END)))
    plan = Plan(Schedule(phases, scale.batch_size, context_tokens), rows, seed=0)
    return StepSource(plan, sources, host=0, hosts=arguments.hosts)


def round_seconds(arguments: Arguments, steps: StepSource) -> dict[str, float]:
    """Seconds that the parts of the pipeline take for all steps, each of them with those before it."""
    # They take seconds to import, and `--help` has no need of them.
    import jax

    jax.config.update("jax_num_cpu_devices", arguments.chips)

    from model.sharding import device_mesh
    from train.data import batches_ahead, read_ahead

    mesh = device_mesh()

    def put_all() -> None:
        batches = batches_ahead(steps, first_step=0, mesh=mesh)
        for batch in batches:
            jax.block_until_ready(batch)
        batches.close()

    ways = {
        "read, decoded": lambda: [steps[step] for step in range(len(steps))],
        "the same, ahead by Grain": lambda: [None for _ in read_ahead(steps, first_step=0)],
        f"put on {arguments.chips} devices, ahead": put_all,
    }
    return median_seconds(ways, repeats=arguments.rounds)


def main() -> None:
    """Parse, measure and print."""
    arguments = tyro.cli(Arguments, prog="python -m train.bench.feed")
    eaten = arguments.chips * eaten_by_a_chip(arguments)
    with tempfile.TemporaryDirectory() as folder:
        steps = steps_of_a_host(arguments, Path(folder))
        first = steps[0]["rows"]
        rows, tokens, size = len(first), first.shape[0] * (first.shape[1] - 1), first.nbytes
        took_s = round_seconds(arguments, steps)
    print(
        f"{rows} rows a step of 1 host of {arguments.hosts}, each of {first.shape[1]:,} ids below 256,000; "
        f"{len(steps)} steps on {os.cpu_count()} CPU cores"
    )
    print(f"{'':<28}{'rows/s':>10}{'tokens/s':>14}{'MB/s':>9}{'times what chips eat':>22}")
    rates = {f"what {arguments.chips} chips eat": eaten / tokens}
    rates |= {name: len(steps) / seconds for name, seconds in took_s.items()}
    for name, steps_per_s in rates.items():
        told = f"{steps_per_s * rows:>10,.0f}{steps_per_s * tokens:>14,.0f}{steps_per_s * size / 1e6:>9,.1f}"
        print(f"{name:<28}{told}{steps_per_s * tokens / eaten:>22,.1f}")
    *_, whole = rates.values()
    print(f"the goal is {GOAL_TIMES} times: {'reached' if whole * tokens >= GOAL_TIMES * eaten else 'missed'}")


if __name__ == "__main__":
    cli.run(main)
