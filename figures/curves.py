"""The curves of one run: loss by source, held-out bits per byte, the mix asked for and served, the learning rate."""

import io
import statistics
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine

from eval.results import Row
from figures.read import RunRecord
from figures.style import LINE_STYLES, colour, settle, small_print, tokens_axis, use_style
from mixsched.atomic import write_atomically

# A loss curve is drawn as so many means at most, so that a line is read and not its noise.
BINS = 30
# As many letters of the small print as a line holds.
FOOT_LETTERS = 200


def draw_curves(record: RunRecord, out: Path) -> list[Path]:
    """Draw the four panels and save them as PNG and SVG; returns the files."""
    use_style()
    foot = textwrap.wrap(_describe(record), FOOT_LETTERS)
    # The rectangle leaves room for the small print at the foot.
    room = 0.005 + 0.02 * len(foot)
    layout = ConstrainedLayoutEngine(rect=(0, room, 1, 1 - room))
    figure, panels = plt.subplots(2, 2, figsize=(11, 6.6), layout=layout)
    _training_loss(panels[0, 0], record)
    _heldout(panels[0, 1], record)
    _mix(panels[1, 0], record)
    _learning_rate(panels[1, 1], record)
    small_print(figure, "\n".join(foot))
    settle(figure)
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{record.config.run}-curves.{ending}" for ending in ("png", "svg")]
    for file in files:
        metadata = {"Date": None} if file.suffix == ".svg" else {"Software": None}
        drawn = io.BytesIO()
        figure.savefig(drawn, format=file.suffix[1:], metadata=metadata)
        write_atomically(file, [drawn.getvalue()])
    plt.close(figure)
    return files


def _training_loss(axes: Axes, record: RunRecord) -> None:
    axes.set_title("Training loss by source")
    axes.set_ylabel("loss (nats per token)")
    unit = tokens_axis(axes, record.metrics[-1]["tokens"])
    for place, source in enumerate(record.plan.sources):
        tokens, loss = _binned_loss(record, source)
        if not len(tokens):
            # Of the run that this one starts from, or not served yet.
            continue
        axes.plot(
            tokens / unit,
            loss,
            color=colour(source, list(record.plan.sources)),
            linestyle=LINE_STYLES[place % len(LINE_STYLES)],
            label=source,
        )
    axes.legend()


def _binned_loss(record: RunRecord, source: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean tokens done and mean loss of a source in up to BINS stretches of the run: float64 [bins] each."""
    # A source has samples and no loss where all of its steps were skipped.
    lines = [
        line for line in record.metrics if line["counts"].get(source) and line["source_loss"].get(source) is not None
    ]
    tokens = np.array([line["tokens"] for line in lines], float)
    loss = np.array([line["source_loss"][source] for line in lines], float)
    weight = np.array([line["counts"][source] for line in lines], float)
    stretches = np.array_split(np.arange(len(lines)), min(BINS, max(len(lines), 1)))
    whole = [stretch for stretch in stretches if len(stretch)]
    return (
        np.array([tokens[stretch].mean() for stretch in whole]),
        np.array([np.average(loss[stretch], weights=weight[stretch]) for stretch in whole]),
    )


def _heldout(axes: Axes, record: RunRecord) -> None:
    axes.set_title("Held-out documents (dotted: not in the mix)")
    axes.set_ylabel("bits per byte (± 1 standard error)")
    unit = tokens_axis(axes, record.metrics[-1]["tokens"])
    rows = [row for row in record.rows if row.metric == "bits_per_byte" and row.task.startswith("heldout/")]
    if not rows:
        axes.text(0.5, 0.5, "no evaluation yet", transform=axes.transAxes, ha="center", color="#555555")
        return
    by_source = {source: _of_source(rows, source) for source in sorted({row.task.split("/")[1] for row in rows})}
    # The legend stands beside the panel in the order of the lines' ends, and tells the best-known last value.
    for source, (line, best) in sorted(by_source.items(), key=lambda item: -item[1][0][-1].value):
        axes.errorbar(
            [row.tokens / unit for row in line],
            [row.value for row in line],
            yerr=[row.stderr or 0 for row in line],
            color=colour(source, list(by_source)),
            linestyle="-" if source in record.plan.sources else ":",
            marker="o",
            markersize=3,
            capsize=2,
            label=f"{source}  {best.value:.2f} ± {best.stderr or 0:.2f}",
        )
    axes.set_xlim(left=_start(record) / unit)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _of_source(rows: list[Row], source: str) -> tuple[list[Row], Row]:
    """The rows that make a source's line, all over one set of held-out rows, and its last row over most of them."""
    mine = [row for row in rows if row.task == f"heldout/{source}"]
    usual = statistics.mode(row.n for row in mine)
    # What was measured again stands further down.
    line = {row.tokens: row for row in mine if row.n == usual}
    return [line[tokens] for tokens in sorted(line)], max(reversed(mine), key=lambda row: (row.tokens, row.n))


def _mix(axes: Axes, record: RunRecord) -> None:
    axes.set_title("Mix: served (areas) and asked for (dashes)")
    axes.set_ylabel("share of samples (%)")
    unit = tokens_axis(axes, record.metrics[-1]["tokens"])
    plan, sources = record.plan, list(record.plan.sources)
    stretches = np.array_split(np.arange(len(record.metrics)), min(BINS, len(record.metrics)))
    ends = np.array([record.metrics[stretch[-1]]["tokens"] for stretch in stretches], float)
    lines = [record.metrics[stretch[-1]] for stretch in stretches]
    totals = [[line["served"].get(source, 0) for source in sources] for line in lines]
    served = _shares([plan.served(record.first_step).tolist(), *totals])
    steps = [record.first_step, *(line["steps_done"] for line in lines)]
    asked = _shares([[float(expected) for expected in plan.expected(step)] for step in steps])
    edges = np.concatenate([[_start(record)], ends]) / unit
    colours = [colour(source, sources) for source in sources]
    axes.stackplot(edges, _held(served), step="pre", colors=colours, alpha=0.75, labels=sources)
    for border in np.cumsum(_held(asked), axis=0)[:-1]:
        axes.step(edges, border, where="pre", color="black", linestyle="--", linewidth=1)
    axes.set(ylim=(0, 100), xlim=(edges[0], edges[-1]))
    axes.grid(visible=False)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], loc="center right", frameon=True)
    axes.text(
        0.02,
        0.5,
        f"served and asked for are never more than\n{_farthest(record):.2f} samples apart",
        transform=axes.transAxes,
        fontsize=8,
        va="center",
        color="white",
    )


