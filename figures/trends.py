"""Figures over a quantity: the share of code (Figure 4), and how often a source was repeated."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from experiments.study import FIGURES
from figures.caption import of_figure, paper_sentence
from figures.changes import COLUMNS, marks_of, title_of
from figures.drawn import Drawn, numbers_of
from figures.marks import ours_at, paper_at, reach
from figures.points import Panel, gap_sentences, value_panels
from figures.reference import known
from figures.rows import Measured
from figures.style import GAP, ON_WHITE, OURS, QUIET, SEEDS, legend_on_top, save, sheet, use_print_style

AXES = {"4": "share of code (%)", "repetition": "epochs of synthetic code"}
PANEL_INCHES = 1.5


def draw_trend(name: str, measured: Measured, suite: str, out: Path) -> Drawn:
    """Draw a figure's variants over the number that their labels begin with."""
    use_print_style()
    figure = FIGURES[name]
    panels = value_panels(name, measured, suite)
    caption = f"{of_figure(figure, measured, panels, suite)} {_how_the_paper_stands(name, panels)}".strip()
    gaps = gap_sentences(name, measured, panels, suite)
    lines = -(-len(panels) // COLUMNS)
    drawing, grid = sheet(
        lines, COLUMNS, height_inches=lines * PANEL_INCHES, title=title_of(name), foot=caption, gaps=gaps
    )
    for place, axes in enumerate(np.ravel(grid)):
        if place < len(panels):
            _trend(axes, name, panels[place])
        else:
            axes.set_visible(False)
    legend_on_top(drawing, marks_of(panels, upright=True))
    files = tuple(save(drawing, out, f"figure-{name}"))
    return Drawn(name, title_of(name), files, caption, gaps, numbers_of(name, panels))


def positions(name: str) -> list[float]:
    """Where each variant of such a figure stands: its label begins with its percent, or its number of epochs.

    >>> positions("repetition")
    [1.0, 2.0, 4.0, 8.0, 16.0]
    """
    return [float(variant.label.split()[0].rstrip("%")) for variant in FIGURES[name].variants]


def _trend(axes: Axes, name: str, panel: Panel) -> None:
    axes.set_title(panel.measure.label, fontsize=6.8)
    axes.set_xlabel(AXES[name])
    axes.set_ylabel(panel.unit)
    places = positions(name)
    if name == "repetition":
        axes.set_xscale("log", base=2)
        axes.set_xticks(places, [f"{place:g}" for place in places])
    else:
        axes.set_xticks(places, _tick_labels(places))
    axes.minorticks_off()
    axes.set_xlim(_around(places, in_ratios=name == "repetition"))
    if panel.chance:
        axes.axhline(panel.chance, color=QUIET, linewidth=0.7, linestyle=":")
    _line(axes, places, panel)
    _limits(axes, panel)
    _gaps(axes, places, panel)
    _relative_axis(axes, name, panel)


def _tick_labels(places: Sequence[float]) -> list[str]:
    """Numbers; one that would touch its right neighbour goes a line lower."""
    close = 0.12 * (places[-1] - places[0])
    follow = [*places[1:], float("inf")]
    crowded = [after - place < close for place, after in zip(places, follow, strict=True)]
    return [f"{chr(10) * low}{place:g}" for place, low in zip(places, crowded, strict=True)]


def _around(places: Sequence[float], *, in_ratios: bool) -> tuple[float, float]:
    """Limits that hold every variant, those without a run too."""
    first, last = places[0], places[-1]
    margin = 0.05
    if in_ratios:
        return first * (last / first) ** -margin, last * (last / first) ** margin
    return first - margin * (last - first), last + margin * (last - first)


def _line(axes: Axes, places: Sequence[float], panel: Panel) -> None:
    there = [(x, point.ours) for x, point in zip(places, panel.points, strict=True) if point.ours is not None]
    axes.plot([x for x, _ in there], [ours.mean for _, ours in there], color=OURS, linewidth=0.8, zorder=3)
    for x, ours in there:
        seeds = list(ours.values.values()) if ours.half is not None else []
        axes.plot([x] * len(seeds), seeds, marker="_", markersize=4, color=SEEDS, linestyle="none", zorder=2)
        ours_at(axes, x, ours.mean, ours, upright=True)
    for x, point in zip(places, panel.points, strict=True):
        if point.paper is not None:
            paper_at(axes, x, point.paper)


def _limits(axes: Axes, panel: Panel) -> None:
    values = [value for point in panel.points for value in reach(point)]
    values += [panel.chance] if panel.chance else []
    if not values:
        axes.set_yticks([])
        return
    low, high = min(values), max(values)
    if high - low > 1e-9:
        axes.set_ylim(low - 0.1 * (high - low), high + 0.1 * (high - low))
    else:
        # A score of 0 everywhere is no score below 0.
        axes.set_ylim(-0.05 if low == 0 else low - 1, low + 1)


def _gaps(axes: Axes, places: Sequence[float], panel: Panel) -> None:
    """Missing points are named at their place, upright, where the paper's mark is not."""
    low, high = axes.get_ylim()
    for x, point in zip(places, panel.points, strict=True):
        if point.ours is None:
            on_top = point.paper is not None and point.paper < (low + high) / 2
            axes.text(
                x,
                0.96 if on_top else 0.04,
                point.gap,
                transform=axes.get_xaxis_transform(),
                fontsize=5.2,
                color=GAP,
                rotation=90,
                ha="center",
                va="top" if on_top else "bottom",
                bbox=ON_WHITE,
                zorder=1,
                in_layout=False,
            )


def _relative_axis(axes: Axes, name: str, panel: Panel) -> None:
    """Beside panels with the paper's relative changes, the same axis in percent of our baseline."""
    base = panel.baseline
    if not base or all(point.paper is None for point in panel.points) or not _against_the_baseline(name, panel):
        return
    beside = axes.secondary_yaxis("right", functions=_percent_of(base))
    beside.tick_params(labelsize=6, colors=QUIET)
    beside.set_ylabel(f"relative to {FIGURES[name].variants[0].label} (%)", color=QUIET, fontsize=6)


def _percent_of(base: float) -> tuple[Callable, Callable]:
    """From a value to its change against the base in percent, and back."""

    def percent(value: np.ndarray) -> np.ndarray:
        return 100 * (np.asarray(value, float) / base - 1)

    def value(change: np.ndarray) -> np.ndarray:
        return base * (1 + np.asarray(change, float) / 100)

    return percent, value


def _against_the_baseline(name: str, panel: Panel) -> bool:
    told = [known(name, panel.measure.name, point.variant.experiment) for point in panel.points]
    return any(each is not None and each.baseline == FIGURES[name].baseline for each in told)


def _how_the_paper_stands(name: str, panels: Sequence[Panel]) -> str:
    sentence = paper_sentence(panels)
    if not sentence:
        return ""
    told = [
        known(name, panel.measure.name, point.variant.experiment)
        for panel in panels
        for point in panel.points
        if point.paper_told
    ]
    ours = " or ".join(sorted({each.baseline for each in told if each}))
    return f"{sentence} Only its relative changes are known: they stand at the same change against our {ours}."
