"""Result rows for figures: gathered from run folders and kept files, the last word on each measurement chosen."""

import dataclasses
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from eval.results import SAME, Row, read_rows
from eval.rundir import RunFolder, read_config, read_plan
from mixsched.errors import UsageError

KEPT = Path("experiments/results")
# Sizes in order; what stands here is drawn from small to large, any other name after it.
SCALES = ("nano", "micro", "470m", "2.8b")
# A row over fewer items than this share of the most that any run has is of another, smaller question (`--limit`, or
# the few held-out rows that are read while a run trains). A few items may lack a score: a sandbox can fail.
LEAST_ITEMS = 0.9
# Folders that hold lines of other kinds.
_OTHER_LINES = ("evaluations", "judgements", "checkpoints")
WIN_RATE = "win_rate/"
MAKE_SOME = "python -m experiments run --all --scale nano --keep"


@dataclasses.dataclass(frozen=True)
class Gathered:
    """All rows that were found.

    - `parameters`: of the model, by scale, where a run's configuration was at hand.
    - `notes`: sentences on what was left out.
    """

    rows: tuple[Row, ...]
    parameters: Mapping[str, frozenset[int]]
    notes: tuple[str, ...]

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales that the rows are of, from small to large."""
        return tuple(sorted({row.scale for row in self.rows}, key=_size))


@dataclasses.dataclass(frozen=True)
class Measured:
    """The measurements of one scale after the last step of each run: one row a run, task and metric.

    - `rows`: by experiment, then by (task, metric), then by seed.
    """

    scale: str
    rows: Mapping[str, Mapping[tuple[str, str], Mapping[int, Row]]]
    parameters: frozenset[int]
    notes: tuple[str, ...]

    def row(self, experiment: str, task: str, metric: str) -> Mapping[int, Row]:
        """The row of each seed; none where it was not measured."""
        return self.rows.get(experiment, {}).get((task, metric), {})

    def seeds(self, experiment: str) -> tuple[int, ...]:
        """The seeds of which there is any row."""
        return tuple(sorted({seed for by_seed in self.rows.get(experiment, {}).values() for seed in by_seed}))

    def tokens(self, experiment: str) -> int | None:
        """Tokens that its runs were trained on; None without a run."""
        every = [row.tokens for by_seed in self.rows.get(experiment, {}).values() for row in by_seed.values()]
        return max(every, default=None)


def gather(paths: Sequence[Path]) -> Gathered:
    """All rows in run folders, in folders of them, and in files of rows or folders of those, at any depth.

    Raises UsageError where a path does not exist, or there is no row at all.
    """
    rows: list[Row] = []
    parameters: dict[str, set[int]] = defaultdict(set)
    unfinished: list[str] = []
    for file in dict.fromkeys(file.resolve() for path in paths for file in _files(path)):
        read, folder = read_rows(file), RunFolder(file.parent)
        if file == folder.results and folder.config.is_file():
            config = read_config(folder)
            parameters[config.scale].add(config.model.parameters)
            if told := _unfinished(folder, read):
                unfinished.append(told)
                continue
        rows += read
    notes = [f"left out, since it has not ended: {told}" for told in unfinished]
    if not rows:
        named = ", ".join(f"'{path}'" for path in paths)
        raise UsageError(
            f"there is no result row of a finished run in {named}{': ' * bool(notes)}{'; '.join(notes)}; make some: "
            f"{MAKE_SOME}"
        )
    return Gathered(tuple(rows), {scale: frozenset(counts) for scale, counts in parameters.items()}, tuple(notes))


def of_scale(gathered: Gathered, scale: str | None) -> Measured:
    """The last word on each measurement of one scale.

    Raises UsageError if there are several scales and `scale` is None, or none of that name.
    """
    found = list(gathered.scales)
    if scale is None and len(found) > 1:
        raise UsageError(f"the rows are of the scales {', '.join(found)}; choose one with `--scale`")
    if scale is not None and scale not in found:
        raise UsageError(f"there is no row of `--scale` {scale!r}, only of {', '.join(found)}; name one that has some")
    chosen = found[0] if scale is None else scale
    rows, notes = _last_words([row for row in gathered.rows if row.scale == chosen])
    kept, left_out = _comparable(rows)
    by_experiment: dict[str, dict[tuple[str, str], dict[int, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in kept:
        by_experiment[row.experiment][row.task, row.metric][row.seed] = row
    told = (*gathered.notes, *notes, *left_out)
    return Measured(chosen, by_experiment, gathered.parameters.get(chosen, frozenset()), told)


def _size(scale: str) -> tuple[int, str]:
    return (SCALES.index(scale) if scale in SCALES else len(SCALES), scale)


def _files(path: Path) -> Iterator[Path]:
    """The files of rows in a path: of a run its results alone."""
    if path.is_file():
        yield path
    elif not path.is_dir():
        raise UsageError(
            f"`--runs` '{path}' does not exist; name run folders or files of result rows, or make some: {MAKE_SOME}"
        )
    elif (path / "results.jsonl").is_file() or (path / "config.json").is_file():
        yield path / "results.jsonl"
    else:
        yield from sorted(path.glob("*.jsonl"))
        for inside in sorted(path.glob("*/")):
            if inside.name not in _OTHER_LINES and not inside.name.startswith("."):
                yield from _files(inside)


def _unfinished(folder: RunFolder, rows: Sequence[Row]) -> str | None:
    """How far a run is whose plan goes on after its last row; None where it has ended, or no plan tells."""
    if not folder.plan.is_file():
        return None
    total_steps, step = read_plan(folder).total_steps, max((row.step for row in rows), default=0)
    return None if step >= total_steps else f"'{folder.path.name}', at step {step} of {total_steps}"


def _last_words(rows: Iterable[Row]) -> tuple[list[Row], list[str]]:
    """One row a run, task and metric: after the run's last step, over most items, and the last of those."""
    rows = list(rows)
    last_step: dict[tuple[str, int], int] = {}
    for row in rows:
        run = row.experiment, row.seed
        last_step[run] = max(last_step.get(run, 0), row.step)
    of_experiment: dict[str, int] = {}
    for (experiment, _), step in last_step.items():
        of_experiment[experiment] = max(of_experiment.get(experiment, 0), step)
    measured: dict[tuple, list[Row]] = defaultdict(list)
    for row in rows:
        # Seeds of one experiment have the same number of steps; one that has fewer has not ended.
        if row.step == of_experiment[row.experiment]:
            measured[row.experiment, row.seed, row.task, row.metric].append(row)
    chosen, contradicted = [], 0
    for alike in measured.values():
        # A sort keeps the order of what it does not tell apart: the last line of a file is the last word.
        ordered = sorted(alike, key=lambda row: (row.n, row.when))
        same_question = [row for row in ordered if (row.n, row.covers) == (ordered[-1].n, ordered[-1].covers)]
        contradicted += any(not _says_the_same(row, ordered[-1]) for row in same_question)
        chosen.append(ordered[-1])
    short = sum(step < of_experiment[experiment] for (experiment, _), step in last_step.items())
    notes = (
        [f"of {_counted(contradicted, 'measurement')} there are several values; the latest is taken"]
        if contradicted
        else []
    )
    notes += (
        [f"left out: {_counted(short, 'run')} with fewer steps than another seed of the same experiment"]
        if short
        else []
    )
    return chosen, notes


def _says_the_same(row: Row, other: Row) -> bool:
    return math.isclose(row.value, other.value, rel_tol=SAME, abs_tol=SAME**2)


def _comparable(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    """Rows that answer the question that most runs answered: as many items, and averages over the same tasks."""
    most: dict[tuple[str, str], int] = {}
    covers: dict[tuple[str, str], Counter[tuple[str, ...]]] = defaultdict(Counter)
    for row in rows:
        asked = row.task, row.metric
        most[asked] = max(most.get(asked, 0), row.n)
        covers[asked][tuple(row.covers)] += 1
    usual = {asked: max(counts, key=lambda tasks: (counts[tasks], len(tasks))) for asked, counts in covers.items()}
    kept = [
        row
        for row in rows
        if row.task.startswith(WIN_RATE)
        or (tuple(row.covers) == usual[row.task, row.metric] and row.n >= LEAST_ITEMS * most[row.task, row.metric])
    ]
    left_out = len(rows) - len(kept)
    why = "over fewer items, or averages over other tasks, than other runs have"
    return kept, [f"left out: {_counted(left_out, 'measurement')} {why}"] if left_out else []


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"