def _shares(totals: list[list[float]]) -> np.ndarray:
    """Percent of each source between each two of the running totals: float64 [stretches, sources]."""
    given = np.diff(np.array(totals, float), axis=0)
    return 100 * given / given.sum(axis=1, keepdims=True)


def _held(shares: np.ndarray) -> np.ndarray:
    """Shares by source with the first value repeated, as steps drawn from edge to edge need: [sources, edges]."""
    return np.concatenate([shares[:1], shares]).T


def _farthest(record: RunRecord) -> float:
    """The largest distance between the samples served and the exact number asked for, over all sources and lines."""
    return max(
        abs(line["served"].get(source, 0) - float(expected))
        for line in record.metrics
        for source, expected in zip(record.plan.sources, record.plan.expected(line["steps_done"]), strict=True)
    )


def _learning_rate(axes: Axes, record: RunRecord) -> None:
    axes.set_title("Learning rate")
    axes.set_ylabel("learning rate")
    unit = tokens_axis(axes, record.metrics[-1]["tokens"])
    tokens = [line["tokens"] / unit for line in record.metrics]
    axes.plot(tokens, [line["learning_rate"] for line in record.metrics], color="black")
    axes.set_ylim(0, 1.12 * max(line["learning_rate"] for line in record.metrics))
    axes.set_xlim(_start(record) / unit, max(tokens))
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 2))
    for phase, first in zip(record.plan.schedule.phases, record.plan.schedule.first_steps, strict=True):
        if first < record.first_step:
            # A phase of the run that this one starts from.
            continue
        start = int(record.plan.served(first).sum()) * record.plan.schedule.context_tokens / unit
        axes.axvline(start, color="#999999", linewidth=0.8, linestyle=":")
        axes.text(start, axes.get_ylim()[1], f" {phase.name}", fontsize=8, va="top", color="#555555")


def _start(record: RunRecord) -> int:
    """Training tokens before the run's own first step."""
    return record.plan.tokens(record.first_step)


def _describe(record: RunRecord) -> str:
    config, last = record.config, record.metrics[-1]
    begun = f" (from {config.starts_from} at {_start(record):,})" if config.starts_from else ""
    return (
        f"{config.run}: scale {config.scale}, seed {config.seed}, {config.model.parameters / 1e6:.2f}M parameters, "
        f"{last['tokens']:,} of {record.plan.schedule.total_tokens:,} tokens{begun}, "
        f"batch {record.plan.schedule.batch_size} x {record.plan.schedule.context_tokens}; "
        f"training loss in means of up to {BINS} stretches; legends tell the last value"
    )
