"""`python -m train.bench`: what the training loop costs over its bare jitted step, side by side in one run."""

import dataclasses
import resource
import statistics
import sys

import tyro

from mixsched import cli
from train.huge_pages import start_again_with_huge_pages
from train.prepare.ensure import ensure_shards
from train.scales import scale_named


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Time the training loop against a bare `for` loop of the same jitted step on one fixed batch, in turns.

    python -m train.bench
    """

    scale: str = "nano"
    """Scale to run at."""
    steps: int = 60
    """Steps a round counts, of each kind."""
    rounds: int = 3
    """Rounds of each kind; the medians are compared."""


def main() -> None:
    """Parse, measure and print."""
    arguments = tyro.cli(Arguments, prog="python -m train.bench")
    if __name__ == "__main__":
        start_again_with_huge_pages()
    settings = scale_named(arguments.scale)
    ensure_shards(settings.shards, settings, bundled=True)
    # JAX, Grain and Orbax take seconds to import, and `--help` has no need of them.
    from train.bench.loop import bare_steps_s, loop_steps_s

    bare, loop, waits = [], [], []
    for number in range(1, arguments.rounds + 1):
        bare.append(bare_steps_s(settings, arguments.steps))
        took_s, wait_share = loop_steps_s(settings, arguments.scale, arguments.steps)
        loop.append(took_s)
        waits.append(wait_share)
        print(f"round {number}: bare {bare[-1] * 1e3:.1f} ms a step, loop {loop[-1] * 1e3:.1f} ms a step", flush=True)
    tokens = settings.batch_size * settings.model.context_tokens
    bare_s, loop_s = statistics.median(bare), statistics.median(loop)
    print(f"{'':<22}{'ms a step':>10}{'tokens/s':>12}")
    print(f"{'bare step, one batch':<22}{bare_s * 1e3:>10.1f}{tokens / bare_s:>12,.0f}")
    print(f"{'training loop':<22}{loop_s * 1e3:>10.1f}{tokens / loop_s:>12,.0f}")
    print(f"the loop costs {loop_s / bare_s - 1:+.1%} and waits for data {statistics.median(waits):.2%} of the time")
    # Linux counts in KiB, macOS in bytes.
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(f"peak memory of this process: {peak_mib:,.0f} MiB")


if __name__ == "__main__":
    cli.run(main)
