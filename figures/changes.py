"""Figures of relative changes: a row a variant, a panel a measure (Figures 2, 3, 5, 6, and two beyond the paper)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist

from experiments.study import FIGURES
from figures.caption import BITS_SAVED, PAPER_MARKS, of_figure, of_marks, of_runs, paper_sentence
from figures.drawn import Drawn, numbers_of
from figures.marks import legend_handles, rows_of
from figures.points import Panel, change_panels, gap_sentences, scale_panels, scales_told
from figures.rows import Measured
from figures.style import legend_on_top, save, sheet, use_print_style

COLUMNS = 4


def draw_changes(name: str, measured: Measured, suite: str, out: Path) -> Drawn:
    """Draw a figure's variants against its baseline."""
    figure = FIGURES[name]
    panels = change_panels(name, measured, suite)
    caption = f"{of_figure(figure, measured, panels, suite)} {paper_sentence(panels)}".strip()
    gaps = gap_sentences(name, measured, panels, suite)
    return draw_rows(name, title_of(name), panels, caption, gaps, out)


def draw_scales(by_scale: Sequence[Measured], suite: str, out: Path) -> Drawn:
    """Draw Figure 3 from the two largest scales; with one alone, the paper's numbers and what is lacking."""
    figure = FIGURES["3"]
    small, large = by_scale[-2:] if len(by_scale) > 1 else (by_scale[0], None)
    panels = scale_panels(small, large, suite)
    both = [each for each in (small, large) if each]
    scales = scales_told(small.scale, large.scale if large else None)
    caption = " ".join(
        [
            *(of_runs(each, figure.experiments, suite) for each in both),
            *of_marks(panels, paired_with=small.scale),
            f"Changes are from the smaller scale to the larger, {scales}; {BITS_SAVED}.",
            f"{PAPER_MARKS}; dashed: its average over the variants.",
        ]
    )
    gaps = tuple(gap for each in both for gap in gap_sentences("3", each, (), suite))
    if large is None:
        absent = " ".join(variant.experiment for variant in figure.variants)
        gaps = (*gaps, f"there is no second scale yet: python -m experiments run {absent} --scale micro")
    return draw_rows("3", title_of("3"), panels, caption, gaps, out)


def draw_rows(name: str, title: str, panels: Sequence[Panel], caption: str, gaps: Sequence[str], out: Path) -> Drawn:
    """Draw panels of rows, four beside each other."""
    use_print_style()
    lines = -(-len(panels) // COLUMNS)
    height = lines * (0.62 + 0.2 * len(panels[0].points))
    figure, grid = sheet(lines, COLUMNS, height_inches=height, title=title, foot=caption, gaps=gaps)
    for place, axes in enumerate(np.ravel(grid)):
        if place >= len(panels):
            axes.set_visible(False)
            continue
        rows_of(axes, panels[place])
        if place % COLUMNS:
            axes.set_yticklabels([])
    legend_on_top(figure, marks_of(panels))
    return Drawn(
        name, title, tuple(save(figure, out, f"figure-{name}")), caption, tuple(gaps), numbers_of(name, panels)
    )


def marks_of(panels: Sequence[Panel], *, upright: bool = False) -> list[Artist]:
    """The legend's marks: those that the panels have. `upright`: values go up."""
    points = [point for panel in panels for point in panel.points]
    ours = [point.ours for point in points if point.ours is not None]
    has_paper = any(point.paper is not None for point in points)
    return legend_handles(
        intervals=any(each.half is not None for each in ours),
        hollow=any(each.half is None for each in ours),
        paper="the paper" if has_paper else "",
        upright=upright,
    )


def title_of(name: str) -> str:
    """A figure's number, if the paper has it, and what it asks."""
    return f"Figure {name}. {FIGURES[name].title}" if name[0].isdigit() else FIGURES[name].title
