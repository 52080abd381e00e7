"""One run of all that is measured, at one of two sizes."""

import dataclasses
import datetime
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

from mixsched import __version__
from mixsched.bench.audit import audit
from mixsched.bench.case import halves_case, main_case
from mixsched.bench.costs import costs
from mixsched.bench.draw import draw
from mixsched.bench.mixers import all_mixers
from mixsched.bench.reading import reading
from mixsched.bench.report import markdown, plain, render
from mixsched.bench.results import Measurement, write_lines
from mixsched.bench.speed import engine, long_engine, reading_goals


@dataclasses.dataclass(frozen=True)
class Size:
    """How much is measured; `reading_s` is how long each way to read is timed, after so many `warm_batches`."""

    steps: int
    halves_steps: int
    far_step: int
    repeats: int
    disk_rows: int
    reading_s: float
    warm_batches: int


FULL = Size(
    steps=2_000, halves_steps=500, far_step=100_000, repeats=5, disk_rows=40_000, reading_s=0.6, warm_batches=10
)
QUICK = Size(steps=40, halves_steps=20, far_step=1_000, repeats=1, disk_rows=2_000, reading_s=0.05, warm_batches=1)
LIBRARIES = ("numpy", "grain", "array_record", "datasets")


def run(size: Size, *, long: bool, folder: Path) -> None:
    """Measure, print the tables, and write `mixers.md`, `mixers.jsonl` and the figure into `folder`."""
    eight, halves = main_case(steps=size.steps), halves_case(steps=size.halves_steps)
    found: list[Measurement] = []
    until = {}
    for mixer in all_mixers():
        tell(f"{mixer.name}: serving {2 * eight.samples + halves.samples:,} samples")
        audited = audit(mixer, eight, halves)
        found += audited.measurements
        if audited.until is not None:
            until[mixer.name] = audited.until
        found += costs(mixer, eight, far_step=size.far_step, repeats=size.repeats)
    tell("reading shards")
    read = reading(
        eight,
        total_rows=size.disk_rows,
        seconds=size.reading_s,
        warm_batches=size.warm_batches,
        repeats=size.repeats,
    )
    tell("timing the engine")
    found += [*read, *engine(repeats=size.repeats), *reading_goals(read, batch_size=eight.batch_size)]
    if long:
        tell("solving a million steps of 200 sources, twice")
        found += long_engine()
    about = environment(size)
    print(heading(about) + render(found, plain), end="")
    (folder / "mixers.md").write_text(f"# Mixers\n\n{heading(about)}{render(found, markdown)}")
    write_lines(folder / "mixers.jsonl", found, about)
    files = [folder / "mixers.md", folder / "mixers.jsonl", *draw(found, until, eight, halves, folder)]
    print("\nwrote " + ", ".join(f"'{file}'" for file in files))


def tell(what: str) -> None:
    """Say on stderr what takes time now."""
    print(what, file=sys.stderr, flush=True)


def environment(size: Size) -> dict[str, object]:
    """What the numbers depend on: sizes, versions, processors, and when."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            versions[library] = None
    return {
        **dataclasses.asdict(size),
        "mixsched": __version__,
        "python": platform.python_version(),
        **versions,
        "cpus": os.cpu_count(),
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }


def heading(about: dict[str, object]) -> str:
    """One paragraph on what was run, where and when."""
    versions = ", ".join(f"{name} {about[name]}" for name in ("mixsched", "python", *LIBRARIES) if about[name])
    return (
        f"8 sources (weights 43.2% to 0.01%), batch 512, {about['steps']:,} steps; 50/50 for {about['halves_steps']:,} "
        f"steps; far step {about['far_step']:,}; medians of {about['repeats']}.\n"
        f"{versions}; {about['cpus']} CPUs; {about['when']}.\n"
        "A star: the rule said again in our words from its description; without: the library itself.\n\n"
    )
