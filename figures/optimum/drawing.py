"""The picture of the best share: one panel a target, with runs, curve, optimum, next run and left-out predictions."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from figures.caption import of_runs
from figures.marks import ours_at
from figures.measures import chance
from figures.optimum.bootstrap import PLACES
from figures.optimum.findings import Finding, Findings
from figures.optimum.targets import shares_run
from figures.seeds import Spread
from figures.style import COLOURS, OURS, QUIET, SEEDS, legend_on_top, save, sheet, use_print_style

COLUMNS = 4
PANEL_INCHES = 1.6
TITLE_LETTERS = 22
CURVE, BEST, NEXT, LEFT_OUT = OURS, COLOURS["web_code"], COLOURS["synthetic"], COLOURS["adjacent"]
BAND_ALPHA = 0.18
# A band or an interval of few seeds may be many times higher than what it is about; runs and curve set the axis.
ROOM = 0.35
CROSS: dict[str, Any] = {"linestyle": "none", "marker": "x", "markersize": 4, "color": LEFT_OUT}
WEDGE: dict[str, Any] = {"linestyle": "none", "marker": "v", "markersize": 6, "color": NEXT}


def draw_optimum(findings: Findings, out: Path) -> list[Path]:
    """Draw all targets that have an answer, as PDF and PNG; returns the files."""
    use_print_style()
    rows = -(-len(findings.found) // COLUMNS)
    figure, panels = sheet(
        rows,
        COLUMNS,
        height_inches=rows * PANEL_INCHES,
        title="The best share of code",
        foot=_caption(findings),
        gaps=findings.unanswered,
    )
    for axes, finding in zip(panels.flat, findings.found, strict=False):
        _panel(axes, finding, guessing=_guessing(findings, finding))
    for axes in panels.flat[len(findings.found) :]:
        axes.set_axis_off()
    legend_on_top(figure, _legend())
    return save(figure, out, "optimum")


def _panel(axes: Axes, finding: Finding, *, guessing: float | None) -> None:
    optimum = finding.optimum
    axes.set_title(textwrap.fill(finding.target.label, TITLE_LETTERS))
    axes.set(xlabel="share of code (%)", ylabel=finding.target.unit, xlim=(-4, 104), xticks=(0, 25, 50, 75, 100))
    axes.fill_between(100 * PLACES, *optimum.band, color=CURVE, alpha=BAND_ALPHA, linewidth=0)
    axes.plot(100 * PLACES, optimum.fit, color=CURVE)
    if guessing is not None:
        axes.axhline(guessing, color=QUIET, linewidth=0.7, linestyle=":")
    values = [runs @ np.array(finding.target.weights) for runs in finding.observed.values]
    _runs(axes, finding, values)
    low, high = _limits(finding, values)
    axes.set_ylim(low, high)
    axes.axvline(100 * optimum.share, color=BEST, linewidth=0.9, linestyle="--")
    foot = low + 0.03 * (high - low)
    axes.plot([100 * optimum.low, 100 * optimum.high], [foot, foot], color=BEST, linewidth=3, solid_capstyle="butt")
    if finding.next_run.share is not None:
        axes.plot(100 * finding.next_run.share, high, clip_on=False, zorder=6, **WEDGE)


def _runs(axes: Axes, finding: Finding, values: Sequence[np.ndarray]) -> None:
    """The mean over the seeds of each share, each seed, and what the other shares predict for it."""
    for share, runs in zip(100 * finding.observed.shares, values, strict=True):
        if len(runs) > 1:
            axes.plot(np.full(len(runs), share), runs, marker="_", markersize=4, color=SEEDS, linestyle="none")
        ours_at(axes, float(share), float(runs.mean()), Spread(dict(enumerate(map(float, runs)))), upright=True)
    axes.plot(100 * finding.observed.shares, finding.left_out.predicted[finding.target.law], zorder=5, **CROSS)


def _limits(finding: Finding, values: Sequence[np.ndarray]) -> tuple[float, float]:
    shown = np.concatenate([finding.optimum.fit, *values])
    room = ROOM * (float(np.ptp(shown)) or 1.0)
    return float(shown.min()) - room, float(shown.max()) + room


def _guessing(findings: Findings, finding: Finding) -> float | None:
    parts = finding.target.parts
    return chance(findings.measured, parts[0]) if len(parts) == 1 else None


def _legend() -> list[Artist]:
    return [
        Line2D([], [], color=CURVE, marker="o", markersize=3.6, label="ours and fit, 95%"),
        Line2D([], [], color=BEST, linestyle="--", label="best share, 95% at the foot"),
        Line2D([], [], **CROSS, label="predicted from other shares"),
        Line2D([], [], **WEDGE, label="next run"),
    ]


def _caption(findings: Findings) -> str:
    noise = "; ".join(sorted({finding.optimum.noise.source for finding in findings.found}))
    runs = of_runs(findings.measured, shares_run(findings.measured).values(), findings.suite)
    return (
        f"{runs} Bits per byte: less is better; the fit is c + k exp(t r) over the share r of code (Ye et al. 2024, "
        "arXiv 2403.16952), of means the sum of theirs. Such a law of one loss rises or falls, so that its best share "
        "is an end. Scores: a quadratic, which is a choice. Bands and intervals of the best share: 95% of a bootstrap "
        f"({noise}). Intervals of means: Student's t over seeds; hollow: one seed. Crosses: each share predicted from "
        "the others, where that is within the panel. Next run: where one more run narrows the interval of the best "
        "share most. Dotted: guessing."
    )
