"""What figures plot, as numbers: our mean and interval of each variant in each measure, and the paper's value."""

import dataclasses
from collections.abc import Sequence

from experiments.study import FIGURES, Figure, Variant
from figures.measures import Measure, by_seed, chance, measures_of
from figures.reference import ALL_VARIANTS, LARGER_SCALE, SCALE, known
from figures.rows import Measured
from figures.seeds import Spread, relative_percent, spread

NO_RUN = "no run yet"
NOT_MEASURED = "not measured"
NO_SEED = "no seed in common"
NO_RATIO = "no ratio to 0"
NO_BASELINE = "no baseline yet"
ONE_SCALE = "no second scale yet"
# In the order of Table 2, and below them what tells apart models that score nothing.
SHOWN = (
    "reasoning",
    "knowledge",
    "nl_average",
    "code",
    "heldout_text",
    "answers",
    "solutions",
    "heldout_web_code",
)
# The source that these figures are about takes the place of the average of two panels beside it.
ABOUT = {"repetition": "heldout_synthetic", "math": "heldout_math"}
# So many experiments are named one by one in a command.
FEW = 3
# Where the paper gives pass@1 itself.
ABSOLUTE = {("2", "code")}


@dataclasses.dataclass(frozen=True)
class Point:
    """A variant in one panel.

    - `ours`: None where there is nothing to draw, and then `gap` says why in two or three words.
    - `paper`: in the panel's unit; None where the paper has no number.
    - `paper_told`: what the paper itself says, where `paper` is put at the same change from our own baseline.
    """

    variant: Variant
    ours: Spread | None
    paper: float | None
    gap: str = ""
    paper_told: str = ""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One measure of a figure.

    - `relative`: whether values are changes against the baseline, in percent.
    - `baseline`: our mean of the baseline in the measure's own unit; None without one.
    - `chance`: what guessing gives, of absolute values.
    - `paper_of_all`: the paper's average over the variants.
    """

    measure: Measure
    relative: bool
    points: tuple[Point, ...]
    baseline: float | None = None
    chance: float | None = None
    paper_of_all: float | None = None

    @property
    def unit(self) -> str:
        """The unit of the points' values."""
        return self.measure.change_unit if self.relative else self.measure.unit


def shown(name: str, suite: str) -> list[Measure]:
    """The measures that a figure shows, those that the suite has."""
    names = SHOWN
    if name in ABOUT:
        names = (*(each for each in SHOWN if each != "nl_average"), ABOUT[name])
    has = measures_of(suite)
    return [has[each] for each in names if each in has]


def change_panels(name: str, measured: Measured, suite: str) -> list[Panel]:
    """Relative changes of a figure's variants against its baseline, a panel a measure."""
    figure = FIGURES[name]
    panels = []
    for measure in shown(name, suite):
        if (name, measure.name) in ABSOLUTE:
            panels.append(_absolute_panel(name, measured, measure))
            continue
        points = []
        for variant in figure.variants:
            told = known(name, measure.name, variant.experiment)
            paper = told.value if told is not None and told.baseline == figure.baseline else None
            if variant.experiment == figure.baseline:
                points.append(Point(variant, None, None, "baseline"))
            else:
                ours, gap = _change(measured, variant.experiment, figure.baseline, measure)
                points.append(Point(variant, ours, paper, gap))
        panels.append(Panel(measure, relative=True, points=tuple(points)))
    return panels


def value_panels(name: str, measured: Measured, suite: str) -> list[Panel]:
    """The values of a figure's variants themselves, a panel a measure.

    The paper's relative changes stand at the same relative change against our own mean of its baseline.
    """
    return [_absolute_panel(name, measured, measure) for measure in shown(name, suite)]


def scale_panels(small: Measured, large: Measured | None, suite: str) -> list[Panel]:
    """Figure 3: the relative change of each variant from a scale to a larger one (None: there is none yet)."""
    figure = FIGURES["3"]
    panels = []
    for measure in shown("3", suite):
        points = []
        for variant in figure.variants:
            told = known("3", measure.name, variant.experiment)
            ours, gap = _growth(small, large, variant.experiment, measure)
            points.append(Point(variant, ours, told.value if told else None, gap))
        of_all = known("3", measure.name, ALL_VARIANTS)
        panels.append(Panel(measure, True, tuple(points), paper_of_all=of_all.value if of_all else None))
    return panels


