"""What figures show of a run: the scores of a suite, and bits per byte, which tell models apart that score nothing."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

from eval.suites import SUITES
from figures.rows import Measured

# Guessing, by a task's number of choices (eval/nano/README.md; the paper's tasks as lm-eval has them: a few questions
# of arc_easy have three or five choices). Tasks that are written out, QuAC's F1 among them, have no luck.
CHANCE: Mapping[str, float] = {
    "nano_cloze": 1 / 4,
    "nano_agreement": 1 / 2,
    "nano_order": 1 / 2,
    "nano_capitals": 1 / 4,
    "nano_kinds": 1 / 4,
    "nano_glosses": 1 / 4,
    "nano_functions": 0.0,
    "boolq": 1 / 2,
    "piqa": 1 / 2,
    "sciq": 1 / 4,
    "social_iqa": 1 / 3,
    "quac": 0.0,
    "cb": 1 / 3,
    "copa": 1 / 2,
    "storycloze_2016": 1 / 2,
    "hellaswag": 1 / 4,
    "winogrande": 1 / 2,
    "arc_easy": 1 / 4,
    "nq_open": 0.0,
    "triviaqa": 0.0,
    "humaneval": 0.0,
    "mbpp": 0.0,
}


BITS_PER_BYTE = "bits per byte"


def digits(unit: str) -> int:
    """Decimal places of numbers in a unit: of percent as the paper has them, of bits per byte what seeds differ by."""
    return 3 if unit == BITS_PER_BYTE else 1


@dataclasses.dataclass(frozen=True)
class Measure:
    """A quantity of a run: the mean of result rows' values, times `factor`.

    - `parts`: the (task, metric) of each row.
    - `unit`: of the value, as an axis names it.
    """

    name: str
    label: str
    unit: str
    lower_is_better: bool
    parts: tuple[tuple[str, str], ...]
    factor: float = 1.0

    @property
    def change_unit(self) -> str:
        """Of its relative change, which is up where it is better."""
        return "bits saved (%)" if self.lower_is_better else "relative change (%)"


def _score(suite: str, name: str, label: str, unit: str = "accuracy (%)") -> Measure:
    return Measure(name, label, unit, lower_is_better=False, parts=((f"{suite}/{name}", "average"),), factor=100.0)


def _bits(name: str, label: str, *tasks: str) -> Measure:
    parts = tuple((task, "bits_per_byte") for task in tasks)
    return Measure(name, label, BITS_PER_BYTE, lower_is_better=True, parts=parts)


_HELDOUT = (
    _bits("heldout_text", "held-out text", "heldout/text"),
    _bits("heldout_web_code", "held-out web code", "heldout/web_code"),
    _bits("heldout_synthetic", "held-out synthetic", "heldout/synthetic"),
    _bits("heldout_math", "held-out mathematics", "heldout/math"),
)
_NANO_BITS = (
    _bits("answers", "knowledge answers", *SUITES["nano"].groups["knowledge"]),
    _bits("solutions", "code solutions", "nano_solutions"),
)


def measures_of(suite: str) -> dict[str, Measure]:
    """All measures of a suite by name: its averages as in Table 2, then bits per byte."""
    scores = (
        _score(suite, "reasoning", "reasoning"),
        _score(suite, "knowledge", "knowledge"),
        _score(suite, "nl_average", "NL average"),
        _score(suite, "code", "code", "pass@1 (%)"),
        _score(suite, "total_average", "total average"),
    )
    bits = (*_HELDOUT[:1], *(_NANO_BITS if suite == "nano" else ()), *_HELDOUT[1:])
    return {measure.name: measure for measure in (*scores, *bits)}


def suite_of(measured: Measured) -> str:
    """The suite that most of the averages at hand are of; the paper's where two have as many, nano's without any."""
    counts = dict.fromkeys(SUITES, 0)
    for by_measurement in measured.rows.values():
        for (task, metric), by_seed in by_measurement.items():
            suite = task.partition("/")[0]
            if metric == "average" and suite in counts:
                counts[suite] += len(by_seed)
    return max(counts, key=lambda suite: (counts[suite], suite == "paper")) if any(counts.values()) else "nano"


def by_seed(measured: Measured, experiment: str, measure: Measure) -> dict[int, float]:
    """A measure's value by seed, of the seeds that have all its parts."""
    rows = [measured.row(experiment, task, metric) for task, metric in measure.parts]
    seeds = sorted(set.intersection(*(set(each) for each in rows)))
    return {seed: measure.factor * _mean([each[seed].value for each in rows]) for seed in seeds}


def chance(measured: Measured, measure: Measure) -> float | None:
    """What guessing gives, in the measure's unit; None where that is nothing, or not known."""
    for by_measurement in measured.rows.values():
        for part in measure.parts:
            for row in by_measurement.get(part, {}).values():
                level = _chance_of(row.task, row.covers)
                return measure.factor * level if level else None
    return None


def _chance_of(average: str, covers: Sequence[str]) -> float | None:
    """Of an average's tasks, each group counting the same as in `eval.suites.averages`."""
    suite = SUITES.get(average.partition("/")[0])
    if suite is None or not covers or any(task not in CHANCE for task in covers):
        return None
    groups = [[CHANCE[task] for task in group if task in covers] for group in suite.groups.values()]
    return _mean([_mean(group) for group in groups if group])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
