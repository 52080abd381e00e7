"""How values stand in a panel: ours with its interval and its seeds, the paper's, and what is not there."""

import math

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from figures.points import Panel, Point
from figures.seeds import Spread
from figures.style import GAP, ON_WHITE, OURS, PAPER, QUIET, SEEDS

# Of a row's height: the paper's mark stands below ours, so that neither hides the other.
_BELOW = 0.26


def rows_of(axes: Axes, panel: Panel) -> None:
    """Draw a panel with a row a variant, the first on top."""
    axes.set_title(panel.measure.label)
    axes.set_xlabel(panel.unit)
    if panel.relative:
        axes.axvline(0, color=QUIET, linewidth=0.7)
    elif panel.chance:
        axes.axvline(panel.chance, color=QUIET, linewidth=0.7, linestyle=":")
    for row, point in enumerate(panel.points):
        _row(axes, row, point)
    if panel.paper_of_all is not None:
        axes.axvline(panel.paper_of_all, color=PAPER, linewidth=0.9, linestyle="--")
    axes.set_ylim(len(panel.points) - 0.45, -0.55)
    axes.set_yticks(range(len(panel.points)), [point.variant.label for point in panel.points])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    widen(axes, panel)


def widen(axes: Axes, panel: Panel) -> None:
    """Give the values of a panel a margin, and a panel without a value limits that are no surprise."""
    values = [value for point in panel.points for value in reach(point)]
    values += [panel.paper_of_all] if panel.paper_of_all is not None else []
    if not values:
        axes.set_xticks([])
        axes.set_xlim(-1, 1)
        return
    values += [0.0] if panel.relative else []
    low, high = min(values), max(values)
    margin = 0.12 * (high - low) if high - low > 1e-9 else 1.0
    at_zero = not panel.relative and low == 0
    axes.set_xlim(low - (margin * 0.4 if at_zero else margin), high + margin)


def reach(point: Point) -> list[float]:
    """All that a point draws: ends of the interval, seeds, the paper's value."""
    ours, values = point.ours, [] if point.paper is None else [point.paper]
    if ours is not None:
        half = ours.half or 0.0
        values += [ours.mean - half, ours.mean + half, *ours.values.values()]
    return values


def ours_at(axes: Axes, x: float, y: float, spread: Spread, *, upright: bool) -> None:
    """Our mean: filled with its interval where there are several seeds, hollow with one. `upright`: values go up."""
    hollow = spread.half is None
    half = None if hollow else spread.half
    axes.errorbar(
        x,
        y,
        xerr=None if upright else half,
        yerr=half if upright else None,
        color=OURS,
        marker="o",
        markersize=3.6,
        markerfacecolor="white" if hollow else OURS,
        markeredgewidth=0.9,
        elinewidth=1.0,
        capsize=1.8,
        capthick=0.8,
        zorder=4,
    )


def paper_at(axes: Axes, x: float, y: float) -> None:
    """The paper's value."""
    axes.plot(x, y, marker="D", markersize=3.2, color=PAPER, linestyle="none", zorder=5, clip_on=False)


def legend_handles(*, intervals: bool, hollow: bool, paper: str, upright: bool = False) -> list[Artist]:
    """The marks that a figure has, for its legend; `paper` says which models its marks are of, empty without any."""
    handles: list[Artist] = []
    mark = {"color": OURS, "marker": "o", "markersize": 3.6}
    if intervals:
        handles.append(Line2D([], [], **mark, label="ours, 95% interval"))
        dash = "_" if upright else "|"
        handles.append(Line2D([], [], color=SEEDS, marker=dash, markersize=4, linestyle="none", label="a seed"))
    if hollow:
        handles.append(Line2D([], [], **mark, linestyle="none", markerfacecolor="white", label="ours, one seed"))
    if paper:
        handles.append(Line2D([], [], color=PAPER, marker="D", markersize=3.2, linestyle="none", label=paper))
    return handles


def _row(axes: Axes, row: int, point: Point) -> None:
    if point.ours is not None:
        seeds = list(point.ours.values.values()) if point.ours.half is not None else []
        axes.plot(seeds, [row] * len(seeds), marker="|", markersize=5, color=SEEDS, linestyle="none", zorder=3)
        ours_at(axes, point.ours.mean, row, point.ours, upright=False)
    else:
        shade = QUIET if point.gap == "baseline" else GAP
        axes.text(
            0.5,
            row if point.paper is None else row - 0.1,
            point.gap,
            transform=axes.get_yaxis_transform(),
            fontsize=5.6,
            color=shade,
            ha="center",
            va="center",
            bbox=ON_WHITE,
            in_layout=False,
        )
    if point.paper is not None and math.isfinite(point.paper):
        paper_at(axes, point.paper, row + _BELOW)