def missing(figure: Figure, measured: Measured) -> list[str]:
    """The experiments of a figure of which there is no row."""
    return [experiment for experiment in figure.experiments if not measured.seeds(experiment)]


def gap_sentences(name: str, measured: Measured, panels: Sequence[Panel], suite: str) -> tuple[str, ...]:
    """What a reader must know is not there, each with the command that makes it."""
    figure, sentences = FIGURES[name], []
    if absent := missing(figure, measured):
        sentences.append(no_run(name, absent, measured.scale))
    unmeasured = {
        point.variant.experiment for panel in panels for point in panel.points if point.gap == NOT_MEASURED
    } - set(absent)
    sentences += [
        f"{experiment} was not asked all of suite {suite}: python -m eval --run "
        f"runs/{experiment}-{measured.scale}-seed{measured.seeds(experiment)[0]} --suite {suite}"
        for experiment in sorted(unmeasured)
    ]
    return tuple(sentences)


def no_run(name: str, experiments: Sequence[str], scale: str, *, by_figure: bool = False) -> str:
    """The sentence on runs that are not there: its command names them if they are few, and else the figure.

    `by_figure`: always the figure, whose command judges what it has run.
    """
    named = f"--figure {name}" if by_figure or len(experiments) > FEW else " ".join(experiments)
    return f"no run of {', '.join(experiments)} yet: python -m experiments run {named} --scale {scale}"


def _absolute_panel(name: str, measured: Measured, measure: Measure) -> Panel:
    figure = FIGURES[name]
    points = []
    for variant in figure.variants:
        ours = spread(by_seed(measured, variant.experiment, measure))
        gap = "" if ours else _why_none(measured, variant.experiment)
        paper, paper_told = _placed(name, measured, measure, variant.experiment)
        points.append(Point(variant, ours, paper, gap, paper_told))
    base = spread(by_seed(measured, figure.baseline, measure))
    return Panel(measure, False, tuple(points), base.mean if base else None, chance(measured, measure))


def _placed(name: str, measured: Measured, measure: Measure, experiment: str) -> tuple[float | None, str]:
    """Where the paper's value stands on an axis of absolute values, None where it is unknown or has no place.

    Of a relative change also what the paper says: `+3.4% against code00`.
    """
    told = known(name, measure.name, experiment)
    if told is None or not told.baseline:
        return (told.value if told else None), ""
    base = spread(by_seed(measured, told.baseline, measure))
    if not base or base.mean <= 0:
        return None, ""
    return base.mean * (1 + told.value / 100), f"{told.value:+g}% against {told.baseline}"


def _change(measured: Measured, experiment: str, baseline: str, measure: Measure) -> tuple[Spread | None, str]:
    values, base = by_seed(measured, experiment, measure), by_seed(measured, baseline, measure)
    if not values:
        return None, _why_none(measured, experiment)
    if not base:
        return None, NO_BASELINE
    ours = relative_percent(values, base, lower_is_better=measure.lower_is_better)
    return ours, "" if ours else _why_no_ratio(values, base)


def _growth(small: Measured, large: Measured | None, experiment: str, measure: Measure) -> tuple[Spread | None, str]:
    before = by_seed(small, experiment, measure)
    after = by_seed(large, experiment, measure) if large else {}
    if not before:
        return None, _why_none(small, experiment)
    if not after:
        return None, _why_none(large, experiment) if large else ONE_SCALE
    ours = relative_percent(after, before, lower_is_better=measure.lower_is_better)
    return ours, "" if ours else _why_no_ratio(after, before)


def _why_none(measured: Measured, experiment: str) -> str:
    return NOT_MEASURED if measured.seeds(experiment) else NO_RUN


def _why_no_ratio(values: dict[int, float], base: dict[int, float]) -> str:
    return NO_RATIO if values.keys() & base.keys() else NO_SEED


def scales_told(small: str, large: str | None) -> str:
    """Which scales figure 3 compares, ours and the paper's."""
    ours = f"{small} → {large}" if large else f"{small} alone"
    return f"ours {ours}, the paper's {SCALE} → {LARGER_SCALE}"
