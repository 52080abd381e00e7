"""Figures of win-rates (Figures 7 and 8): wins, ties and losses against the baseline, by judge."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from experiments.study import FIGURES
from figures.caption import PAPER_MARKS, PAPER_MODELS, of_runs
from figures.changes import title_of
from figures.drawn import Drawn, Number, number
from figures.marks import legend_handles, ours_at, paper_at
from figures.points import missing, no_run
from figures.reference import JUDGE
from figures.rows import Measured
from figures.style import GAP, ON_WHITE, OUTCOMES, legend_on_top, save, sheet, use_print_style
from figures.winrates import RATES, Judged, judged

ROW_INCHES = 0.3


def draw_judged(name: str, measured: Measured, suite: str, out: Path) -> Drawn:
    """Draw wins, ties and losses of a figure's variants against its baseline, a row a variant and judge."""
    use_print_style()
    found = judged(name, measured)
    caption, gaps = _caption(name, measured, found, suite), _gaps(name, measured, found)
    height = 0.55 + ROW_INCHES * len(found)
    figure, grid = sheet(1, 1, height_inches=height, title=title_of(name), foot=caption, gaps=gaps)
    axes = grid[0, 0]
    for row, each in enumerate(found):
        _row(axes, row, each)
    axes.axvline(50, color="white", linewidth=0.6)
    axes.set(xlim=(0, 100), ylim=(len(found) - 0.4, -0.6))
    axes.set_xlabel(f"share of pairs against {FIGURES[name].baseline} (%)")
    axes.set_yticks(range(len(found)), [_label(each) for each in found])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    legend_on_top(figure, _legend(found))
    files = tuple(save(figure, out, f"figure-{name}"))
    return Drawn(name, title_of(name), files, caption, gaps, tuple(_numbers(name, found)))


def _row(axes: Axes, row: int, each: Judged) -> None:
    win, tie, loss = (each.rates[metric] for metric in RATES)
    if win is None or tie is None or loss is None:
        axes.text(50, row, each.gap, fontsize=6, color=GAP, ha="center", va="center", bbox=ON_WHITE)
    else:
        left = 0.0
        for share, shade in zip((win, tie, loss), OUTCOMES, strict=True):
            axes.barh(row, share.mean, left=left, height=0.5, color=shade, alpha=0.55, linewidth=0)
            left += share.mean
        ours_at(axes, win.mean, row, win, upright=False)
    if each.paper_win is not None:
        paper_at(axes, each.paper_win, row + 0.38)
    if each.paper_loss is not None:
        paper_at(axes, 100 - each.paper_loss, row + 0.38)


def _label(each: Judged) -> str:
    return f"{each.variant.label}\n{each.judge}, {each.task}" if each.judge else each.variant.label


def _legend(found: Sequence[Judged]) -> list[Artist]:
    patches = [
        Patch(facecolor=shade, alpha=0.55, label=label)
        for shade, label in zip(OUTCOMES, ("wins", "ties", "losses"), strict=True)
    ]
    wins = [each.rates["win_rate"] for each in found]
    marks = legend_handles(
        intervals=any(win is not None and win.half is not None for win in wins),
        hollow=any(win is not None and win.half is None for win in wins),
        paper="the paper" if any(each.paper_win is not None for each in found) else "",
    )
    return [*patches, *(mark for mark in marks if mark.get_label() != "a seed")]


def _caption(name: str, measured: Measured, found: Sequence[Judged], suite: str) -> str:
    sentences = [of_runs(measured, FIGURES[name].experiments, suite)]
    judges = sorted({each.judge for each in found if each.judge})
    if judges:
        sentences.append(f"Judged by {'; '.join(judges)}, pairs of runs of one seed.")
        if any(judge.startswith("likelihood of") for judge in judges):
            sentences.append(
                "A judge that is a run takes the answer that it finds likelier by byte: plain and repetitive text."
            )
    wins = [each.rates["win_rate"] for each in found]
    if any(win is not None and win.half is not None for win in wins):
        sentences.append("Intervals of the wins: 95%, Student's t over seeds; the choice of prompts is not in them.")
    if any(win is not None and win.half is None for win in wins):
        sentences.append("Hollow marks are of one seed, which tells no interval.")
    has_losses = any(each.paper_loss is not None for each in found)
    marks = "left mark, losses begin at the right one" if has_losses else "mark"
    sentences.append(f"{PAPER_MARKS}; {PAPER_MODELS}, judged by {JUDGE}: wins end at the {marks}.")
    return " ".join(sentences)


def _gaps(name: str, measured: Measured, found: Sequence[Judged]) -> tuple[str, ...]:
    absent = missing(FIGURES[name], measured)
    unjudged = sorted({each.variant.experiment for each in found if each.gap == "not judged yet"})
    gaps = [no_run(name, absent, measured.scale, by_figure=True)] if absent else []
    if unjudged:
        gaps.append(
            f"{', '.join(unjudged)} not judged against {FIGURES[name].baseline} yet: python -m experiments run "
            f"--figure {name} --scale {measured.scale}"
        )
    return tuple(gaps)


def _numbers(name: str, found: Sequence[Judged]) -> list[Number]:
    paper = {"win_rate": lambda each: each.paper_win, "loss_rate": lambda each: each.paper_loss}
    return [
        number(
            name,
            metric,
            "pairs (%)",
            label=_label(each).replace("\n", ", "),
            experiment=each.variant.experiment,
            ours=each.rates[metric],
            paper=paper[metric](each) if metric in paper else None,
            gap=each.gap,
        )
        for each in found
        for metric in RATES
    ]
